"""The worked examples in plan.md: each passes the policy, runs, and answers as SPEC section 2 says.

Models imitate examples more than they follow rules: a mistake here is copied into every plan book.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
import pytest

from larst import prompts
from larst.config import SandboxSettings
from larst.domain import STORE_METHODS, Plan, ProgramInputs
from larst.planning.models.answers import ANSWER_SCHEMA
from larst.planning.shapes import Binding, bind
from larst.policy import PolicyLimits, check
from larst.policy.language import BUILTINS, EXCEPTIONS, MODULES, PREDEFINED_NAMES
from larst.sandbox import MontySandbox
from tests.fakes import request
from tests.planning.sessions import CUSTOM, session_of, shaped_of
from tests.prompts.example_cases import CASES, Case

TEXT = prompts.fill("plan")
UNNAMED = {"action", "resource", "response_hints", "item"}
"""Values of a plan that its own program knows already, or that only the rules need."""


EXAMPLE = re.compile(
    r"^## (?P<request>[^\n]+)\naction (?P<action>\w+), resource (?P<resource>\w+)[^\n]*\n"
    r"```python\n(?P<program>.*?)```",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    request: str
    action: str
    resource: str | None
    program: str


EXAMPLES = {
    match["request"]: Example(
        match["request"],
        match["action"],
        None if match["resource"] == "null" else match["resource"],
        match["program"],
    )
    for match in EXAMPLE.finditer(TEXT)
}


@pytest.fixture
async def sandbox() -> AsyncIterator[MontySandbox]:
    running = MontySandbox(SandboxSettings(workers=1))
    await running.start()
    yield running
    await running.stop()


def test_every_example_has_a_case() -> None:
    """An example without a test may be wrong."""
    assert len(EXAMPLES) == TEXT.count("```python")
    untested = [
        heading
        for heading in EXAMPLES
        if not any(heading.startswith(case.example) for case in CASES)
    ]
    assert untested == []


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))
def test_every_example_passes_the_policy(example: Example) -> None:
    check(example.program, PolicyLimits())

    assert example.action in ANSWER_SCHEMA["properties"]["action"]["enum"]


@pytest.mark.parametrize("case", CASES, ids=repr)
async def test_every_example_answers_as_documented(case: Case, sandbox: MontySandbox) -> None:
    example = EXAMPLES.get(case.example) or _example_starting_with(case.example)
    session = session_of(case.stored)
    body = b"" if case.payload is None else orjson.dumps(case.payload)
    plan = Plan.model_validate(
        {
            "action": example.action,
            "resource": example.resource,
            "code": {"block": example.program},
        }
    )
    shaped = shaped_of(request(case.method, case.target, body), session)
    filled = bind(shaped, plan, session).fill(plan)
    inputs = ProgramInputs(shaped.request.as_json(), filled, example.resource)

    reply = await sandbox.run(
        check(example.program, PolicyLimits()), inputs, session.begin(), timeout_s=5
    )

    assert reply.status == case.status, reply.body
    if case.body is not ...:
        assert orjson.loads(reply.body or b"null") == case.body


def _example_starting_with(text: str) -> Example:
    (example,) = [example for heading, example in EXAMPLES.items() if heading.startswith(text)]
    return example


@pytest.mark.parametrize("word", sorted(STORE_METHODS | PREDEFINED_NAMES | MODULES.keys()))
def test_the_prompt_names_everything_that_a_program_can_use(word: str) -> None:
    """A model does not use names that the prompt does not mention."""
    assert re.search(rf"\b{word}\b", TEXT)


@pytest.mark.parametrize("word", sorted(BUILTINS - EXCEPTIONS))
def test_the_prompt_names_every_builtin(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT)


def test_no_example_parses_the_query() -> None:
    """`plan` has its meaning in every dialect; a program that parses one dialect breaks others."""
    assert [name for name, example in EXAMPLES.items() if '"query"' in example.program] == []


@pytest.mark.parametrize("key", [*Binding(None, None).fill(CUSTOM)])
def test_the_prompt_names_every_value_of_a_plan(key: str) -> None:
    if key not in UNNAMED:
        assert f'plan["{key}"]' in TEXT

"""The worked examples: each passes the policy, runs, and answers as SPEC section 2 says.

Models imitate examples more than they follow rules: a mistake here is copied into every plan book.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import orjson
import pytest

from larst import prompts
from larst.config import SandboxSettings
from larst.domain import STORE_METHODS, Plan, ProgramInputs, Usage
from larst.planning.models.answers import ANSWER_SCHEMA, parse_plan
from larst.planning.models.base import Completion, Tokens
from larst.planning.models.conversation import example_turns
from larst.planning.models.slips import corrected
from larst.planning.shapes import Binding, bind
from larst.policy import PolicyLimits, check
from larst.policy.language import BUILTINS, EXCEPTIONS, MODULES, PREDEFINED_NAMES
from larst.prompts import Example, nearest
from larst.sandbox import MontySandbox
from tests.planning.sessions import CUSTOM, begin, session_of, shaped_of
from tests.prompts.seen import context_of, seen_of

TEXT = prompts.fill("plan")
EXAMPLES = prompts.examples()
UNNAMED = {"action", "resource", "response_hints", "item"}
"""Values of a plan that its own program knows already, or that only the rules need."""

READS_WORDS = {"events-between"}
"""Examples of words in a query that mean something else than a filter."""


@pytest.fixture
async def sandbox() -> AsyncIterator[MontySandbox]:
    running = MontySandbox(SandboxSettings(workers=1))
    await running.start()
    yield running
    await running.stop()


def test_there_are_examples_of_custom_requests_and_of_plain_rest() -> None:
    plain = [example for example in EXAMPLES if example.is_plain]

    assert len(EXAMPLES) - len(plain) >= 30
    assert {example.action for example in plain} == {
        "create", "get", "list", "replace", "patch", "delete", "search",
    }  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_passes_the_policy(example: Example) -> None:
    check(example.program, PolicyLimits())

    assert example.action in ANSWER_SCHEMA["properties"]["action"]["enum"]
    assert corrected(example.program) == (example.program, ())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_shows_its_request_as_the_service_does(example: Example) -> None:
    """The form of the examples is the form of the real request."""
    examples_seen = seen_of(example.requests[0], example.records)

    assert examples_seen == {
        "schemas": example.schemas,
        "links": example.links,
        "context": example.context,
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_answer_is_a_plan(example: Example) -> None:
    """The form of the examples is the form of the answer."""
    answer = example_turns(example)[1].text

    plan = parse_plan(Completion(answer, Tokens()), Usage())

    assert plan.code.block == example.program
    assert list(orjson.loads(answer)) == list(ANSWER_SCHEMA["properties"])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_every_example_answers_as_documented(example: Example, sandbox: MontySandbox) -> None:
    plan = Plan.model_validate(
        {
            "action": example.action,
            "resource": example.resource,
            "code": {"block": example.program},
        }
    )
    for step in example.requests:
        session = session_of(example.records)
        shaped = shaped_of(context_of(step), session)
        inputs = ProgramInputs(
            shaped.request.as_json(), bind(shaped, plan, session).fill(plan), example.resource
        )
        transaction = begin(session)

        reply = await sandbox.run(
            check(example.program, PolicyLimits()), inputs, transaction, timeout_s=5
        )

        assert reply.status == step["status"], (step["request"], reply.body)
        if "reply" in step:
            assert orjson.loads(reply.body or b"null") == step["reply"]
        for resource, records in step.get("after", {}).items():
            assert transaction.resource(resource).list()[0] == records


@pytest.mark.parametrize("word", sorted(STORE_METHODS | PREDEFINED_NAMES | MODULES.keys()))
def test_the_prompt_names_everything_that_a_program_can_use(word: str) -> None:
    """A model does not use names that the prompt does not mention."""
    assert re.search(rf"\b{word}\b", TEXT)


@pytest.mark.parametrize("word", sorted(BUILTINS - EXCEPTIONS))
def test_the_prompt_names_every_builtin(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT)


@pytest.mark.parametrize("key", [*Binding(None, None).fill(CUSTOM)])
def test_the_prompt_names_every_value_of_a_plan(key: str) -> None:
    if key not in UNNAMED:
        assert f'plan["{key}"]' in TEXT


def test_no_example_parses_the_query() -> None:
    """`plan` has its meaning in every dialect; a program that parses one dialect breaks others."""
    names = {example.name for example in EXAMPLES if '"query"' in example.program}

    assert names == READS_WORDS


def test_no_prompt_holds_a_placeholder_for_a_program() -> None:
    """A small model copies it instead of writing a program."""
    texts = [TEXT, *(turn.text for example in EXAMPLES for turn in example_turns(example))]

    assert not any(re.search(r"…the program|\.\.\.|your program|<program>", text) for text in texts)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/invoices/<int>/void", None, {"cancel-order", "return-loan", "publish-article"}),
        ("POST", "/lockers/<int>/lock", None, {"cancel-order", "deactivate-user", "return-loan"}),
        ("POST", "/purses/<int>/withdraw", {"sum": "<int>"}, {"redeem-voucher", "restock-product"}),
        ("GET", "/fines/total", None, {"sum-donations"}),
        ("GET", "/flats/cheapest", None, {"cheapest-product"}),
        ("GET", "/pets/count-by-kind", None, {"count-by-status"}),
        ("POST", "/funds/transfer", {"from": "<int>", "to": "<int>"}, {"transfer-money"}),
    ],
)  # fmt: skip
def test_the_nearest_examples_do_something_alike(
    method: str, path: str, body: object, expected: set[str]
) -> None:
    context = {"method": method, "path": path, "body_json": body}
    custom = [example for example in EXAMPLES if not example.is_plain]

    found = nearest(context, custom, schemas={})

    assert expected & {example.name for example in found[:3]}
    assert nearest(context, reversed(custom), schemas={}) == found

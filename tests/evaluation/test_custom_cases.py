"""The custom cases: each can be passed, refuses a usual mistake, and stands in no prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from larst import prompts
from larst.direct import DirectRunner
from larst.domain import Code, Plan, ProgramInputs
from larst.evaluation import Case, load_suite
from larst.evaluation.data import data_mismatches
from larst.evaluation.matching import judged
from larst.planning.models.conversation import (
    CHARACTERS_PER_TOKEN,
    MAX_PROMPT_TOKENS,
    prompt_for,
)
from larst.planning.rules.certainty import is_certain
from larst.planning.shapes import ShapedRequest, bind
from larst.policy import PolicyLimits, check
from larst.store.session_data import SessionData
from tests.evaluation.programs import PROGRAMS, WRONG
from tests.evaluation.python import reply_in_python
from tests.fakes import request
from tests.planning.sessions import begin, planning_request_of, session_of, shaped_of
from tests.prompts.seen import detached_of

CASES = [case for case in load_suite() if case.group == "custom"]
DIRECT = DirectRunner(result_bytes=20_000, max_store_calls=200, timer=lambda: 0.0)


def route_of(case: Case) -> str:
    path = re.sub(r"/\d+(?=/|$)", "/<int>", case.request.path.partition("?")[0])
    return f"{case.request.method} {path}"


SESSIONS: dict[str, SessionData] = {}
"""By the records: no run of a program is committed, so the cases of a theme share one."""

CONSTANTS = ("200, {}", "200", '404, {"error": "not found"}', '500, {"error": "x"}')


def shaped_and_session(case: Case) -> tuple[ShapedRequest, SessionData]:
    key = repr(case.records)
    session = SESSIONS.setdefault(key, SESSIONS.get(key) or session_of(case.records))
    body = orjson.dumps(case.request.body) if case.request.has_body else b""
    return shaped_of(request(case.request.method, case.request.path, body), session), session


def reasons(program: str, case: Case) -> list[str]:
    """Return why a program does not pass a case; as in the service, an error undoes its changes."""
    shaped, session = shaped_and_session(case)
    resource = shaped.request.segments[0]
    plan = Plan(action="custom", resource=resource, code=Code(block=program))
    values = bind(shaped, plan, session).fill(plan)
    checked = check(program, PolicyLimits())
    inputs = ProgramInputs(shaped.request.as_json(), values, resource)
    transaction = begin(session)
    reply = DIRECT.run(checked, inputs, transaction)
    if reply is None:  # not total: the service runs it in a worker
        transaction = begin(session)
        reply = reply_in_python(checked, inputs, transaction)
    if reply.status >= 400:
        transaction = begin(session)
    after = {name: transaction.resource(name).list()[0] for name in case.records}
    return [*judged(case, reply.status, {}, reply.body or b""), *data_mismatches(case, after)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_program_passes_what_the_rules_leave_to_models(case: Case) -> None:
    """A case that cannot be passed, or that asks no model, would say nothing about a model."""
    shaped, session = shaped_and_session(case)

    assert not is_certain(shaped.shape, shaped.path, session.resources.__contains__)
    assert reasons(PROGRAMS[route_of(case)], case) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_usual_mistake_is_refused(case: Case) -> None:
    """Nor would one that every program passes."""
    right, (old, new) = PROGRAMS[route_of(case)], WRONG[case.name]
    wrong = right.replace(old, new)

    assert wrong != right
    assert reasons(wrong, case) != []
    if {200, 201} & set(case.expected.statuses):
        assert [
            lazy for lazy in CONSTANTS if not reasons(f"REPLY = make_response({lazy})", case)
        ] == []


def test_a_first_attempt_at_any_case_fits_the_context_of_a_local_server() -> None:
    """As for the packaged examples: servers cut longer prompts off, in silence."""
    for case in CASES:
        shaped, session = shaped_and_session(case)
        prompt = prompt_for(planning_request_of(detached_of(shaped.request, session)))

        assert prompt.size_characters / CHARACTERS_PER_TOKEN <= MAX_PROMPT_TOKENS, case.name
        assert len(prompt.examples) == 6, case.name


def test_there_are_many_varied_cases() -> None:
    routes = {route_of(case) for case in CASES}

    assert len(CASES) >= 80
    assert len(routes) >= 80
    assert routes == PROGRAMS.keys()
    assert {case.name for case in CASES} == WRONG.keys()
    assert len({case.request.path.split("/")[1] for case in CASES}) >= 25


EXAMPLES = [example for example in prompts.examples() if not example.is_plain]
TEXT = " ".join(
    [prompts.fill("plan"), *(json.dumps(example.context) for example in EXAMPLES)]
).lower()
GENERIC = frozenset("a an all and at by for from has in is its no of on one or per the to".split())


def verb_of(context: Mapping[str, Any]) -> str:
    words = [
        part for part in context["path"].split("?")[0].split("/") if part.isalpha() or "-" in part
    ]
    return str(words[-1])


class TestNoneStandsInThePrompts:
    """A model that copies an example must not look able to plan."""

    def test_the_path_of_none(self) -> None:
        shown = {f"{example.context['method']} {example.context['path']}" for example in EXAMPLES}

        assert shown.isdisjoint(map(route_of, CASES))

    def test_the_verb_of_none(self) -> None:
        """Neither the last word of the path nor the word with which it begins."""
        shown = {verb_of(example.context) for example in EXAMPLES}
        shown |= {verb.split("-")[0] for verb in shown} | set(re.findall(r"`/([a-z-]+)`", TEXT))
        used = {case.name: verb_of({"path": case.request.path}) for case in CASES}

        copied = {
            name: verb
            for name, verb in used.items()
            if {verb, verb.split("-")[0]} & (shown - GENERIC)
        }
        assert copied == {}

    def test_the_wording_of_none(self) -> None:
        titles = {re.sub(r"\W+", " ", example.name.lower()) for example in EXAMPLES}
        programs = {example.program.strip() for example in EXAMPLES}

        assert titles.isdisjoint(re.sub(r"\W+", " ", case.name.lower()) for case in CASES)
        assert programs.isdisjoint(PROGRAMS.values())
        assert [case.request.path for case in CASES if case.request.path.lower() in TEXT] == []

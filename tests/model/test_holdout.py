"""The hold-out with a stand-in for a small model, which errs in the usual ways at first.

The stand-in knows right programs. It spoils each first answer, and answers right only if the
reasons that it gets name the mistake: a repair that sends no reason cannot succeed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest

from larst import prompts
from tests.model.holdout import CASES, judged
from tests.model.run import outcome_of, service
from tests.wire.planner import plan_text
from tests.wire.server import Call, WireServer

REPLY = re.compile(r"REPLY = (.*)$", re.MULTILINE)
RESPONSE = re.compile(r"make_response\((\d+), (\{[^{}]*\})\)")


def indented(program: str) -> str:
    return "\n".join(f"    {line}" for line in program.split("\n"))


def returning(program: str) -> str:
    return REPLY.sub(r"return \1", program)


CORRECTED: Mapping[str, Callable[[str], str]] = {
    "returns": returning,
    "does not assign": lambda program: REPLY.sub(r"\1", program),
    "imports": lambda program: f"import math, json\nimport datetime\n{program}",
    "fences": lambda program: f"Here it is:\n```python\n{program}\n```\nIt answers the request.",
    "is a function": lambda program: (
        f"def handler(ctx, plan, store):\n{indented(returning(program))}"
    ),
    "calls its function": lambda program: (
        f"def run():\n{indented(returning(program))}\n\nREPLY = run()"
    ),
    "prints": lambda program: REPLY.sub(r"print(\1)", program),
    "swaps body and status": lambda program: RESPONSE.sub(r"make_response(\2, \1)", program),
    "returns a tuple": lambda program: RESPONSE.sub(r"(\2, \1)", returning(program)),
    "writes keys as attributes": lambda program: re.sub(r'plan\["(\w+)"\]', r"plan.\1", program),
}
"""Slips that need no second call."""

REPAIRED: Mapping[str, tuple[Callable[[str], str], str]] = {
    "invents a method": (lambda program: f"rows = store.fetch_all()\n{program}", "fetch_all"),
    "invents an operation": (
        lambda program: f'x = store.aggregate("total", "id")\n{program}',
        "known operations: avg",
    ),
    "breaks the syntax": (lambda program: f"{program}\n)", "line "),
    "misses a key": (lambda program: f'x = plan["nothing"]\n{program}', "KeyError: nothing"),
    "replies with a number": (lambda _: 'REPLY = {"status": "ok", "body": 1}', "status of REPLY"),
}
"""Mistakes that need a second call, and what its reasons must say."""

WAYS = [*CORRECTED, *REPAIRED]


class StandIn:
    """Answers for the present case, badly at first."""

    def __init__(self) -> None:
        self.case = CASES[0]
        self.way = ""
        self.calls = 0

    def answer(self, call: Call) -> str:
        self.calls += 1
        case = self.case
        spoil, hint = REPAIRED.get(self.way, (CORRECTED.get(self.way), ""))
        assert spoil is not None
        if self.calls == 1:
            return plan_text(spoil(case.program), case.resource)
        reasons = call.turns[-1]
        return plan_text(case.program if hint and hint in reasons else "REPLY = 1", case.resource)


@pytest.mark.parametrize("offset", [0, 7])
async def test_after_repair_at_least_nine_tenths_are_right(offset: int) -> None:
    stand_in = StandIn()
    wrong = []
    async with WireServer(lambda _system, _user: "") as server:
        server.answer_call = stand_in.answer
        settings = {
            "LARS_LLM_BASE_URL": server.base_url("chat"),
            "LARS_MODEL": "small",
            "LARS_PLAN_MODE": "fresh",
            "LARS_RULES": "never",
            "LARS_PLAN_BUDGET_PER_MINUTE": "1000",
            "LARS_SANDBOX_WORKERS": "1",
        }
        async with service(**settings) as client:
            for number, case in enumerate(CASES):
                stand_in.case, stand_in.calls = case, 0
                stand_in.way = WAYS[(number + offset) % len(WAYS)]
                outcome, status, body = await outcome_of(client, case, str(number))
                assert not outcome.has_lost_data, case
                expected_calls = 1 if stand_in.way in CORRECTED else 2
                if not outcome.is_right or stand_in.calls != expected_calls:
                    wrong.append((case, stand_in.way, stand_in.calls, status, body))

    assert wrong == []


def test_every_way_spoils_a_program() -> None:
    """A way that changes nothing would prove nothing."""
    program = CASES[0].program
    for name, spoil in CORRECTED.items():
        assert spoil(program) != program, name


def test_no_example_names_a_request_of_the_hold_out() -> None:
    """Otherwise it would not show how a model plans what it has not seen."""
    contexts = [example.context for example in prompts.examples()]
    routes = {f"{context['method']} {context['path']}" for context in contexts}
    held = {re.sub(r"/\d+", "/<int>", case.request) for case in CASES}

    assert len(held) == 28
    assert routes.isdisjoint(held)


def test_a_case_that_loses_data_is_not_right() -> None:
    case = CASES[0]
    (resource,) = case.records
    rows = [{"id": number, **row} for number, row in enumerate(case.records[resource], 1)]
    after = {resource: [{**rows[0], "state": "closed"}, *rows[1:]]}

    assert judged(case, 200, {}, after).is_right
    assert not judged(case, 200, {}, {resource: rows}).is_right
    assert judged(case, 200, {}, {resource: after[resource][:1]}).has_lost_data
    assert judged(case, 200, {}, {resource: [*after[resource][:1], {"id": 2}]}).has_lost_data

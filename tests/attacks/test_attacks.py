"""No hostile program holds the event loop, fails in an unknown way, or harms the next run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from larst.config import SandboxSettings
from larst.direct import BudgetSpentError, DirectRunner
from larst.domain import CheckedProgram, Json, LeaveLoopError, ProgramInputs
from larst.errors import LarstError, ProgramRefusedError
from larst.policy import PolicyLimits, check
from larst.sandbox import MontySandbox, monty
from larst.store import Transaction
from larst.store.collection import Collection
from larst.store.io_threads import Threads
from larst.store.work import Work
from tests.attacks import escapes, growth, operations, store_calls
from tests.injections import PROGRAMS as INJECTED

KINDS = {
    "escapes": escapes.PROGRAMS,
    "growth": growth.PROGRAMS,
    "injected": INJECTED,
    "operations": operations.PROGRAMS,
    "store calls": store_calls.PROGRAMS,
}
LIMITS = SandboxSettings(
    workers=2, max_exec_ms=100, max_memory_mb=16, max_result_bytes=10_000, max_store_calls=50
)
HELD_S = 0.05
"""Processor time of the event loop's thread; the machine may have other work to do."""

GOOD = check("n = 0\nwhile n < 1:\n    n += 1\nREPLY = make_response(200, n)", PolicyLimits())
PLAN: dict[str, Json] = {"identifier": "1", "criteria": {}, "payload": {"a": [1]}}
PARTS = 4
"""Each kind is run in workers in parts; the first is in the default suite."""


def _ctx() -> dict[str, Json]:
    body = {
        "list": list(range(5_000)),
        "text": "ab" * 25_000,
        "dict": {str(number): number for number in range(5_000)},
    }
    return {"body_json": body, "query": {}, "segments": ["books"], "headers": {}, "session": {}}


def _view() -> Transaction:
    records = {str(number): {"id": number, "a": number} for number in range(1, 200)}
    work = Work(Threads())
    work.begin(5)
    return Transaction({"books": Collection(records, 200)}, work)


def _accepted(source: str) -> CheckedProgram | None:
    if "REPLY" not in source:
        source += "\nREPLY = make_response(200, 1)"
    try:
        return check(source, PolicyLimits())
    except ProgramRefusedError:
        return None


def _run_directly(program: CheckedProgram, inputs: ProgramInputs) -> None:
    runner = DirectRunner(result_bytes=LIMITS.max_result_bytes, max_store_calls=50)
    with contextlib.suppress(LarstError, BudgetSpentError, LeaveLoopError):
        runner.run(program, inputs, _view())


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MontySandbox]:
    monkeypatch.setattr(monty, "KILL_GRACE_S", 0.1)
    started = MontySandbox(LIMITS)
    await started.start()
    yield started
    await started.stop()


async def _run_in_worker(
    sandbox: MontySandbox, program: CheckedProgram, inputs: ProgramInputs
) -> None:
    with contextlib.suppress(LarstError):
        await sandbox.run(program, inputs, _view(), timeout_s=10)


def test_there_are_at_least_400_different_programs() -> None:
    assert len({program for programs in KINDS.values() for program in programs}) >= 400


def _direct_s(program: CheckedProgram, inputs: ProgramInputs) -> float:
    begun_s = time.thread_time()
    _run_directly(program, inputs)
    return time.thread_time() - begun_s


async def _worker_s(sandbox: MontySandbox, program: CheckedProgram, inputs: ProgramInputs) -> float:
    begun_s = time.thread_time()
    await _run_in_worker(sandbox, program, inputs)
    return time.thread_time() - begun_s


@pytest.mark.parametrize("kind", KINDS)
def test_no_program_holds_the_event_loop_in_direct_execution(kind: str) -> None:
    inputs = ProgramInputs(_ctx(), PLAN, "books")
    accepted = [program for source in KINDS[kind] if (program := _accepted(source))]
    slow = [program for program in accepted if _direct_s(program, inputs) > HELD_S]

    # Once more: the first time may have been that of a garbage collection.
    assert not [program.source for program in slow if _direct_s(program, inputs) > HELD_S]


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, PARTS))]
)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_worker_contains_every_program(kind: str, part: int, sandbox: MontySandbox) -> None:
    """What a program makes is bounded before this process looks at it."""
    inputs = ProgramInputs(_ctx(), PLAN, "books")
    accepted = [program for source in KINDS[kind][part::PARTS] if (program := _accepted(source))]
    slow = [p for p in accepted if await _worker_s(sandbox, p, inputs) > HELD_S]

    assert not [p.source for p in slow if await _worker_s(sandbox, p, inputs) > HELD_S]
    reply = await sandbox.run(GOOD, ProgramInputs({}, {}, None), Transaction({}), timeout_s=5)
    assert reply.body == b"1"


async def test_another_request_is_served_while_a_program_explodes(sandbox: MontySandbox) -> None:
    attack = _accepted("a = [1]\nfor n in range(60):\n    a = [a, a]\nstore.insert({'a': a})")
    assert attack is not None
    attacking = asyncio.create_task(
        _run_in_worker(sandbox, attack, ProgramInputs({}, PLAN, "books"))
    )
    reply = await sandbox.run(GOOD, ProgramInputs({}, {}, None), Transaction({}), timeout_s=5)

    assert reply.body == b"1"
    assert not attacking.done()
    await attacking

"""The order in which runs get the workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from larst.config import SandboxSettings
from larst.domain import ProgramInputs
from larst.sandbox import MontySandbox
from larst.sandbox.turns import SHORT_S, Turns
from larst.store.transaction import Transaction
from tests.fakes import unchecked


class _Timer:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class _Pool:
    """Runs that end when a test says so."""

    def __init__(self, workers: int) -> None:
        self.timer = _Timer()
        self.turns = Turns(workers, self.timer)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, name: str, *, owner: str, program: str) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._run(name, owner, program))
        await _settle()

    async def end(self, name: str, *, after_s: float = 0.0) -> None:
        self.timer.now_s += after_s
        self._ends[name].set()
        await self._tasks[name]
        await _settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await _settle()

    async def once(self, *, owner: str, program: str, took_s: float) -> None:
        await self.begin("once", owner=owner, program=program)
        await self.end("once", after_s=took_s)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, name: str, owner: str, program: str) -> None:
        async with self.turns.turn(owner, program):
            self.running.append(name)
            try:
                await self._ends[name].wait()
            finally:
                self.running.remove(name)


@pytest.fixture
async def pool() -> AsyncIterator[_Pool]:
    pool = _Pool(workers=2)
    yield pool
    await pool.stop()


async def test_spinning_programs_of_six_clients_keep_no_short_one_waiting() -> None:
    """A short program waited 23 s for them."""
    sandbox = MontySandbox(SandboxSettings(workers=2, max_exec_ms=60_000))
    await sandbox.start()

    async def run(source: str, owner: str) -> int:
        inputs = ProgramInputs({}, {}, None)
        reply = await sandbox.run(
            unchecked(source), inputs, Transaction({}), timeout_s=30, owner=owner
        )
        return reply.status

    await run("REPLY = make_response(200)", "ann")
    spins = [
        asyncio.create_task(run("while True:\n    pass", f"noise{number}")) for number in range(6)
    ]
    try:
        statuses = [await run(f"REPLY = make_response(20{n})", "ann") for n in range(5)]

        assert statuses == [200, 201, 202, 203, 204]
        assert not any(spin.done() for spin in spins)
    finally:
        for spin in spins:
            spin.cancel()
        await asyncio.gather(*spins, return_exceptions=True)
        await sandbox.stop()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_runs_than_workers(pool: _Pool) -> None:
    await pool.once(owner="ann", program="short", took_s=0.01)
    for name in ("one", "two", "three"):
        await pool.begin(name, owner="ann", program="short")

    assert pool.running == ["one", "two"]
    await pool.end("one")
    assert pool.running == ["two", "three"]


async def test_long_runs_leave_a_worker_for_short_ones(pool: _Pool) -> None:
    await pool.once(owner="ann", program="short", took_s=0.01)
    await pool.once(owner="noise", program="spin", took_s=8)
    for name in ("spin1", "spin2", "spin3"):
        await pool.begin(name, owner=name, program="spin")
    assert pool.running == ["spin1"]

    await pool.begin("short", owner="ann", program="short")

    assert pool.running == ["spin1", "short"]


async def test_unknown_programs_of_unknown_owners_leave_one_too(pool: _Pool) -> None:
    await pool.begin("new1", owner="noise1", program="spin1")
    await pool.begin("new2", owner="noise2", program="spin2")

    assert pool.running == ["new1"]


async def test_a_new_program_of_an_owner_with_short_runs_counts_as_short(pool: _Pool) -> None:
    await pool.once(owner="ann", program="short", took_s=0.01)
    await pool.begin("spin", owner="noise", program="spin")

    await pool.begin("new", owner="ann", program="new")

    assert pool.running == ["spin", "new"]


async def test_a_run_counts_as_its_program_does_when_it_gets_a_worker(pool: _Pool) -> None:
    """Twenty runs of a program that was short until now took all workers for a minute."""
    await pool.once(owner="ann", program="short", took_s=0.01)
    await pool.once(owner="noise", program="report", took_s=0.01)
    for name in ("slow1", "slow2", "slow3", "slow4"):
        await pool.begin(name, owner=name, program="report")
    await pool.end("slow1", after_s=8)
    await pool.end("slow2")

    await pool.begin("short", owner="ann", program="short")

    assert pool.running == ["slow3", "short"]


async def test_new_programs_of_known_owners_take_all_workers_but_once(pool: _Pool) -> None:
    """A client of many sessions let each run something short first, and then spin."""
    await pool.once(owner="ann", program="short", took_s=0.01)
    for number in range(1, 7):
        await pool.once(owner=f"noise{number}", program="short", took_s=0.01)
    for number in range(1, 7):
        await pool.begin(f"spin{number}", owner=f"noise{number}", program=f"spin{number}")
    assert pool.running == ["spin1", "spin2"]
    await pool.end("spin1", after_s=8)
    await pool.end("spin2")
    assert pool.running == ["spin3"]

    await pool.begin("short", owner="ann", program="short")
    assert pool.running == ["spin3", "short"]


async def test_after_a_surprise_an_owner_that_used_much_counts_as_long(pool: _Pool) -> None:
    """It could alternate: a program is short with one value, and spins with another."""
    await pool.once(owner="noise", program="either", took_s=0.01)
    await pool.once(owner="noise", program="either", took_s=8)
    await pool.once(owner="ann", program="either", took_s=0.01)

    for _ in range(20):
        await pool.once(owner="busy", program="either", took_s=0.05)
    await pool.begin("spin1", owner="noise", program="either")
    await pool.begin("spin2", owner="noise", program="either")
    assert pool.running == ["spin1"]

    await pool.begin("many", owner="busy", program="either")

    assert pool.running == ["spin1", "many"]


async def test_a_program_that_becomes_short_again_counts_as_short(pool: _Pool) -> None:
    await pool.once(owner="ann", program="report", took_s=2)
    await pool.once(owner="ann", program="report", took_s=SHORT_S / 2)
    await pool.begin("spin", owner="noise", program="spin")

    await pool.begin("report", owner="ann", program="report")

    assert pool.running == ["spin", "report"]


async def test_who_used_least_goes_first(pool: _Pool) -> None:
    await pool.once(owner="noise", program="spin", took_s=8)
    await pool.begin("spin1", owner="noise", program="spin")
    await pool.begin("spin2", owner="noise", program="spin")
    await pool.begin("new", owner="ann", program="report")

    await pool.end("spin1", after_s=8)

    assert pool.running == ["new"]


async def test_time_used_counts_less_and_less(pool: _Pool) -> None:
    await pool.once(owner="ann", program="report", took_s=8)
    pool.timer.now_s += 600
    await pool.once(owner="ben", program="report", took_s=1)
    await pool.begin("first", owner="eve", program="report")
    await pool.begin("ben", owner="ben", program="report")
    await pool.begin("ann", owner="ann", program="report")

    await pool.end("first", after_s=1)

    assert pool.running == ["ann"]


async def test_a_run_that_is_cancelled_gives_its_turn_on(pool: _Pool) -> None:
    await pool.begin("one", owner="ann", program="spin")
    await pool.begin("two", owner="ben", program="spin")
    await pool.begin("three", owner="eve", program="spin")

    await pool.cancel("two")
    await pool.cancel("one")

    assert pool.running == ["three"]


async def test_the_start_of_a_worker_does_not_count(pool: _Pool) -> None:
    """After each kill, a worker had to start, and the next program counted as long."""
    async with pool.turns.turn("ann", "short") as begin:
        pool.timer.now_s += 1
        begin()
    await pool.begin("spin", owner="noise", program="spin")

    await pool.begin("short", owner="ann", program="short")

    assert pool.running == ["spin", "short"]


async def test_a_run_that_is_cancelled_early_does_not_count_as_short(pool: _Pool) -> None:
    await pool.begin("spin", owner="noise", program="spin")
    await pool.cancel("spin")
    await pool.begin("spin1", owner="noise1", program="spin")

    await pool.begin("spin2", owner="noise2", program="spin")

    assert pool.running == ["spin1"]


async def test_one_worker_serves_all() -> None:
    pool = _Pool(workers=1)
    await pool.begin("one", owner="ann", program="a")
    await pool.begin("two", owner="ben", program="b")
    assert pool.running == ["one"]

    await pool.end("one", after_s=1)

    assert pool.running == ["two"]
    await pool.stop()

"""No reply leaves before the state that it saw is durable: the gate alone, then in the runtime."""

from __future__ import annotations

import asyncio

import pytest

from larst.actors import (
    ActorCrashedError,
    Crashed,
    FlushFailed,
    OutputGate,
    StartRefused,
    SupervisorSettings,
)
from larst.actors.errors import ActorLateError
from tests.actors.fakes import Add, DiskFullError, Raise, Read, Wait, World


class FakeReply:
    """A reply that records its outcome."""

    def __init__(self) -> None:
        self.outcome: str | Exception = "held"

    def release(self) -> None:
        self.outcome = "released"

    def fail(self, error: Exception) -> None:
        self.outcome = error


class Flushes:
    """Flushes that wait until the test ends them."""

    def __init__(self) -> None:
        self.running: list[asyncio.Future[None]] = []

    async def flush(self) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.running.append(end)
        await end

    async def end(self, number: int, error: Exception | None = None) -> None:
        if error is None:
            self.running[number].set_result(None)
        else:
            self.running[number].set_exception(error)
        await run_loop()


async def run_loop() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def pass_reply(gate: OutputGate, *, mark: bool = False) -> FakeReply:
    if mark:
        gate.mark()
    reply = FakeReply()
    gate.pass_through(reply)
    return reply


async def test_a_reply_leaves_at_once_if_everything_is_flushed() -> None:
    """A read of durable state has no reason to wait for the disk."""
    flushes = Flushes()

    reply = pass_reply(OutputGate(flushes.flush))

    assert reply.outcome == "released"
    assert not flushes.running


async def test_a_reply_waits_for_a_flush_that_began_after_the_mark() -> None:
    """A flush that was already running may have missed the write."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    first = pass_reply(gate, mark=True)
    await run_loop()
    second = pass_reply(gate, mark=True)

    await flushes.end(0)
    assert (first.outcome, second.outcome) == ("released", "held")
    await flushes.end(1)

    assert second.outcome == "released"
    assert gate.held_count == 0


async def test_a_read_waits_only_for_the_flush_that_covers_the_state_it_saw() -> None:
    """A read during a flush does not wait for the next flush."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_reply(gate, mark=True)
    await run_loop()
    reply = pass_reply(gate)
    assert reply.outcome == "held"

    await flushes.end(0)

    assert reply.outcome == "released"
    assert len(flushes.running) == 1


async def test_replies_that_arrive_during_a_flush_share_the_next() -> None:
    """Group commit: sixteen writes cost one flush."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_reply(gate, mark=True)
    await run_loop()
    replies = [pass_reply(gate, mark=True) for _ in range(16)]

    await flushes.end(0)
    await flushes.end(1)

    assert {reply.outcome for reply in replies} == {"released"}
    assert len(flushes.running) == 2


async def test_a_failed_flush_fails_every_held_reply_and_is_not_retried() -> None:
    """The kernel may have dropped the pages: a second flush would succeed over a hole."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    current = pass_reply(gate, mark=True)
    await run_loop()
    queued = pass_reply(gate, mark=True)
    failure = OSError("EIO")

    await flushes.end(0, failure)
    late = pass_reply(gate)

    assert [current.outcome, queued.outcome, late.outcome] == [failure] * 3
    assert gate.error is failure
    assert len(flushes.running) == 1


async def test_a_recovered_gate_still_has_to_flush_the_writes_of_the_reload() -> None:
    """A reload may write (it cuts off a torn tail), and that write needs a flush, too."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_reply(gate, mark=True)
    await run_loop()
    await flushes.end(0, OSError())

    async def reload(error: Exception) -> None:
        assert isinstance(error, OSError)
        gate.mark()

    await gate.recover(reload)
    reply = pass_reply(gate)

    assert gate.error is None
    assert reply.outcome == "held"
    await run_loop()
    await flushes.end(1)
    assert reply.outcome == "released"


async def test_drain_flushes_marked_writes() -> None:
    """A write of the quiet hook has no reply that would start a flush."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    gate.mark()
    drain = asyncio.create_task(gate.drain())
    await run_loop()
    assert not drain.done()

    await flushes.end(0)

    await drain


@pytest.mark.parametrize("turns", [0, 3])
async def test_close_cancels_a_flush_and_fails_every_held_reply(turns: int) -> None:
    """This includes a flush that is scheduled but has not taken its first step."""
    gate = OutputGate(Flushes().flush)
    reply = pass_reply(gate, mark=True)
    for _ in range(turns):
        await asyncio.sleep(0)

    await gate.close()

    assert isinstance(reply.outcome, ActorLateError)


async def test_no_reply_leaves_before_the_flush_that_covers_it(world: World) -> None:
    """Reads wait, too: they may have seen a write that a crash would undo."""
    world.disk.open.clear()
    asks = await world.send_and_settle(Add(1), Read(), Raise(DiskFullError()))
    assert not any(ask.done() for ask in asks)

    world.disk.open.set()
    await world.clock.settle()

    assert asks[0].result() == asks[1].result() == 1
    assert isinstance(asks[2].exception(), DiskFullError)


async def test_a_failed_flush_fails_every_held_reply_and_the_actor_reloads(
    world: World,
) -> None:
    """Otherwise a read after a disk error shows a value that is not durable."""
    await world.ask(Add(1))
    world.disk.open.clear()
    asks = await world.send_and_settle(Add(10), Read())
    failure = world.disk.failure = DiskFullError()

    world.disk.open.set()
    await world.clock.settle()

    assert [ask.exception() for ask in asks] == [failure, failure]
    assert await world.ask(Read()) == 1
    assert world.hooks_of() == ["start", "reload"]
    assert world.events_of(FlushFailed)


async def test_a_message_that_is_being_processed_when_a_flush_fails_fails_with_it(
    world: World,
) -> None:
    """It used a state that was never durable."""
    world.disk.open.clear()
    may_end = asyncio.Event()
    asks = await world.send_and_settle(Add(10), Wait(may_end))
    failure = world.disk.failure = DiskFullError()
    world.disk.open.set()
    await world.clock.settle()

    may_end.set()
    await world.clock.settle()

    assert [ask.exception() for ask in asks] == [failure, failure]


async def test_a_flush_that_fails_because_of_a_bug_is_a_crash_to_callers(world: World) -> None:
    """The HTTP room has no status for a foreign exception, so it must not receive one."""
    bug = world.disk.failure = ValueError()

    with pytest.raises(ActorCrashedError) as caught:
        await world.ask(Add(1))

    assert caught.value.__cause__ is bug
    assert await world.ask(Read()) == 0


async def test_an_expected_error_in_a_reload_ends_the_incarnation(world: World) -> None:
    """Unreadable files are not a bug: the next message tries again."""
    world.disk.failure = DiskFullError()
    world.reload_errors = [DiskFullError()]
    (ask,) = await world.send_and_settle(Add(1))

    assert isinstance(ask.exception(), DiskFullError)
    assert await world.ask(Read()) == 0
    assert world.events_of(StartRefused)
    assert world.hooks_of() == ["start", "reload", "end", "start"]


async def test_a_reload_that_crashes_is_a_crash(world: World) -> None:
    """It counts, so that an actor that can never reload reaches the limit."""
    world.disk.failure = DiskFullError()
    world.reload_errors = [ValueError()]
    await world.send_and_settle(Add(1))

    await world.clock.advance(0.05)

    assert len(world.events_of(Crashed)) == 1
    assert await world.ask(Read()) == 0


async def test_a_crash_waits_for_the_flush_of_earlier_replies(world: World) -> None:
    """A crash must not fail the writes that succeeded before it."""
    world.disk.open.clear()
    before, crash, after = await world.send_and_settle(Add(1), Raise(ValueError()), Read())
    await world.clock.advance(1.0)
    assert world.hooks_of() == ["start"]
    assert isinstance(crash.exception(), ActorCrashedError)

    world.disk.open.set()
    await world.clock.advance(0.05)

    assert await before == 1
    assert await after == 1


async def test_quiet_waits_for_the_flush(world: World) -> None:
    """A checkpoint would move the journal away while the flush writes it."""
    world.disk.open.clear()
    await world.send_and_settle(Add(1))
    await world.clock.advance(5.0)
    assert world.hooks_of() == ["start"]

    world.disk.open.set()
    await world.clock.settle()

    assert world.hooks_of() == ["start", "quiet"]


async def test_a_failed_flush_reloads_before_the_stop_hook() -> None:
    """Otherwise the stop hook would complete the files with writes that were reported as failed."""
    world = World(SupervisorSettings(max_live=1))
    world.disk.failure = DiskFullError()
    world.disk.open.clear()
    (ask,) = await world.send_and_settle(Add(1))
    await world.ask(Read(), key="evicts k")
    await world.clock.settle()
    assert world.hooks_of() == ["start"]

    world.disk.open.set()
    await world.clock.settle()

    assert isinstance(ask.exception(), DiskFullError)
    assert world.hooks_of() == ["start", "reload", "stop", "end"]
    await world.close()


async def test_a_hung_disk_stops_the_actor_once_too_many_replies_are_held() -> None:
    """Held replies need a limit, as waiting messages do."""
    world = World()
    world.disk.open.clear()
    first = await world.send_and_settle(*[Add(1)] * 256)
    await world.clock.advance(0.01)
    for _ in range(10):
        await world.clock.settle()
    second = await world.send_and_settle(*[Add(1)] * 10)
    for _ in range(10):
        await world.clock.settle()

    assert world.supervisor.waiting_count == 10

    world.disk.open.set()
    await asyncio.gather(*first, *second)
    assert world.disk.durable["k"] == 266
    await world.close()


async def test_a_recovered_gate_does_not_flush_lost_writes() -> None:
    """A message that ran during the failure wrote to a state that the reload discarded."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_reply(gate, mark=True)
    await run_loop()
    await flushes.end(0, OSError())
    gate.mark()

    async def reload(error: Exception) -> None:
        assert isinstance(error, OSError)

    await gate.recover(reload)

    assert pass_reply(gate).outcome == "released"
    assert len(flushes.running) == 1

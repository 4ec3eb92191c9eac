"""No answer leaves before what it saw is durable: the gate alone, then under the runtime."""

from __future__ import annotations

import asyncio

import pytest

from larst.actors import ActorCrashedError, Crashed, FlushFailed, OutputGate, StartRefused
from larst.actors.errors import ActorLateError
from tests.actors.fakes import Add, DiskFullError, Raise, Read, Wait, World


class Note:
    """Something held, which says what became of it."""

    def __init__(self) -> None:
        self.outcome: str | Exception = "held"

    def release(self) -> None:
        self.outcome = "released"

    def fail(self, error: Exception) -> None:
        self.outcome = error


class Flushes:
    """Each flush waits until the test ends it."""

    def __init__(self) -> None:
        self.running: list[asyncio.Future[None]] = []

    async def flush(self) -> None:
        running: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.running.append(running)
        await running

    async def end(self, number: int, error: Exception | None = None) -> None:
        if error is None:
            self.running[number].set_result(None)
        else:
            self.running[number].set_exception(error)
        await turn()


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def pass_note(gate: OutputGate, *, mark: bool = False) -> Note:
    if mark:
        gate.mark()
    note = Note()
    gate.pass_through(note)
    return note


async def test_with_nothing_unflushed_an_answer_leaves_at_once() -> None:
    """FieldAccess of what is durable owe the disk nothing."""
    flushes = Flushes()

    note = pass_note(OutputGate(flushes.flush))

    assert note.outcome == "released"
    assert not flushes.running


async def test_an_answer_waits_for_a_flush_that_began_after_the_mark() -> None:
    """A flush that already ran may have missed the write."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    first = pass_note(gate, mark=True)
    await turn()
    second = pass_note(gate, mark=True)

    await flushes.end(0)
    assert (first.outcome, second.outcome) == ("released", "held")
    await flushes.end(1)

    assert second.outcome == "released"
    assert gate.held_count == 0


async def test_a_read_rides_on_the_flush_that_covers_all_it_saw() -> None:
    """A read during a flush need not wait for the next one."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_note(gate, mark=True)
    await turn()
    read = pass_note(gate)
    assert read.outcome == "held"

    await flushes.end(0)

    assert read.outcome == "released"
    assert len(flushes.running) == 1


async def test_all_that_is_held_meanwhile_rides_on_one_flush() -> None:
    """Group commit: sixteen writes for the price of one."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_note(gate, mark=True)
    await turn()
    notes = [pass_note(gate, mark=True) for _ in range(16)]

    await flushes.end(0)
    await flushes.end(1)

    assert {note.outcome for note in notes} == {"released"}
    assert len(flushes.running) == 2


async def test_a_failed_flush_fails_what_rode_and_what_waited_and_is_not_retried() -> None:
    """The kernel may have dropped the pages: a second flush would succeed over a hole."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    riding = pass_note(gate, mark=True)
    await turn()
    waiting = pass_note(gate, mark=True)
    failure = OSError("EIO")

    await flushes.end(0, failure)
    late = pass_note(gate)

    assert [riding.outcome, waiting.outcome, late.outcome] == [failure] * 3
    assert gate.error is failure
    assert len(flushes.running) == 1


async def test_a_mended_gate_is_whole_but_for_what_the_reload_wrote() -> None:
    """A reload may write (it cuts a torn tail), and that must be flushed like all else."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_note(gate, mark=True)
    await turn()
    await flushes.end(0, OSError())

    async def reload(error: Exception) -> None:
        assert isinstance(error, OSError)
        gate.mark()

    await gate.mend(reload)
    note = pass_note(gate)

    assert gate.error is None
    assert note.outcome == "held"
    await turn()
    await flushes.end(1)
    assert note.outcome == "released"


async def test_settling_flushes_what_is_marked() -> None:
    """What a quiet hook wrote has no answer that would ask for a flush."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    gate.mark()
    settling = asyncio.create_task(gate.settle())
    await turn()
    assert not settling.done()

    await flushes.end(0)

    await settling


@pytest.mark.parametrize("turns", [0, 3])
async def test_closing_cuts_off_a_flush_and_leaves_nobody_waiting(turns: int) -> None:
    """Also when the flush was asked for but has not had its first step."""
    gate = OutputGate(Flushes().flush)
    note = pass_note(gate, mark=True)
    for _ in range(turns):
        await asyncio.sleep(0)

    await gate.close()

    assert isinstance(note.outcome, ActorLateError)


async def test_no_answer_leaves_before_the_flush_that_covers_it(world: World) -> None:
    """FieldAccess too: they may have seen what a crash would undo."""
    world.disk.open.clear()
    asks = await world.send_and_settle(Add(1), Read(), Raise(DiskFullError()))
    assert not any(ask.done() for ask in asks)

    world.disk.open.set()
    await world.clock.settle()

    assert asks[0].result() == asks[1].result() == 1
    assert isinstance(asks[2].exception(), DiskFullError)


async def test_a_failed_flush_fails_every_held_answer_and_the_actor_reloads(
    world: World,
) -> None:
    """Else a read after a disk error shows a value that is not durable."""
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


async def test_a_message_at_hand_when_a_flush_fails_fails_with_it(world: World) -> None:
    """It worked on a state that was never durable."""
    world.disk.open.clear()
    may_end = asyncio.Event()
    asks = await world.send_and_settle(Add(10), Wait(may_end))
    failure = world.disk.failure = DiskFullError()
    world.disk.open.set()
    await world.clock.settle()

    may_end.set()
    await world.clock.settle()

    assert [ask.exception() for ask in asks] == [failure, failure]


async def test_a_flush_that_fails_by_a_bug_tells_askers_of_a_crash(world: World) -> None:
    """A foreign exception must not reach an edge that has no word for it."""
    bug = world.disk.failure = ValueError()

    with pytest.raises(ActorCrashedError) as caught:
        await world.ask(Add(1))

    assert caught.value.__cause__ is bug
    assert await world.ask(Read()) == 0


async def test_a_reload_that_is_refused_ends_the_incarnation(world: World) -> None:
    """Files that cannot be read back are no bug: the next message tries again."""
    world.disk.failure = DiskFullError()
    world.reload_errors = [DiskFullError()]
    (ask,) = await world.send_and_settle(Add(1))

    assert isinstance(ask.exception(), DiskFullError)
    assert await world.ask(Read()) == 0
    assert world.events_of(StartRefused)
    assert world.hooks_of() == ["start", "reload", "end", "start"]


async def test_a_reload_that_crashes_is_a_crash(world: World) -> None:
    """It counts, so that an actor which can never reload is found to fail."""
    world.disk.failure = DiskFullError()
    world.reload_errors = [ValueError()]
    await world.send_and_settle(Add(1))

    await world.clock.advance(0.05)

    assert len(world.events_of(Crashed)) == 1
    assert await world.ask(Read()) == 0


async def test_a_crash_waits_for_the_flush_of_earlier_answers(world: World) -> None:
    """What was written before the crash was promised to those who wrote it."""
    world.disk.open.clear()
    written, crashed, after = await world.send_and_settle(Add(1), Raise(ValueError()), Read())
    await world.clock.advance(1.0)
    assert world.hooks_of() == ["start"]
    assert isinstance(crashed.exception(), ActorCrashedError)

    world.disk.open.set()
    await world.clock.advance(0.05)

    assert await written == 1
    assert await after == 1


async def test_quiet_waits_for_the_flush(world: World) -> None:
    """To checkpoint a journal while it is flushed would move it away under the flush."""
    world.disk.open.clear()
    await world.send_and_settle(Add(1))
    await world.clock.advance(5.0)
    assert world.hooks_of() == ["start"]

    world.disk.open.set()
    await world.clock.settle()

    assert world.hooks_of() == ["start", "quiet"]


async def test_a_failed_flush_reloads_before_the_stop_hook(world: World) -> None:
    """Else the stop hook would complete the files with what nobody was promised."""
    world.disk.failure = DiskFullError()
    await world.send_and_settle(Add(1))

    await world.supervisor.put_to_sleep("k")

    assert world.hooks_of() == ["start", "reload", "stop", "end"]


async def test_a_hung_disk_stops_the_actor_once_a_mailbox_full_is_held() -> None:
    """What is held needs a bound as well as what waits."""
    world = World()
    world.disk.open.clear()
    first = await world.send_and_settle(*[Add(1)] * 256)
    await world.clock.advance(0.01)
    for _ in range(10):
        await world.clock.settle()
    second = await world.send_and_settle(*[Add(1)] * 10)
    for _ in range(10):
        await world.clock.settle()

    assert world.supervisor.mailbox_depth("k") == 10

    world.disk.open.set()
    await asyncio.gather(*first, *second)
    assert world.disk.durable["k"] == 266
    await world.close()


async def test_a_mended_gate_owes_nothing_for_what_was_lost() -> None:
    """The message at hand during the failure wrote on a state that the reload threw away."""
    flushes = Flushes()
    gate = OutputGate(flushes.flush)
    pass_note(gate, mark=True)
    await turn()
    await flushes.end(0, OSError())
    gate.mark()

    async def reload(error: Exception) -> None:
        assert isinstance(error, OSError)

    await gate.mend(reload)

    assert pass_note(gate).outcome == "released"
    assert len(flushes.running) == 1

"""Messages that an idle actor processes in the caller's turn of the loop."""

from __future__ import annotations

import asyncio

from larst.actors import (
    ActorCrashedError,
    ActorLateError,
    Crashed,
    FlushFailed,
    Restarted,
    SupervisorSettings,
)
from tests.actors.fakes import Add, Defer, DiskFullError, Raise, Read, Wait, World


async def test_an_idle_actor_replies_at_once(world: World) -> None:
    """A reply that needs no other turn of the loop costs no task and no future."""
    await world.ask(Add(3))

    assert world.ask_now(Read()) == [3]
    assert world.waits_s[-1] == 0.0


async def test_a_key_without_an_actor_is_not_now(world: World) -> None:
    """To start an actor, its state must be loaded first."""
    assert world.ask_now(Read()) is None
    assert world.supervisor.live_count == 0


async def test_a_starting_actor_is_not_now(world: World) -> None:
    """Its state is incomplete."""
    world.may_start.clear()
    reply = world.send(Read())
    await world.clock.settle()

    assert world.ask_now(Read()) is None
    world.may_start.set()
    assert await reply == 0


async def test_a_message_that_is_processed_makes_others_not_now(world: World) -> None:
    """One message at a time: a suspended one may be between two steps of a change."""
    until = asyncio.Event()
    slow = world.send(Wait(until))
    await world.clock.settle()

    assert world.ask_now(Add(1)) is None
    until.set()
    assert await slow == 0
    assert world.ask_now(Read()) == [0]


async def test_a_message_that_must_wait_takes_the_mailbox(world: World) -> None:
    """The actor has declined, so nothing has happened."""
    await world.ask(Read())

    assert world.ask_now(Wait(asyncio.Event())) is None
    assert world.supervisor.waiting_count == 0


async def test_queued_messages_do_not_make_a_message_not_now(world: World) -> None:
    """Clients that send on each reply keep a queue filled; none would get here again."""
    await world.ask(Read())
    replies = [world.send(Add(1)) for _ in range(4)]
    outcomes = []
    while not replies[-1].done():
        await asyncio.sleep(0)
        outcomes.append(world.ask_now(Read()))

    assert any(outcome is not None for outcome in outcomes)
    assert [await reply for reply in replies] == [1, 2, 3, 4]


async def test_deferred_messages_do_not_make_a_message_not_now(world: World) -> None:
    """They wait outside the actor, and have changed nothing."""
    may_return = asyncio.Event()

    async def prepare() -> Add:
        await may_return.wait()
        return Add(5)

    deferred = world.send(Defer(prepare))
    await world.clock.settle()

    assert world.ask_now(Read()) == [0]
    may_return.set()
    assert await deferred == 5


async def test_a_reply_now_waits_for_its_flush(world: World) -> None:
    """A client must never read of a write that a crash would undo."""
    await world.ask(Read())
    world.disk.open.clear()

    write = world.ask_now(Add(2))
    await world.clock.settle()
    read = world.ask_now(Read())
    assert write == []
    assert read == []

    world.disk.open.set()
    await world.clock.settle()
    assert write == [2]
    assert read == [2]
    assert world.disk.durable == {"k": 2}


async def test_a_failed_flush_fails_the_held_reply(world: World) -> None:
    """The caller gets the error of the disk, as in the mailbox, and the state returns."""
    await world.ask(Add(1))
    world.disk.failure = error = DiskFullError()

    write = world.ask_now(Add(2))
    await world.clock.settle()

    assert write == [error]
    assert world.ask_now(Read()) == [1]
    assert any(isinstance(event, FlushFailed) for event in world.events)


async def test_a_broken_gate_is_not_now(world: World) -> None:
    """Nothing may begin on a state that a failed flush has to undo."""
    await world.ask(Read())
    world.disk.failure = DiskFullError()
    world.disk.open.clear()
    outcomes = world.ask_now(Add(2))
    await world.clock.settle()
    world.disk.open.set()
    while not outcomes:
        assert world.ask_now(Read()) == []
        await asyncio.sleep(0)

    assert world.ask_now(Read()) is None


async def test_a_full_gate_is_not_now() -> None:
    """The limit on replies that a hung disk holds back applies to all."""
    world = World(SupervisorSettings(mailbox_size=2))
    await world.ask(Read())
    world.disk.open.clear()

    assert world.ask_now(Add(1)) == []
    assert world.ask_now(Add(1)) == []
    assert world.ask_now(Add(1)) is None
    world.disk.open.set()
    await world.close()


async def test_a_held_reply_fails_after_its_deadline(world: World) -> None:
    """A hung disk must not hang the caller."""
    await world.ask(Read())
    world.disk.open.clear()
    outcomes = world.ask_now(Add(1))

    await world.clock.advance(14.9)
    assert outcomes == []
    await world.clock.advance(0.1)
    assert outcomes is not None
    assert isinstance(outcomes[0], ActorLateError)

    world.disk.open.set()
    await world.clock.settle()
    assert len(outcomes) == 1


async def test_each_held_reply_fails_after_its_own_deadline(world: World) -> None:
    """One timer serves all of them; it must not forget those behind the first."""
    await world.ask(Add(1))
    first = world.ask_now(Add(1))
    await world.clock.settle()
    assert first == [2]  # its flush ends long before the next ones hang
    world.disk.open.clear()
    held = []
    for _ in range(3):
        held.append(world.ask_now(Add(1)))
        await world.clock.advance(0.25)

    await world.clock.advance(14.0)
    assert held == [[], [], []]
    for late_count in (1, 2, 3):
        await world.clock.advance(0.25)
        assert [outcomes != [] for outcomes in held] == [place < late_count for place in range(3)]

    world.disk.open.set()
    await world.clock.settle()
    assert [len(outcomes or ()) for outcomes in held] == [1, 1, 1]


async def test_an_expected_error_is_a_reply(world: World) -> None:
    """It waits for the flush of what it may have seen, and the actor goes on."""
    await world.ask(Read())
    world.disk.open.clear()
    error = DiskFullError()

    outcomes = world.ask_now(Raise(error, amount=1))
    assert outcomes == []
    world.disk.open.set()
    await world.clock.settle()

    assert outcomes == [error]
    assert world.ask_now(Read()) == [1]


async def test_any_other_error_is_a_crash(world: World) -> None:
    """The message fails at once, and a new incarnation continues with the durable state."""
    await world.ask(Add(1))
    bug = ValueError()

    outcomes = world.ask_now(Raise(bug, amount=5))
    assert world.ask_now(Read()) is None
    queued = world.send(Read())
    await world.clock.advance(1.0)

    assert outcomes is not None
    assert isinstance(outcomes[0], ActorCrashedError)
    assert outcomes[0].__cause__ is bug
    assert await queued == 1
    events = [event for event in world.events if isinstance(event, Crashed | Restarted)]
    assert events == [Crashed("k", bug), Restarted("k")]


async def test_a_message_now_postpones_sleep() -> None:
    """An actor that is used must not sleep, whichever way its messages take."""
    world = World(SupervisorSettings(quiet_s=1.0, idle_s=10.0))
    await world.ask(Read())
    for _ in range(5):
        await world.clock.advance(8.0)
        assert world.ask_now(Read()) == [0]
    await world.clock.advance(9.9)

    assert world.supervisor.is_live("k")
    await world.clock.advance(0.1)
    assert not world.supervisor.is_live("k")
    await world.close()


async def test_a_message_now_is_followed_by_the_quiet_hook(world: World) -> None:
    """The files of a session are complete a second after each write."""
    await world.ask(Read())
    await world.clock.advance(1.0)
    assert world.hooks.count(("k", "quiet")) == 1

    assert world.ask_now(Add(1)) is not None
    await world.clock.advance(0.9)
    assert world.hooks.count(("k", "quiet")) == 1
    await world.clock.advance(0.1)
    assert world.hooks.count(("k", "quiet")) == 2


async def test_a_message_now_counts_as_use() -> None:
    """The least recently used actor is the one that ends above the limit."""
    world = World(SupervisorSettings(max_live=2))
    await world.ask(Read(), key="a")
    await world.ask(Read(), key="b")
    assert world.ask_now(Read(), key="a") == [0]
    await world.ask(Read(), key="c")
    await world.clock.settle()

    assert world.supervisor.is_live("a")
    assert not world.supervisor.is_live("b")
    await world.close()


async def test_a_retired_actor_is_not_now() -> None:
    """It must end with the messages that it has."""
    world = World(SupervisorSettings(max_live=1))
    await world.ask(Read(), key="a")
    world.may_stop.clear()
    await world.ask(Read(), key="b")
    await world.clock.settle()

    assert world.ask_now(Read(), key="a") is None
    world.may_stop.set()
    await world.close()


async def test_stop_waits_for_held_replies(world: World) -> None:
    """An accepted request gets its reply."""
    await world.ask(Read())
    world.disk.open.clear()
    outcomes = world.ask_now(Add(1))
    stopping = asyncio.create_task(world.supervisor.stop(drain_s=5.0))
    await world.clock.settle()
    assert world.ask_now(Read()) is None
    assert not stopping.done()

    world.disk.open.set()
    await stopping
    assert outcomes == [1]

"""Actors without messages: the quiet hook, sleep, and the limit of actors in memory."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from larst.actors import (
    ActorStoppedError,
    HookFailed,
    Slept,
    SupervisorSettings,
)
from tests.actors.fakes import Add, DiskFullError, Read, Wait, World


async def test_quiet_comes_once_after_the_last_message(world: World) -> None:
    """A checkpoint must not compete with requests, nor run again without new changes."""
    await world.ask(Add(1))
    await world.clock.advance(0.9)
    await world.ask(Add(1))
    await world.clock.advance(0.9)
    assert "quiet" not in world.hooks_of()

    await world.clock.advance(0.1)
    assert world.hooks_of().count("quiet") == 1
    await world.clock.advance(50.0)
    assert world.hooks_of().count("quiet") == 1
    await world.ask(Read())
    await world.clock.advance(1.0)
    assert world.hooks_of().count("quiet") == 2


async def test_an_expected_error_in_the_quiet_hook_is_reported(world: World) -> None:
    """A full disk during a checkpoint loses no data: the journal still has it."""
    world.quiet_errors = [DiskFullError()]
    await world.ask(Add(1))

    await world.clock.advance(1.0)

    assert [event.hook for event in world.events if isinstance(event, HookFailed)] == ["on_quiet"]
    assert await world.ask(Read()) == 1


async def test_an_idle_actor_sleeps_and_frees_its_memory(world: World) -> None:
    """Only keys in use may take memory."""
    await world.ask(Add(1))

    await world.clock.advance(300.0)

    assert world.hooks_of() == ["start", "quiet", "stop", "end"]
    assert world.events_of(Slept)
    assert world.supervisor.live_count == 0
    assert world.clock.pending_count == 0
    assert await world.ask(Read()) == 1


async def test_a_message_that_only_looks_does_not_keep_the_actor_awake(world: World) -> None:
    """Otherwise a page that lists the actors would keep all of them in memory."""
    await world.ask(Add(1))
    for _ in range(3):
        await world.clock.advance(99.0)
        assert await world.supervisor.ask("k", Read(), timeout_s=10.0, keeps_awake=False) == 1

    await world.clock.advance(4.0)

    assert world.supervisor.live_count == 0
    await world.ask(Add(1))
    await world.clock.advance(297.0)
    await world.ask(Read())
    await world.clock.advance(4.0)
    assert world.supervisor.live_count == 1


async def test_a_message_that_arrives_during_the_stop_reaches_the_next_incarnation(
    world: World,
) -> None:
    """No message may be lost between two incarnations, and the old one must not see it."""
    await world.ask(Add(1))
    world.may_stop.clear()
    await world.clock.advance(300.0)
    (ask,) = await world.send_and_settle(Add(1))
    assert not ask.done()

    world.may_stop.set()

    assert await ask == 2
    assert world.hooks_of() == ["start", "quiet", "stop", "end", "start"]


async def test_a_message_that_must_not_wake_the_actor_is_refused_once_it_stops(
    world: World,
) -> None:
    """A look at a session in the moment in which it went to sleep woke it up again."""

    async def look() -> int:
        return await world.supervisor.ask("k", Read(), timeout_s=10.0, wakes=False)

    with pytest.raises(ActorStoppedError):
        await look()
    await world.ask(Add(1))
    assert await look() == 1
    world.may_stop.clear()
    await world.clock.advance(300.0)
    assert world.hooks_of()[-1] == "stop"

    with pytest.raises(ActorStoppedError):
        await look()

    world.may_stop.set()
    await world.clock.settle()
    assert world.supervisor.live_count == 0


async def test_an_idle_actor_has_no_task_and_shares_a_timer(world: World) -> None:
    """A task and a timer for each idle actor took most of its memory."""
    for key in ("a", "b", "c"):
        await world.ask(Add(1), key=key)
    assert len(asyncio.all_tasks()) > 1

    await world.clock.advance(1.0)

    assert len(asyncio.all_tasks()) == 1
    assert world.clock.pending_count == 1
    assert [await world.ask(Add(1), key=key) for key in ("a", "b", "c")] == [2, 2, 2]
    await world.clock.advance(301.0)
    assert world.supervisor.live_count == 0
    assert world.clock.pending_count == 0


async def test_a_stop_ends_idle_actors(world: World) -> None:
    """Their files must be complete after it."""
    await world.ask(Add(1))
    await world.clock.advance(1.0)

    await world.supervisor.stop(drain_s=1.0)

    assert world.hooks_of() == ["start", "quiet", "stop", "end"]


async def test_an_actor_keeps_nothing_of_its_last_message() -> None:
    """A request with its reply takes kilobytes in each session of a service."""
    world = World(SupervisorSettings(quiet_s=100.0))
    message = Add(1)
    await world.ask(message)
    last = weakref.ref(message)

    del message
    await world.clock.advance(50.0)  # the clock of the tests keeps cancelled timers until then

    assert last() is None
    await world.close()


async def test_an_evicted_actor_processes_its_queue_but_no_later_message() -> None:
    """A stream of messages must not keep an actor awake forever."""
    world = World(SupervisorSettings(max_live=1))
    gate = asyncio.Event()
    before = await world.send_and_settle(Wait(gate), Add(1))
    await world.ask(Read(), key="evicts k")
    world.may_stop.clear()
    (after,) = await world.send_and_settle(Add(1))

    gate.set()
    await world.clock.settle()

    assert [ask.done() for ask in (*before, after)] == [True, True, False]
    world.may_stop.set()
    assert await after == 2
    await world.close()


async def test_an_error_in_the_stop_hook_is_reported(world: World) -> None:
    """No caller waits for it, and it must not be lost."""
    world.stop_errors = [DiskFullError()]
    await world.ask(Add(1))

    await world.clock.advance(300.0)

    assert [event.hook for event in world.events if isinstance(event, HookFailed)] == ["on_stop"]
    assert await world.ask(Read()) == 1


async def test_the_least_recently_used_sleeps_first() -> None:
    """Memory is limited, and busy actors stay in it."""
    world = World(SupervisorSettings(max_live=2))
    for key in ("a", "b", "a", "c"):
        await world.ask(Add(1), key=key)
    await world.clock.settle()

    assert world.hooks_of("b") == ["start", "stop", "end"]
    assert world.hooks_of("a") == world.hooks_of("c") == ["start"]
    assert world.supervisor.live_count == 2
    await world.close()


async def test_an_actor_with_waiting_messages_sleeps_last() -> None:
    """Its messages would wake it again at once."""
    world = World(SupervisorSettings(max_live=2))
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate), Read(), key="oldest")
    await world.ask(Read(), key="idle")

    await world.ask(Read(), key="new")
    await world.clock.settle()

    assert world.hooks_of("idle") == ["start", "stop", "end"]
    gate.set()
    await asyncio.gather(*asks)
    await world.close()

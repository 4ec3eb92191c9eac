"""Messages that an actor defers until a preparation is done, while others run."""

from __future__ import annotations

import asyncio

import pytest

from larst.actors import (
    Actor,
    ActorCrashedError,
    Crashed,
    DeadlinePassedError,
    Deferred,
    MailboxFullError,
    Supervisor,
    SupervisorSettings,
)
from tests.actors.fakes import Add, Defer, DiskFullError, Later, Raise, Read, Wait, World


async def test_other_messages_run_while_one_is_deferred(world: World) -> None:
    """A message that waits for an LLM must not delay the others."""
    later = Later()
    (deferred,) = await world.send_and_settle(Defer(later.prepare))

    assert await world.ask(Add(1)) == 1
    assert world.supervisor.waiting_count == 1
    later.result.set_result(Add(10))

    assert await deferred == 11


async def test_a_deferred_message_comes_back_before_the_queue(world: World) -> None:
    """It has waited the longest."""
    later, gate = Later(), asyncio.Event()
    (deferred,) = await world.send_and_settle(Defer(later.prepare))
    waiting, behind = await world.send_and_settle(Wait(gate), Read())
    later.result.set_result(Add(10))
    await world.clock.settle()

    gate.set()

    assert list(await asyncio.gather(deferred, waiting, behind)) == [10, 0, 10]


async def test_a_deferred_message_keeps_its_place_within_the_limit() -> None:
    """Deferral must not bypass the mailbox's limit."""
    world = World(SupervisorSettings(mailbox_size=1))
    later = Later()
    (deferred,) = await world.send_and_settle(Defer(later.prepare))

    with pytest.raises(MailboxFullError):
        await world.ask(Read())

    later.result.set_result(Read())
    assert await deferred == 0
    assert await world.ask(Read()) == 0
    await world.close()


async def test_a_deferred_message_expires(world: World) -> None:
    """Its deadline counts from the ask, and its preparation ends with it."""
    later = Later()
    (deferred,) = await world.send_and_settle(Defer(later.prepare), timeout_s=1.0)

    await world.clock.advance(1.0)

    assert isinstance(deferred.exception(), DeadlinePassedError)
    assert later.is_cancelled
    assert world.supervisor.waiting_count == 0


async def test_a_deferred_message_is_dropped_when_its_caller_leaves(world: World) -> None:
    """An LLM call for a client that has disconnected wastes money."""
    later = Later()
    (deferred,) = await world.send_and_settle(Defer(later.prepare))

    deferred.cancel()
    await world.clock.settle()

    assert later.is_cancelled
    assert world.supervisor.waiting_count == 0


async def test_a_message_that_is_deferred_too_late_is_dropped(world: World) -> None:
    """Its caller has left or has a timeout: its preparation would waste money."""
    may_defer, calls = asyncio.Event(), list[str]()

    async def prepare() -> str:
        calls.append("wasted")
        return ""

    class Slow(Actor[str, str]):
        async def on_message(self, message: str) -> str | Deferred[str]:
            await may_defer.wait()
            return Deferred(prepare)

    supervisor: Supervisor[str, str, str] = Supervisor(
        lambda _: Slow(), settings=SupervisorSettings(), clock=world.clock
    )
    withdrawn = asyncio.create_task(supervisor.ask("withdrawn", "", timeout_s=10.0))
    late = asyncio.create_task(supervisor.ask("late", "", timeout_s=1.0))
    await world.clock.advance(1.0)
    withdrawn.cancel()
    await world.clock.settle()

    may_defer.set()
    await world.clock.settle()

    assert isinstance(late.exception(), DeadlinePassedError)
    assert calls == []
    assert supervisor.waiting_count == 0
    await supervisor.stop(drain_s=1.0)


async def test_a_failed_preparation_fails_only_its_own_caller(world: World) -> None:
    """A failure of the planner is not a crash of the actor."""
    refusal, bug = DiskFullError(), ValueError()
    laters = [Later(), Later(), Later()]
    asks = await world.send_and_settle(*[Defer(later.prepare) for later in laters])

    laters[0].result.set_exception(refusal)
    laters[1].result.set_exception(bug)
    laters[2].result.cancel()
    await world.clock.settle()

    assert asks[0].exception() is refusal
    assert isinstance(asks[1].exception(), ActorCrashedError)
    assert isinstance(asks[2].exception(), ActorCrashedError)
    assert not world.events_of(Crashed)


async def test_a_deferred_message_survives_a_crash(world: World) -> None:
    """Another message caused the crash."""
    later = Later()
    deferred, _ = await world.send_and_settle(Defer(later.prepare), Raise(ValueError()))
    await world.clock.advance(0.05)

    later.result.set_result(Add(4))

    assert await deferred == 4


async def test_a_deferred_message_wakes_a_sleeping_actor(world: World) -> None:
    """An actor does not have to stay in memory while an LLM works."""
    later = Later()
    (deferred,) = await world.send_and_settle(Defer(later.prepare), timeout_s=1000.0)
    await world.clock.advance(300.0)
    assert world.hooks_of() == ["start", "quiet", "stop", "end"]
    await world.clock.advance(300.0)  # the actor sleeps already

    later.result.set_result(Add(4))

    assert await deferred == 4
    assert world.hooks_of() == ["start", "quiet", "stop", "end", "start"]

"""The life of one key's actor as callers see it: mailbox, crashes, limits, the end."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from larst.actors import (
    Actor,
    ActorCrashedError,
    ActorFailedError,
    ActorLateError,
    CoolingDown,
    Crashed,
    DeadlinePassedError,
    LoopClock,
    MailboxFullError,
    Restarted,
    RestartPolicy,
    Slept,
    Started,
    StartRefused,
    Stopped,
    StoppingError,
    Supervisor,
    SupervisorSettings,
)
from tests.actors.fakes import Add, Defer, DiskFullError, Later, Raise, Read, Wait, World


async def test_ask_returns_the_reply(world: World) -> None:
    """The basic contract: later messages see the effects of earlier ones."""
    assert await world.ask(Add(3)) == 3
    assert await world.ask(Read()) == 3


async def test_keys_do_not_share_state(world: World) -> None:
    """Tenants never see each other's data."""
    await world.ask(Add(3), key="a")

    assert await world.ask(Read(), key="b") == 0


async def test_messages_run_one_at_a_time_in_order(world: World) -> None:
    """An actor needs no locks: the fake asserts that its messages never overlap."""
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate), Add(1), Add(1), Read())

    gate.set()

    assert list(await asyncio.gather(*asks)) == [0, 1, 2, 2]


async def test_the_actor_learns_how_long_a_message_waited(world: World) -> None:
    """Every trace contains the time in the mailbox."""
    gate = asyncio.Event()
    first, second = await world.send_and_settle(Wait(gate), Read())
    await world.clock.advance(2.0)

    gate.set()
    await asyncio.gather(first, second)

    assert world.waits_s == [0.0, 2.0]


async def test_a_message_runs_outside_the_context_of_the_first_caller() -> None:
    """Otherwise the trace of the first caller would own all later messages."""
    variable = contextvars.ContextVar("variable", default="clean")

    class Look(Actor[None, str]):
        async def on_message(self, message: None) -> str:
            return variable.get()

    supervisor: Supervisor[str, None, str] = Supervisor(
        lambda _: Look(), settings=SupervisorSettings(), clock=LoopClock()
    )
    variable.set("set by the first caller")

    assert await supervisor.ask("k", None, timeout_s=10) == "clean"
    await supervisor.stop(drain_s=1)


async def test_a_full_mailbox_refuses_at_once() -> None:
    """Waiting for room would hide the overload from the clients, who can slow down."""
    world = World(SupervisorSettings(mailbox_size=2))
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate))
    asks += await world.send_and_settle(Read(), Read())

    with pytest.raises(MailboxFullError):
        await world.ask(Read())

    gate.set()
    await asyncio.gather(*asks)
    await world.close()


async def test_an_expired_message_never_begins_and_frees_its_place() -> None:
    """Its effect is no longer wanted, and it must not block other messages."""
    world = World(SupervisorSettings(mailbox_size=1))
    gate = asyncio.Event()
    (waiting,) = await world.send_and_settle(Wait(gate))
    (expired,) = await world.send_and_settle(Add(5), timeout_s=1.0)

    await world.clock.advance(1.0)

    with pytest.raises(DeadlinePassedError):
        await expired
    assert world.supervisor.waiting_count == 0
    gate.set()
    assert list(await asyncio.gather(waiting, world.send(Read()))) == [0, 0]
    await world.close()


async def test_a_message_whose_caller_left_never_begins_and_frees_its_place(
    world: World,
) -> None:
    """A client that has disconnected must not change anything afterwards."""
    gate = asyncio.Event()
    waiting, withdrawn = await world.send_and_settle(Wait(gate), Add(5))

    withdrawn.cancel()
    await world.clock.settle()

    assert world.supervisor.waiting_count == 0
    gate.set()
    assert list(await asyncio.gather(waiting, world.send(Read()))) == [0, 0]


async def test_a_begun_message_completes_after_its_caller_has_left(world: World) -> None:
    """Half of a change is worse than a change whose reply has no reader."""
    gate = asyncio.Event()
    (withdrawn,) = await world.send_and_settle(Wait(gate))

    withdrawn.cancel()
    await world.clock.settle()
    gate.set()

    assert await world.ask(Read()) == 0
    assert not world.events_of(Crashed)


async def test_a_begun_message_is_late_only_after_the_grace_time(world: World) -> None:
    """It may have effects, so its caller must not get an error that denies them."""
    gate = asyncio.Event()
    (late,) = await world.send_and_settle(Wait(gate), timeout_s=1.0)

    await world.clock.advance(5.9)
    assert not late.done()
    await world.clock.advance(0.1)

    with pytest.raises(ActorLateError):
        await late
    gate.set()


async def test_a_crash_fails_only_its_own_message(world: World) -> None:
    """One harmful request must not fail the others."""
    bug = ValueError("bug")
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate), Add(2), Raise(bug), Add(3))

    gate.set()
    await world.clock.advance(0.05)
    outcomes = await asyncio.gather(*asks, return_exceptions=True)

    assert outcomes[:2] + outcomes[3:] == [0, 2, 5]
    assert isinstance(outcomes[2], ActorCrashedError)
    assert outcomes[2].__cause__ is bug
    assert world.events_of(Restarted)


async def test_a_crash_loses_unflushed_changes(world: World) -> None:
    """A new incarnation begins with the durable state, not with the state after a bug."""
    await world.ask(Add(2))
    (crash,) = await world.send_and_settle(Raise(ValueError(), amount=100))

    await world.clock.advance(0.05)

    assert isinstance(crash.exception(), ActorCrashedError)
    assert await world.ask(Read()) == 2
    assert world.hooks_of().count("end") == 1


async def test_a_cancellation_from_inside_the_actor_is_a_crash(world: World) -> None:
    """An actor that awaits a cancelled worker must not end silently."""
    crash, after = await world.send_and_settle(Raise(asyncio.CancelledError()), Read())

    await world.clock.advance(0.05)

    assert isinstance(crash.exception(), ActorCrashedError)
    assert await after == 0


async def test_an_expected_error_is_a_reply(world: World) -> None:
    """An actor that refuses a message is not broken."""
    refusal = DiskFullError()

    with pytest.raises(DiskFullError) as caught:
        await world.ask(Raise(refusal))

    assert caught.value is refusal
    assert not world.events_of(Crashed)


async def test_a_crashed_actor_restarts_without_a_message(world: World) -> None:
    """Its quiet hook has to complete its files, and no message may ever arrive."""
    await world.send_and_settle(Raise(ValueError()))

    await world.clock.advance(0.05 + 1.0)

    assert world.hooks_of() == ["start", "end", "start", "quiet"]


async def test_backoff_doubles_while_it_crashes(world: World) -> None:
    """Useless restarts must not load the machine."""
    await world.send_and_settle(Raise(ValueError()), Raise(ValueError()))

    await world.clock.advance(0.05)
    assert len(world.events_of(Crashed)) == 2
    await world.clock.advance(0.099)
    assert len(world.events_of(Restarted)) == 1
    await world.clock.advance(0.001)

    assert len(world.events_of(Restarted)) == 2


async def test_a_crash_at_start_keeps_the_queue_waiting(world: World) -> None:
    """The message is not the cause, and the next start may succeed."""
    world.start_errors = [ValueError("bug")]
    (ask,) = await world.send_and_settle(Add(1))
    assert not ask.done()

    await world.clock.advance(0.05)

    assert await ask == 1


async def test_too_many_crashes_fail_the_key_until_the_window_has_passed() -> None:
    """A broken session fails fast, does not affect the others and recovers by itself."""
    world = World(SupervisorSettings(restart=RestartPolicy(limit=1, window_s=30.0)))
    asks = await world.send_and_settle(*[Raise(ValueError())] * 2, Read())
    await world.clock.advance(0.05)

    assert isinstance(asks[2].exception(), ActorFailedError)
    assert len(world.events_of(CoolingDown)) == 1
    assert not world.supervisor.is_live("k")
    await world.clock.advance(10.0)
    with pytest.raises(ActorFailedError) as caught:
        await world.ask(Read())
    assert caught.value.retry_after_s == pytest.approx(20.0)
    assert await world.ask(Read(), key="other") == 0
    await world.clock.advance(20.0)
    assert await world.ask(Read()) == 0
    await world.close()


async def test_crashes_count_across_sleep() -> None:
    """Otherwise an actor that sleeps between two crashes would never reach the limit."""
    policy = RestartPolicy(limit=1, window_s=30.0)
    world = World(SupervisorSettings(idle_s=2.0, restart=policy))
    await world.send_and_settle(Raise(ValueError()))
    await world.clock.advance(0.05 + 2.0)
    assert world.events_of(Slept)
    await world.send_and_settle(Raise(ValueError()))

    with pytest.raises(ActorFailedError):
        await world.ask(Read())
    await world.close()


async def test_an_expected_error_at_start_fails_the_queue_and_the_next_message_tries_again(
    world: World,
) -> None:
    """A damaged file is not a bug: each caller gets the error, and a repair needs no restart."""
    refusal = DiskFullError()
    world.start_errors = [refusal]
    asks = await world.send_and_settle(Read(), Read())

    assert [ask.exception() for ask in asks] == [refusal, refusal]
    assert world.events_of(StartRefused)
    assert not world.events_of(Crashed)
    assert await world.ask(Read()) == 0


async def test_a_failing_factory_is_a_crash() -> None:
    """A bug in the factory must not hang the callers."""

    def make(key: str) -> Actor[None, None]:
        raise ValueError(key)

    world = World()
    supervisor: Supervisor[str, None, None] = Supervisor(
        make, settings=SupervisorSettings(restart=RestartPolicy(limit=0)), clock=world.clock
    )

    with pytest.raises(ActorFailedError):
        await supervisor.ask("k", None, timeout_s=10)


async def test_drain_processes_waiting_messages_and_refuses_new_ones(world: World) -> None:
    """A stop must not fail an accepted message."""
    later, gate = Later(), asyncio.Event()
    asks = await world.send_and_settle(Defer(later.prepare), Wait(gate), Add(1))
    stop = asyncio.create_task(world.supervisor.stop(drain_s=10.0))
    await world.clock.settle()

    with pytest.raises(StoppingError):
        await world.ask(Read())
    gate.set()
    await world.clock.advance(0.9)
    assert not stop.done()
    later.result.set_result(Add(1))

    assert list(await asyncio.gather(*asks)) == [2, 0, 1]
    await stop
    assert world.hooks_of() == ["start", "stop", "end"]
    assert world.events_of(Stopped)


async def test_messages_that_wait_past_the_drain_fail(world: World) -> None:
    """A stop ends in time; messages that have not begun fail with an error that says so."""
    later, gate = Later(), asyncio.Event()
    deferred, begun, queued = await world.send_and_settle(
        Defer(later.prepare), Wait(gate), Read(), timeout_s=100.0
    )
    stop = asyncio.create_task(world.supervisor.stop(drain_s=10.0))

    await world.clock.advance(10.0)

    assert isinstance(deferred.exception(), StoppingError)
    assert isinstance(queued.exception(), StoppingError)
    assert later.is_cancelled
    assert not begun.done()
    await world.clock.advance(5.0)
    assert isinstance(begun.exception(), ActorLateError)
    await stop
    assert world.hooks_of() == ["start", "end"]
    assert world.clock.pending_count == 0


async def test_drain_does_not_wait_for_a_restart_without_messages() -> None:
    """An actor that waits for its restart has only its files to complete."""
    world = World(
        SupervisorSettings(restart=RestartPolicy(backoff_first_s=50.0, backoff_max_s=50.0))
    )
    await world.send_and_settle(Raise(ValueError()))
    stop = asyncio.create_task(world.supervisor.stop(drain_s=1.0))

    await world.clock.advance(1.0)

    assert stop.done()
    await stop
    await world.close()


async def test_an_error_in_on_event_is_raised_by_the_stop() -> None:
    """A bug in logging must neither hang a caller nor be lost."""
    world = World()

    def fail_on_stopped(event: object) -> None:
        if event == Stopped("k"):
            raise RuntimeError

    world.supervisor.on_event = fail_on_stopped
    assert await world.ask(Read()) == 0

    with pytest.raises(ExceptionGroup):
        await world.supervisor.stop(drain_s=1.0)
    assert world.supervisor.live_count == 0


async def test_started_is_reported_once(world: World) -> None:
    """The count of live sessions depends on it."""
    await asyncio.gather(*await world.send_and_settle(Read(), Read()))

    assert world.events == [Started("k")]

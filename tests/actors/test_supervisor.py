"""One key's life as its askers see it: crashes, sleep, limits, deferral and the end."""

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
    Deferred,
    HookFailed,
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
from tests.actors.fakes import Add, Defer, DiskFullError, Message, Raise, Read, Wait, World


class Later:
    """What a parked message waits for, in the test's hands."""

    def __init__(self) -> None:
        self.result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.is_cancelled = False

    async def make(self) -> Message:
        try:
            return await self.result
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


async def test_an_answer_comes_back(world: World) -> None:
    """The plainest thing of all."""
    assert await world.ask(Add(3)) == 3
    assert await world.ask(Read()) == 3


async def test_keys_do_not_share_state(world: World) -> None:
    """Two tenants never see each other."""
    await world.ask(Add(3), key="a")

    assert await world.ask(Read(), key="b") == 0


async def test_messages_run_one_at_a_time_in_their_order(world: World) -> None:
    """An actor needs no locks; the fake asserts that it is never entered twice."""
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate), Add(1), Add(1), Read())

    gate.set()

    assert list(await asyncio.gather(*asks)) == [0, 1, 2, 2]


async def test_the_actor_learns_how_long_a_message_waited(world: World) -> None:
    """The time in the mailbox is part of every trace."""
    gate = asyncio.Event()
    first, second = await world.send_and_settle(Wait(gate), Read())
    await world.clock.advance(2.0)

    gate.set()
    await asyncio.gather(first, second)

    assert world.waits_s == [0.0, 2.0]


async def test_a_message_runs_outside_of_the_first_askers_context() -> None:
    """Else the trace of whoever woke an actor would own all its later messages."""
    variable = contextvars.ContextVar("variable", default="clean")

    class Look(Actor[None, str]):
        async def on_message(self, message: None) -> str:
            return variable.get()

    supervisor: Supervisor[str, None, str] = Supervisor(
        lambda _: Look(), settings=SupervisorSettings(), clock=LoopClock()
    )
    variable.set("of the first asker")

    assert await supervisor.ask("k", None, timeout_s=10) == "clean"
    await supervisor.stop(drain_s=1)


async def test_a_full_mailbox_refuses_at_once() -> None:
    """Waiting for room would hide the overload from those who can mend it."""
    world = World(SupervisorSettings(mailbox_size=2))
    gate = asyncio.Event()
    asks = await world.send_and_settle(Wait(gate))
    asks += await world.send_and_settle(Read(), Read())

    with pytest.raises(MailboxFullError):
        await world.ask(Read())

    gate.set()
    await asyncio.gather(*asks)
    await world.close()


async def test_an_expired_message_is_never_begun_and_frees_its_place() -> None:
    """Nobody wants its effect any more, and it must not keep others out."""
    world = World(SupervisorSettings(mailbox_size=1))
    gate = asyncio.Event()
    (waiting,) = await world.send_and_settle(Wait(gate))
    (expired,) = await world.send_and_settle(Add(5), timeout_s=1.0)

    await world.clock.advance(1.0)

    with pytest.raises(DeadlinePassedError):
        await expired
    assert world.supervisor.mailbox_depth("k") == 0
    gate.set()
    assert list(await asyncio.gather(waiting, world.send(Read()))) == [0, 0]
    await world.close()


async def test_a_message_whose_asker_left_is_never_begun_and_frees_its_place(
    world: World,
) -> None:
    """A client that hung up must not change anything afterwards."""
    gate = asyncio.Event()
    waiting, left = await world.send_and_settle(Wait(gate), Add(5))

    left.cancel()
    await world.clock.settle()

    assert world.supervisor.mailbox_depth("k") == 0
    gate.set()
    assert list(await asyncio.gather(waiting, world.send(Read()))) == [0, 0]


async def test_a_begun_message_runs_to_its_end_though_its_asker_left(world: World) -> None:
    """A half-made change is worse than one that nobody reads about."""
    gate = asyncio.Event()
    (left,) = await world.send_and_settle(Wait(gate))

    left.cancel()
    await world.clock.settle()
    gate.set()

    assert await world.ask(Read()) == 0
    assert not world.events_of(Crashed)


async def test_a_begun_message_is_late_only_after_the_grace(world: World) -> None:
    """It may have effects, so its asker must not be told that it had none."""
    gate = asyncio.Event()
    (late,) = await world.send_and_settle(Wait(gate), timeout_s=1.0)

    await world.clock.advance(5.9)
    assert not late.done()
    await world.clock.advance(0.1)

    with pytest.raises(ActorLateError):
        await late
    gate.set()


async def test_a_crash_fails_its_own_message_alone(world: World) -> None:
    """One poisonous request must not cost the others theirs."""
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


async def test_a_crash_loses_what_was_not_flushed(world: World) -> None:
    """A new incarnation begins from what is durable, not from what a bug left behind."""
    await world.ask(Add(2))
    (crash,) = await world.send_and_settle(Raise(ValueError(), amount=100))

    await world.clock.advance(0.05)

    assert isinstance(crash.exception(), ActorCrashedError)
    assert await world.ask(Read()) == 2
    assert world.hooks_of().count("end") == 1


async def test_a_cancellation_that_nobody_asked_for_is_a_crash(world: World) -> None:
    """An actor that awaits a cancelled worker must not die in silence."""
    crash, after = await world.send_and_settle(Raise(asyncio.CancelledError()), Read())

    await world.clock.advance(0.05)

    assert isinstance(crash.exception(), ActorCrashedError)
    assert await after == 0


async def test_a_harmless_exception_is_an_answer(world: World) -> None:
    """An actor that says no is not broken."""
    refusal = DiskFullError()

    with pytest.raises(DiskFullError) as caught:
        await world.ask(Raise(refusal))

    assert caught.value is refusal
    assert not world.events_of(Crashed)


async def test_a_crashed_actor_is_up_again_without_being_asked(world: World) -> None:
    """Its quiet hook completes its files, and nobody may come to ask."""
    await world.send_and_settle(Raise(ValueError()))

    await world.clock.advance(0.05 + 1.0)

    assert world.hooks_of() == ["start", "end", "start", "quiet"]


async def test_backoff_doubles_while_it_crashes(world: World) -> None:
    """A restart that helps nothing must not burn the machine."""
    await world.send_and_settle(Raise(ValueError()), Raise(ValueError()))

    await world.clock.advance(0.05)
    assert len(world.events_of(Crashed)) == 2
    await world.clock.advance(0.099)
    assert len(world.events_of(Restarted)) == 1
    await world.clock.advance(0.001)

    assert len(world.events_of(Restarted)) == 2


async def test_a_crash_at_start_keeps_the_queue_waiting(world: World) -> None:
    """The message did nothing wrong, and the next try may well succeed."""
    world.start_errors = [ValueError("bug")]
    (ask,) = await world.send_and_settle(Add(1))
    assert not ask.done()

    await world.clock.advance(0.05)

    assert await ask == 1


async def test_too_many_crashes_fail_that_key_until_the_window_has_passed() -> None:
    """A broken session answers fast, leaves the others alone and heals by itself."""
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
    """Else an actor that sleeps between two crashes would never be found to fail."""
    world = World(SupervisorSettings(restart=RestartPolicy(limit=1, window_s=30.0)))
    for _ in range(2):
        await world.send_and_settle(Raise(ValueError()))
        await world.clock.advance(0.05)
        await world.supervisor.put_to_sleep("k")

    with pytest.raises(ActorFailedError):
        await world.ask(Read())
    await world.close()


async def test_a_refused_start_fails_the_queue_and_is_tried_again(world: World) -> None:
    """A damaged file is no bug: each asker is told, and mending it needs no restart."""
    refusal = DiskFullError()
    world.start_errors = [refusal]
    asks = await world.send_and_settle(Read(), Read())

    assert [ask.exception() for ask in asks] == [refusal, refusal]
    assert world.events_of(StartRefused)
    assert not world.events_of(Crashed)
    assert await world.ask(Read()) == 0


async def test_a_failing_factory_is_a_crash() -> None:
    """A bug in making an actor must not hang its askers."""

    def make(key: str) -> Actor[None, None]:
        raise ValueError(key)

    world = World()
    supervisor: Supervisor[str, None, None] = Supervisor(
        make, settings=SupervisorSettings(restart=RestartPolicy(limit=0)), clock=world.clock
    )

    with pytest.raises(ActorFailedError):
        await supervisor.ask("k", None, timeout_s=10)


async def test_quiet_comes_once_after_the_last_message(world: World) -> None:
    """Folding must not compete with requests, nor run again over nothing."""
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


async def test_a_harmless_failure_to_be_quiet_is_reported(world: World) -> None:
    """A full disk while folding loses nothing: the journal is still there."""
    world.quiet_errors = [DiskFullError()]
    await world.ask(Add(1))

    await world.clock.advance(1.0)

    assert [event.hook for event in world.events if isinstance(event, HookFailed)] == ["on_quiet"]
    assert await world.ask(Read()) == 1


async def test_an_idle_actor_sleeps_and_leaves_nothing_behind(world: World) -> None:
    """Memory is for those who use it."""
    await world.ask(Add(1))

    await world.clock.advance(300.0)

    assert world.hooks_of() == ["start", "quiet", "stop", "end"]
    assert world.events_of(Slept)
    assert world.supervisor.live_count == 0
    assert world.clock.pending_count == 0
    assert await world.ask(Read()) == 1


async def test_who_only_looks_keeps_nobody_awake(world: World) -> None:
    """Else a page that lists the actors would hold all of them in memory."""
    await world.ask(Add(1))
    for _ in range(3):
        await world.clock.advance(99.0)
        assert await world.supervisor.ask("k", Read(), timeout_s=10.0, is_use=False) == 1

    await world.clock.advance(4.0)

    assert world.supervisor.live_count == 0
    await world.ask(Add(1))
    await world.clock.advance(297.0)
    await world.ask(Read())
    await world.clock.advance(4.0)
    assert world.supervisor.live_count == 1


async def test_a_message_that_arrives_while_it_falls_asleep_reaches_the_next(
    world: World,
) -> None:
    """Nothing may be lost between two incarnations, and the old one must not see it."""
    await world.ask(Add(1))
    world.may_stop.clear()
    sleeping = asyncio.create_task(world.supervisor.put_to_sleep("k"))
    await world.clock.settle()
    (ask,) = await world.send_and_settle(Add(1))
    assert not ask.done()

    world.may_stop.set()

    assert await ask == 2
    await sleeping
    assert world.hooks_of() == ["start", "stop", "end", "start"]


async def test_sleep_serves_what_was_queued_but_not_what_comes_after(world: World) -> None:
    """A stream of messages must not keep an actor awake for ever."""
    gate = asyncio.Event()
    before = await world.send_and_settle(Wait(gate), Add(1))
    sleeping = asyncio.create_task(world.supervisor.put_to_sleep("k"))
    world.may_stop.clear()
    (after,) = await world.send_and_settle(Add(1))

    gate.set()
    await world.clock.settle()

    assert [ask.done() for ask in (*before, after)] == [True, True, False]
    world.may_stop.set()
    await sleeping
    assert await after == 2


async def test_a_failing_stop_is_reported(world: World) -> None:
    """Nobody waits for it, and it must not be lost."""
    world.stop_errors = [DiskFullError()]
    await world.ask(Add(1))

    await world.supervisor.put_to_sleep("k")

    assert [event.hook for event in world.events if isinstance(event, HookFailed)] == ["on_stop"]
    assert await world.ask(Read()) == 1


async def test_the_least_recently_used_sleeps_first() -> None:
    """Memory is bounded, and whoever is busy keeps its own."""
    world = World(SupervisorSettings(max_live=2))
    for key in ("a", "b", "a", "c"):
        await world.ask(Add(1), key=key)
    await world.clock.settle()

    assert world.hooks_of("b") == ["start", "stop", "end"]
    assert world.hooks_of("a") == world.hooks_of("c") == ["start"]
    assert world.supervisor.live_count == 2
    await world.close()


async def test_one_for_whom_messages_wait_sleeps_last() -> None:
    """To put it to sleep would wake it at once."""
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


async def test_others_are_served_while_a_message_is_parked(world: World) -> None:
    """Whoever waits for an LLM must not make the others wait, too."""
    later = Later()
    (parked,) = await world.send_and_settle(Defer(later.make))

    assert await world.ask(Add(1)) == 1
    assert world.supervisor.mailbox_depth("k") == 1
    later.result.set_result(Add(10))

    assert await parked == 11


async def test_a_parked_message_returns_before_those_that_wait(world: World) -> None:
    """It has waited the longest."""
    later, gate = Later(), asyncio.Event()
    (parked,) = await world.send_and_settle(Defer(later.make))
    waiting, behind = await world.send_and_settle(Wait(gate), Read())
    later.result.set_result(Add(10))
    await world.clock.settle()

    gate.set()

    assert list(await asyncio.gather(parked, waiting, behind)) == [10, 0, 10]


async def test_a_parked_message_keeps_its_place_in_the_bound() -> None:
    """DeferredMessages must not be a way context the mailbox's limit."""
    world = World(SupervisorSettings(mailbox_size=1))
    later = Later()
    (parked,) = await world.send_and_settle(Defer(later.make))

    with pytest.raises(MailboxFullError):
        await world.ask(Read())

    later.result.set_result(Read())
    assert await parked == 0
    assert await world.ask(Read()) == 0
    await world.close()


async def test_a_parked_message_expires(world: World) -> None:
    """Its deadline counts from when it was asked, and nobody else needs what it waits for."""
    later = Later()
    (parked,) = await world.send_and_settle(Defer(later.make), timeout_s=1.0)

    await world.clock.advance(1.0)

    assert isinstance(parked.exception(), DeadlinePassedError)
    assert later.is_cancelled
    assert world.supervisor.mailbox_depth("k") == 0


async def test_a_parked_message_goes_with_its_asker(world: World) -> None:
    """An LLM call for a client that hung up is money for nothing."""
    later = Later()
    (parked,) = await world.send_and_settle(Defer(later.make))

    parked.cancel()
    await world.clock.settle()

    assert later.is_cancelled
    assert world.supervisor.mailbox_depth("k") == 0


async def test_a_message_that_is_deferred_too_late_is_not_parked(world: World) -> None:
    """Its asker has left or was out of time: what it would wait for is money for nothing."""
    may_defer, made = asyncio.Event(), list[str]()

    async def make() -> str:
        made.append("in vain")
        return ""

    class Slow(Actor[str, str]):
        async def on_message(self, message: str) -> str | Deferred[str]:
            await may_defer.wait()
            return Deferred(make)

    supervisor: Supervisor[str, str, str] = Supervisor(
        lambda _: Slow(), settings=SupervisorSettings(), clock=world.clock
    )
    left = asyncio.create_task(supervisor.ask("left", "", timeout_s=10.0))
    late = asyncio.create_task(supervisor.ask("late", "", timeout_s=1.0))
    await world.clock.advance(1.0)
    left.cancel()
    await world.clock.settle()

    may_defer.set()
    await world.clock.settle()

    assert isinstance(late.exception(), DeadlinePassedError)
    assert made == []
    assert supervisor.waiting_count == 0
    await supervisor.stop(drain_s=1.0)


async def test_what_a_parked_message_awaited_fails_its_asker_alone(world: World) -> None:
    """A planner's failure is no crash of the actor."""
    expected_errors, bug = DiskFullError(), ValueError()
    laters = [Later(), Later(), Later()]
    asks = await world.send_and_settle(*[Defer(later.make) for later in laters])

    laters[0].result.set_exception(expected_errors)
    laters[1].result.set_exception(bug)
    laters[2].result.cancel()
    await world.clock.settle()

    assert asks[0].exception() is expected_errors
    assert isinstance(asks[1].exception(), ActorCrashedError)
    assert isinstance(asks[2].exception(), ActorCrashedError)
    assert not world.events_of(Crashed)


async def test_a_parked_message_survives_a_crash(world: World) -> None:
    """The crash was another message's."""
    later = Later()
    parked, _ = await world.send_and_settle(Defer(later.make), Raise(ValueError()))
    await world.clock.advance(0.05)

    later.result.set_result(Add(4))

    assert await parked == 4


async def test_a_parked_message_wakes_a_sleeping_actor(world: World) -> None:
    """An actor need not stay in memory while an LLM thinks."""
    later = Later()
    (parked,) = await world.send_and_settle(Defer(later.make))
    await world.supervisor.put_to_sleep("k")
    assert world.hooks_of() == ["start", "stop", "end"]
    await world.supervisor.put_to_sleep("k")  # it sleeps already

    later.result.set_result(Add(4))

    assert await parked == 4
    assert world.hooks_of() == ["start", "stop", "end", "start"]


async def test_drain_serves_what_waits_and_refuses_what_comes(world: World) -> None:
    """A stop costs nobody the answer that was promised."""
    later, gate = Later(), asyncio.Event()
    asks = await world.send_and_settle(Defer(later.make), Wait(gate), Add(1))
    stopping = asyncio.create_task(world.supervisor.stop(drain_s=10.0))
    await world.clock.settle()

    with pytest.raises(StoppingError):
        await world.ask(Read())
    gate.set()
    await world.clock.advance(0.9)
    assert not stopping.done()
    later.result.set_result(Add(1))

    assert list(await asyncio.gather(*asks)) == [2, 0, 1]
    await stopping
    assert world.hooks_of() == ["start", "stop", "end"]
    assert world.events_of(Stopped)


async def test_what_waits_past_the_drain_is_told_so(world: World) -> None:
    """A stop ends in time whatever waits; those not begun learn that nothing happened."""
    later, gate = Later(), asyncio.Event()
    parked, begun, queued = await world.send_and_settle(
        Defer(later.make), Wait(gate), Read(), timeout_s=100.0
    )
    stopping = asyncio.create_task(world.supervisor.stop(drain_s=10.0))

    await world.clock.advance(10.0)

    assert isinstance(parked.exception(), StoppingError)
    assert isinstance(queued.exception(), StoppingError)
    assert later.is_cancelled
    assert not begun.done()
    await world.clock.advance(5.0)
    assert isinstance(begun.exception(), ActorLateError)
    await stopping
    assert world.hooks_of() == ["start", "end"]
    assert world.clock.pending_count == 0


async def test_drain_does_not_wait_for_a_backoff_that_nobody_needs() -> None:
    """An actor between two lives has nothing left to complete but its files."""
    world = World(
        SupervisorSettings(restart=RestartPolicy(backoff_first_s=50.0, backoff_max_s=50.0))
    )
    await world.send_and_settle(Raise(ValueError()))
    stopping = asyncio.create_task(world.supervisor.stop(drain_s=1.0))

    await world.clock.advance(1.0)

    assert stopping.done()
    await stopping
    await world.close()


async def test_a_watcher_that_raises_is_heard_at_the_end() -> None:
    """A bug in logging must neither hang an asker nor be lost."""
    world = World()

    def watch(event: object) -> None:
        if event == Stopped("k"):
            raise RuntimeError

    world.supervisor.on_event = watch
    assert await world.ask(Read()) == 0

    with pytest.raises(ExceptionGroup):
        await world.supervisor.stop(drain_s=1.0)
    assert world.supervisor.live_count == 0


async def test_started_is_told_once(world: World) -> None:
    """Whoever counts live sessions counts these."""
    await asyncio.gather(*await world.send_and_settle(Read(), Read()))

    assert world.events == [Started("k")]

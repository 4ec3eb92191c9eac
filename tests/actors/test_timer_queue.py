"""Many timers behind one timer of the clock."""

from __future__ import annotations

from functools import partial

import pytest

from larst.actors.timer_queue import CALLBACKS_PER_TURN, TimerQueue
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timers(clock: FakeClock) -> TimerQueue:
    return TimerQueue(clock)


async def test_timers_fire_in_the_order_of_their_times(
    clock: FakeClock, timers: TimerQueue
) -> None:
    fired: list[str] = []
    start_s = clock.now()
    for name, after_s in (("late", 9.0), ("first", 1.0), ("second", 2.0)):
        timers.call_at(start_s + after_s, partial(fired.append, name))
    assert clock.pending_count == 1

    await clock.advance(2.0)

    assert fired == ["first", "second"]
    await clock.advance(7.0)
    assert fired == ["first", "second", "late"]
    assert clock.pending_count == 0


async def test_a_cancelled_timer_does_not_fire(clock: FakeClock, timers: TimerQueue) -> None:
    """And the last one leaves no timer of the clock behind."""
    fired: list[int] = []
    pending = [timers.call_at(clock.now() + 1.0, lambda: fired.append(1)) for _ in range(3)]

    for timer in pending:
        timer.cancel()
        timer.cancel()

    assert len(timers) == 0
    assert clock.pending_count == 0
    await clock.advance(2.0)
    assert fired == []


async def test_timers_that_are_cancelled_again_and_again_take_no_memory(
    clock: FakeClock, timers: TimerQueue
) -> None:
    """A session with a write each second sets and cancels a timer for each."""
    timers.call_at(clock.now() + 100.0, lambda: None)
    for _ in range(1000):
        timers.call_at(clock.now() + 50.0, lambda: None).cancel()

    assert len(timers) == 1
    assert len(timers._heap) < 100


async def test_thousands_of_timers_of_one_moment_fire_in_several_turns(
    clock: FakeClock, timers: TimerQueue
) -> None:
    """Requests are served between the turns."""
    fired: list[int] = []
    for _ in range(3 * CALLBACKS_PER_TURN):
        timers.call_at(clock.now() + 1.0, lambda: fired.append(1))

    clock._now_s += 1.0
    timers._fire()

    assert len(fired) == CALLBACKS_PER_TURN
    await clock.advance(0.0)
    assert len(fired) == 3 * CALLBACKS_PER_TURN

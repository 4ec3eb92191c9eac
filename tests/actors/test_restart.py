"""The decisions of the restart policy, for every sequence of crashes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.actors import GiveUp, RestartAfter, RestartPolicy
from larst.actors.crash_history import CrashHistory
from tests.fake_clock import FakeClock

policies = st.builds(
    RestartPolicy,
    limit=st.integers(0, 6),
    window_s=st.floats(0.5, 60.0),
    backoff_first_s=st.floats(0.0, 0.5),
    backoff_max_s=st.floats(0.5, 5.0),
)
gaps_s = st.lists(st.floats(0.0, 20.0), min_size=1, max_size=30)


@given(policies, gaps_s)
def test_it_gives_up_exactly_when_the_window_contains_more_crashes_than_the_limit(
    policy: RestartPolicy, gaps_s: list[float]
) -> None:
    """The rule as the specification states it."""
    crashes_s = list(itertools.accumulate(gaps_s))

    decision = policy.decide(crashes_s)

    in_window = [crash_s for crash_s in crashes_s if crashes_s[-1] < crash_s + policy.window_s]
    assert isinstance(decision, GiveUp) == (len(in_window) > policy.limit)


@given(policies, gaps_s)
def test_the_delay_stays_within_its_limits(policy: RestartPolicy, gaps_s: list[float]) -> None:
    """It is never below the first backoff and never above the last."""
    match policy.decide(list(itertools.accumulate(gaps_s))):
        case RestartAfter(delay_s):
            assert policy.backoff_first_s <= delay_s <= policy.backoff_max_s
        case GiveUp(until_s):
            assert until_s == pytest.approx(sum(gaps_s) + policy.window_s)


def test_the_delay_doubles_up_to_its_limit() -> None:
    """A rare failure recovers fast; a permanent one does not load the machine."""
    policy = RestartPolicy(limit=9, backoff_first_s=0.5, backoff_max_s=3.0)

    delays = [policy.decide([0.0] * count) for count in (1, 2, 3, 4, 9)]

    assert delays == [RestartAfter(delay_s) for delay_s in (0.5, 1.0, 2.0, 3.0, 3.0)]


def test_thousands_of_crashes_do_not_overflow() -> None:
    """An operator may set any limit."""
    policy = RestartPolicy(limit=10_000)

    assert policy.decide([0.0] * 5000) == RestartAfter(policy.backoff_max_s)


@pytest.mark.parametrize(
    "change",
    [{"limit": -1}, {"window_s": 0.0}, {"backoff_first_s": -1.0}, {"backoff_max_s": 0.01}],
)
def test_contradictory_values_are_refused(change: dict[str, float]) -> None:
    """The operator learns it at the start, not at the first crash."""
    with pytest.raises(ValueError, match="must"):
        RestartPolicy(**change)  # type: ignore[arg-type]  # only the limit is an int


async def test_crashes_that_no_longer_count_are_forgotten() -> None:
    """A key without recent crashes uses no memory."""
    clock = FakeClock()
    history: CrashHistory[str] = CrashHistory(RestartPolicy(window_s=30.0), clock)
    history.record("k")
    await clock.advance(20.0)
    history.record("k")

    await clock.advance(29.0)
    assert len(history) == 1
    await clock.advance(1.0)

    assert len(history) == 0
    assert clock.pending_count == 0

"""The circuit breaker opens after failures in a row, and closes by itself."""

from __future__ import annotations

import asyncio

import pytest

from larst.errors import PlannerUnreachableError
from larst.planning.models.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker
from tests.planning.models.fakes import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(open_s=15, now=clock)


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(PlannerUnreachableError, match="down"), breaker.call():
            raise PlannerUnreachableError("down")


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.call():
        pass


def test_a_few_failures_do_not_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, FAILURES_TO_OPEN - 1)
    succeed(breaker)
    fail(breaker, FAILURES_TO_OPEN - 1)

    assert not breaker.is_open


def test_an_open_breaker_fails_immediately_and_says_when_to_retry(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clock.now_s = 5

    with pytest.raises(PlannerUnreachableError, match=r"suspended.*down") as refusal:
        succeed(breaker)

    assert breaker.is_open
    assert refusal.value.retry_after_s == pytest.approx(10)
    assert not refusal.value.is_transient


def test_after_its_time_a_single_call_is_let_through(breaker: CircuitBreaker, clock: Clock) -> None:
    """A recovering provider must not be flooded by all waiting requests."""
    fail(breaker, FAILURES_TO_OPEN)
    clock.now_s = 16

    with breaker.call(), pytest.raises(PlannerUnreachableError, match="suspended"):
        succeed(breaker)

    assert not breaker.is_open
    succeed(breaker)


def test_a_failed_probe_opens_it_again(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clock.now_s = 16
    fail(breaker)

    assert breaker.is_open
    clock.now_s = 32
    succeed(breaker)
    assert not breaker.is_open


def test_a_cancelled_probe_lets_the_next_call_through(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    """Otherwise a client that disconnects would leave the breaker open forever."""
    fail(breaker, FAILURES_TO_OPEN)
    clock.now_s = 16
    with pytest.raises(asyncio.CancelledError), breaker.call():
        raise asyncio.CancelledError

    succeed(breaker)

    assert not breaker.is_open

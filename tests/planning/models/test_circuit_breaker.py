"""The circuit breaker: it opens on failures in a row, and closes by itself."""

from __future__ import annotations

import asyncio

import pytest

from larst.errors import PlannerUnreachableError
from larst.planning.models.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(open_s=15, now=clock)


def fail(circuit: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(PlannerUnreachableError, match="down"), circuit.call():
            raise PlannerUnreachableError("down")


def succeed(circuit: CircuitBreaker) -> None:
    with circuit.call():
        pass


def test_a_few_failures_do_not_open_it(circuit: CircuitBreaker) -> None:
    fail(circuit, FAILURES_TO_OPEN - 1)
    succeed(circuit)
    fail(circuit, FAILURES_TO_OPEN - 1)

    assert not circuit.is_open


def test_open_it_fails_at_once_and_says_when_to_come_back(
    circuit: CircuitBreaker, clock: Clock
) -> None:
    fail(circuit, FAILURES_TO_OPEN)
    clock.now_s = 5

    with pytest.raises(PlannerUnreachableError, match=r"suspended.*down") as refused:
        succeed(circuit)

    assert circuit.is_open
    assert refused.value.retry_after_s == pytest.approx(10)
    assert not refused.value.is_transient


def test_when_its_time_is_over_a_single_call_may_try(circuit: CircuitBreaker, clock: Clock) -> None:
    """A provider that is coming back must not be run over by all who waited."""
    fail(circuit, FAILURES_TO_OPEN)
    clock.now_s = 16

    with circuit.call(), pytest.raises(PlannerUnreachableError, match="suspended"):
        succeed(circuit)

    assert not circuit.is_open
    succeed(circuit)


def test_a_trial_that_fails_opens_it_anew(circuit: CircuitBreaker, clock: Clock) -> None:
    fail(circuit, FAILURES_TO_OPEN)
    clock.now_s = 16
    fail(circuit)

    assert circuit.is_open
    clock.now_s = 32
    succeed(circuit)
    assert not circuit.is_open


def test_a_trial_that_is_cancelled_lets_the_next_one_try(
    circuit: CircuitBreaker, clock: Clock
) -> None:
    """Else a client that left would leave the circuit open for ever."""
    fail(circuit, FAILURES_TO_OPEN)
    clock.now_s = 16
    with pytest.raises(asyncio.CancelledError), circuit.call():
        raise asyncio.CancelledError

    succeed(circuit)

    assert not circuit.is_open

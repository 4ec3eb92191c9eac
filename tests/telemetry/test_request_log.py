"""The ring of requests: bounded, sampled, one for each tenant."""

from __future__ import annotations

import pytest

from larst.telemetry import RequestDetails, RequestLog, RequestRecord
from larst.telemetry.requests import log as log_module


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def record(tenant: str | None = None, *, body: bytes = b"", id: str = "r") -> RequestRecord:
    details = RequestDetails(tenant, 0.0, has_values=True)
    return RequestRecord(
        number=0,
        request_id=id,
        trace_id="t",
        session_id="default",
        at_s=0.0,
        ms=1.0,
        method="GET",
        path="/books",
        query="",
        route="/books",
        status=200,
        plan_source="hit",
        plan_key=None,
        error=None,
        hint=None,
        details=details,
        reply_headers={},
        reply_body=body,
        reply_bytes=len(body),
    )


def test_the_oldest_requests_make_room() -> None:
    log = RequestLog()
    for _ in range(log_module.MAX_REQUESTS + 5):
        log.end(record())

    numbers = [record.number for record in log.newest(None)]

    assert len(numbers) == log_module.MAX_REQUESTS
    assert (numbers[0], numbers[-1]) == (log_module.MAX_REQUESTS + 5, 6)


def test_large_requests_make_room_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 requests with all that may be kept of each would take far more than the bound."""
    monkeypatch.setattr(log_module, "MAX_BYTES", 30_000)
    log = RequestLog()
    for _ in range(100):
        log.end(record(body=b"x" * 8_000))

    assert sum(record.size_bytes for record in log.newest(None)) <= 30_000
    assert len(log.newest(None)) == 2


def test_a_burst_is_kept_and_a_flood_is_sampled() -> None:
    """At 1,000 requests a second, the service pays for 50."""
    clock = Clock()
    log = RequestLog(clock)

    burst = sum(log.admits(None) for _ in range(100))
    flood = 0
    for _ in range(1_000):
        clock.now_s += 0.001
        flood += log.admits(None)

    assert burst == log_module.BURST
    assert flood == pytest.approx(log_module.PER_S, abs=1)
    assert log.counts(None) == (1_100, 0)


def test_a_request_that_begins_once_more_is_counted_once() -> None:
    log = RequestLog(Clock())
    was_sampled = log.admits(None)
    log.withdraw(None, was_sampled=was_sampled)

    assert log.counts(None) == (0, 0)
    assert sum(log.admits(None) for _ in range(200)) == log_module.BURST


def test_tenants_have_rings_of_their_own() -> None:
    log = RequestLog()
    log.end(record("acme", id="secret"))
    log.end(record(None))

    assert [record.number for record in log.newest("acme")] == [1]
    assert [record.number for record in log.newest(None)] == [2]
    assert log.find(None, "1") is None
    assert log.find(None, "secret") is None
    assert log.find("acme", "secret") == log.newest("acme")[0]


def test_the_ring_of_an_idle_tenant_makes_room_for_another() -> None:
    log = RequestLog()
    for number in range(log_module.MAX_TENANTS + 1):
        log.end(record(f"t{number}"))

    assert log.newest("t0") == []
    assert len(log.newest("t1")) == len(log.newest(f"t{log_module.MAX_TENANTS}")) == 1


def test_a_slow_reader_misses_the_oldest_and_learns_how_many() -> None:
    """What waits for a reader is bounded, so that it cannot fill the memory."""
    log = RequestLog()
    with log.subscribe(None) as subscription:
        assert subscription is not None
        for _ in range(log_module.MAX_WAITING + 7):
            log.end(record())

        waiting = subscription.take()

    assert (len(waiting), subscription.missed) == (log_module.MAX_WAITING, 7)
    assert waiting[-1].number == log_module.MAX_WAITING + 7
    assert subscription.take() == []


def test_a_reader_gets_only_its_tenant() -> None:
    log = RequestLog()
    with log.subscribe("acme") as subscription:
        assert subscription is not None
        log.end(record(None))
        log.end(record("globex"))

        assert subscription.take() == []


def test_the_number_of_readers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MAX_SUBSCRIPTIONS", 1)
    log = RequestLog()

    with log.subscribe(None) as first, log.subscribe(None) as second:
        assert first is not None
        assert second is None
    with log.subscribe(None) as third:
        assert third is not None

"""Counters, gauges and histograms: exact, bounded, and readable while they grow."""

from __future__ import annotations

import threading
from typing import Any

from larst.domain import TraceParent
from larst.telemetry import RequestTrace, Stage, Telemetry, activate, count
from larst.telemetry.metric_store import MAX_SERIES, OVERFLOW, RequestMeasurement
from larst.telemetry.metrics import (
    MAILBOX_WAIT,
    REQUEST_DURATION,
    SANDBOX_RUNS,
    STAGE_DURATION,
    Distribution,
)


def points(telemetry: Telemetry, name: str) -> dict[Any, Any]:
    (collected,) = [data for data in telemetry.collect() if data.metric.name == name]
    return dict(collected.points)


def measurement(route: str = "/orders", status: int = 200) -> RequestMeasurement:
    stage_ms = {"queue": 1.0, "plan": 2.0, "exec": 3.0}
    return RequestMeasurement(("GET", route, status, None), 0.25, stage_ms)


def test_a_counter_adds_up_by_labels() -> None:
    telemetry = Telemetry()
    ok, failed = (("outcome", "replied"),), (("outcome", "failed"),)
    telemetry.count(SANDBOX_RUNS, labels=ok)
    telemetry.count(SANDBOX_RUNS, labels=ok)
    telemetry.count(SANDBOX_RUNS, 2.5, failed)

    assert points(telemetry, SANDBOX_RUNS) == {ok: 2, failed: 2.5}


def test_a_count_of_the_current_request_adds_to_the_same_counter() -> None:
    """The shortcut for known labels must not count twice, nor past the bound on series."""
    telemetry = Telemetry()
    trace = RequestTrace(telemetry, "request-1", TraceParent("0" * 32, "0" * 16, "00"))
    telemetry.count(SANDBOX_RUNS)

    with activate(trace):
        for number in range(MAX_SERIES + 10):
            count(SANDBOX_RUNS, labels=(("outcome", str(number)),))
        count(SANDBOX_RUNS, 2.5)

    counts = points(telemetry, SANDBOX_RUNS)
    assert (len(counts), counts[()], counts[OVERFLOW]) == (MAX_SERIES + 1, 3.5, 11)


def test_a_request_is_measured_once_with_all_its_stages() -> None:
    telemetry = Telemetry()
    for _ in range(100):
        telemetry.record_request(measurement())

    (labels,) = points(telemetry, REQUEST_DURATION)
    request = points(telemetry, REQUEST_DURATION)[labels]
    stages = points(telemetry, STAGE_DURATION)
    assert dict(labels) == {
        "url.scheme": "http",
        "http.request.method": "GET",
        "http.route": "/orders",
        "http.response.status_code": 200,
    }
    assert (sum(request.counts), request.total) == (100, 25.0)
    assert {dict(labels)["larst.stage"] for labels in stages} == {"plan", "exec"}
    assert all(sum(stage.counts) == 100 for stage in stages.values())
    assert sum(points(telemetry, MAILBOX_WAIT)[()].counts) == 100


def test_a_stage_that_ends_after_the_reply_is_measured() -> None:
    """A program may run past the deadline of its request."""
    telemetry = Telemetry()
    trace = RequestTrace(telemetry, "request-1", TraceParent("0" * 32, "0" * 16, "00"))
    with activate(trace), Stage("exec"):
        trace.end("GET", 504, {})
    trace.record_wait(0.1)
    trace.record_lookup(0.1, "hit", "key", 0.1)
    trace.begin_commit()
    trace.end_commit(None)

    stages = points(telemetry, STAGE_DURATION)
    assert [dict(labels)["larst.stage"] for labels in stages] == [
        "exec",
        "plan",
        "validate",
        "commit",
    ]
    assert all(sum(stage.counts) == 1 for stage in stages.values())
    assert sum(points(telemetry, MAILBOX_WAIT)[()].counts) == 1


def test_any_number_of_paths_shares_a_bounded_number_of_series() -> None:
    """A client that invents paths must not fill the memory, nor every scrape."""
    telemetry = Telemetry()
    for number in range(MAX_SERIES + 500):
        telemetry.record_request(measurement(f"/p{number}"))
        telemetry.count(SANDBOX_RUNS, labels=(("outcome", str(number)),))

    series = points(telemetry, REQUEST_DURATION)
    assert len(series) == MAX_SERIES + 1
    assert sum(series[OVERFLOW].counts) == 500
    assert sum(sum(path.counts) for path in series.values()) == MAX_SERIES + 500
    counts = points(telemetry, SANDBOX_RUNS)
    assert (len(counts), counts[OVERFLOW]) == (MAX_SERIES + 1, 500)


def test_a_concurrent_collection_loses_no_request() -> None:
    telemetry = Telemetry()
    is_over = threading.Event()

    def collect() -> None:
        while not is_over.is_set():
            telemetry.collect()

    reader = threading.Thread(target=collect)
    reader.start()
    for number in range(20_000):
        telemetry.record_request(measurement(f"/r{number % 50}"))
    is_over.set()
    reader.join()

    series = points(telemetry, REQUEST_DURATION)
    assert sum(sum(path.counts) for path in series.values()) == 20_000


def test_a_bound_belongs_to_the_bucket_that_it_ends() -> None:
    distribution = Distribution((1.0, 2.0))
    for amount in (0.5, 1.0, 1.5, 2.0, 2.5):
        distribution.add(amount)

    assert distribution.counts == [2, 2, 1]
    assert (distribution.lowest, distribution.highest, distribution.total) == (0.5, 2.5, 7.5)

"""Sums, levels and distributions: exact, bounded, and readable while they grow."""

from __future__ import annotations

import threading
from typing import Any

from larst.domain import TraceParent
from larst.telemetry import RequestTrace, Stage, Telemetry
from larst.telemetry.metric_store import MAX_SERIES, OVERFLOW, Distribution, Replied
from larst.telemetry.metrics import MAILBOX_WAIT, REQUEST_DURATION, SANDBOX_RUNS, STAGE_DURATION


def points(telemetry: Telemetry, name: str) -> dict[Any, Any]:
    (reading,) = [one for one in telemetry.readings() if one.metric.name == name]
    return dict(reading.points)


def reply(route: str = "/orders", status: int = 200) -> Replied:
    stages_ms = {"queue": 1.0, "plan": 2.0, "exec": 3.0}
    return Replied(("GET", route, status, None), 0.25, stages_ms)


def test_counts_are_kept_by_labels() -> None:
    telemetry = Telemetry()
    ok, failed = (("outcome", "replied"),), (("outcome", "failed"),)
    telemetry.count(SANDBOX_RUNS, labels=ok)
    telemetry.count(SANDBOX_RUNS, labels=ok)
    telemetry.count(SANDBOX_RUNS, 2.5, failed)

    assert points(telemetry, SANDBOX_RUNS) == {ok: 2, failed: 2.5}


def test_a_reply_is_measured_once_with_all_its_stages() -> None:
    telemetry = Telemetry()
    for _ in range(100):
        telemetry.replied(reply())

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
    assert all(sum(one.counts) == 100 for one in stages.values())
    assert sum(points(telemetry, MAILBOX_WAIT)[()].counts) == 100


def test_a_stage_that_ends_after_the_reply_is_measured_all_the_same() -> None:
    """A program may run on past the deadline of its request."""
    telemetry = Telemetry()
    trace = RequestTrace(telemetry, "request-1", TraceParent("0" * 32, "0" * 16, "00"))
    with Stage(trace, "exec"):
        trace.end("GET", 504, {})

    (run,) = points(telemetry, STAGE_DURATION).values()
    assert sum(run.counts) == 1


def test_paths_without_end_share_a_series() -> None:
    """Whoever makes up paths must not fill the memory, nor every scrape."""
    telemetry = Telemetry()
    for number in range(MAX_SERIES + 500):
        telemetry.replied(reply(f"/p{number}"))
        telemetry.count(SANDBOX_RUNS, labels=(("outcome", str(number)),))

    series = points(telemetry, REQUEST_DURATION)
    assert len(series) == MAX_SERIES + 1
    assert sum(series[OVERFLOW].counts) == 500
    assert sum(sum(one.counts) for one in series.values()) == MAX_SERIES + 500
    counts = points(telemetry, SANDBOX_RUNS)
    assert (len(counts), counts[OVERFLOW]) == (MAX_SERIES + 1, 500)


def test_nothing_is_lost_while_somebody_reads() -> None:
    telemetry = Telemetry()
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            telemetry.readings()

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20_000):
        telemetry.replied(reply(f"/r{number % 50}"))
    is_over.set()
    reader.join()

    series = points(telemetry, REQUEST_DURATION)
    assert sum(sum(one.counts) for one in series.values()) == 20_000


def test_a_bound_belongs_to_the_bucket_that_it_ends() -> None:
    distribution = Distribution((1.0, 2.0))
    for amount in (0.5, 1.0, 1.5, 2.0, 2.5):
        distribution.add(amount)

    assert distribution.counts == [2, 2, 1]
    assert (distribution.lowest, distribution.highest, distribution.total) == (0.5, 2.5, 7.5)

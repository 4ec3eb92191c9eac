"""The store calls of a program: events up to a bound, totals beyond."""

from __future__ import annotations

from larst.domain import TraceParent
from larst.telemetry import RequestTrace, StoreCalls, Telemetry
from larst.telemetry.spans import Span
from larst.telemetry.store_calls import MAX_EVENTS


def _trace() -> RequestTrace:
    trace = RequestTrace(Telemetry(), "request-1", TraceParent("1" * 32, "2" * 16, "01"))
    trace.is_recording = True
    return trace


def _span(trace: RequestTrace) -> Span:
    trace.span = Span("larst.exec", None, 0, {})
    return trace.span


def _run(trace: RequestTrace, calls: int) -> None:
    store_calls = StoreCalls.of(trace)
    assert store_calls is not None
    for _ in range(calls):
        store_calls.add("users", "get")
    store_calls.end()


def test_a_program_that_runs_again_adds_no_more_events() -> None:
    """A run that needs too long for the event loop begins again in a thread, in the same span."""
    trace = _trace()
    span = _span(trace)
    span.add_event("exception", {})

    _run(trace, MAX_EVENTS - 5)
    _run(trace, MAX_EVENTS + 10)

    assert span.events is not None
    assert sum(event.name == "larst.store.call" for event in span.events) == MAX_EVENTS
    assert span.attributes["larst.store.calls"] == MAX_EVENTS + 10
    assert span.attributes["larst.store.calls.get"] == MAX_EVENTS + 10


def test_each_span_has_its_own_bound() -> None:
    """A precondition and the request itself run one program each."""
    trace = _trace()
    first = _span(trace)
    _run(trace, MAX_EVENTS + 1)
    second = _span(trace)

    _run(trace, 2)

    assert first.events is not None
    assert len(first.events) == MAX_EVENTS
    assert second.events is not None
    assert len(second.events) == 2

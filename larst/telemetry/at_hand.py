"""Telling of the request at hand, where it was not passed in: it is the running task's.

Each call does nothing where no request is at hand, as in a tool or a test of one room.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from larst.model import TraceParent
from larst.telemetry.blocks import AT_HAND
from larst.telemetry.request_trace import RequestTrace
from larst.telemetry.spans import NOT_KEPT, Attributes, Span, SpanKind
from larst.telemetry.watch import Labels


def current_request() -> RequestTrace | None:
    """Return the request that the running task works for, if any."""
    return AT_HAND.get()


def span_here() -> Span:
    """Return the span of the innermost stage that the request at hand is in."""
    request = AT_HAND.get()
    return NOT_KEPT if request is None else request.here


def count(name: str, amount: float = 1, labels: Labels = ()) -> None:
    """Add to a count of `METRICS`."""
    if (request := AT_HAND.get()) is not None:
        request.telemetry.count(name, amount, labels)


def record(name: str, amount: float, labels: Labels = ()) -> None:
    """Measure something for a histogram of `METRICS`."""
    if (request := AT_HAND.get()) is not None:
        request.telemetry.record(name, amount, labels)


def stage(
    name: str, attributes: Attributes | None = None, link: TraceParent | None = None
) -> AbstractContextManager[Span]:
    """Time the block as a stage; as `RequestTrace.stage`."""
    request = AT_HAND.get()
    return nullcontext(NOT_KEPT) if request is None else request.stage(name, attributes, link)


@contextmanager
def span(
    name: str, *, kind: SpanKind = "internal", attributes: Attributes | None = None
) -> Iterator[Span]:
    """Give a span below the one at hand; what the block raises is recorded there."""
    request = AT_HAND.get()
    if request is None or not request.is_recorded:
        yield NOT_KEPT
        return
    made, outer = request.begin_span(name, attributes, kind=kind), request.here
    request.here = made
    try:
        yield made
    except BaseException as error:
        request.record_error(made, error)
        raise
    finally:
        request.here = outer
        request.end_span(made)

"""Telling of the request at hand, where it was not passed in: it is the running task's.

Each call does nothing where no request is at hand, as in a tool or a test of one room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import context as otel_context
from opentelemetry.trace import INVALID_SPAN, Span, SpanContext, SpanKind, set_span_in_context

from larst.telemetry.request_trace import AT_HAND, Attributes, RequestTrace
from larst.telemetry.tally import Labels


def current_request() -> RequestTrace | None:
    """Return the request that the running task works for, if any."""
    return AT_HAND.get()


def count(name: str, amount: float = 1, labels: Labels = ()) -> None:
    """Add to a count of `METRICS`."""
    if (request := AT_HAND.get()) is not None:
        request.telemetry.count(name, amount, labels)


def record(name: str, amount: float, attributes: Mapping[str, str | int]) -> None:
    """Measure something for a histogram of `METRICS`."""
    if (request := AT_HAND.get()) is not None:
        request.telemetry.record(name, amount, attributes)


def stage(
    name: str, attributes: Attributes | None = None, link: SpanContext | None = None
) -> AbstractContextManager[Span]:
    """Time the block as a stage; as `RequestTrace.stage`."""
    request = AT_HAND.get()
    return nullcontext(INVALID_SPAN) if request is None else request.stage(name, attributes, link)


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None
) -> Iterator[Span]:
    """Give a span below the one at hand; one that records nothing where nothing is recorded."""
    request = AT_HAND.get()
    if request is None or not request.is_recorded:
        yield INVALID_SPAN
        return
    made = request.start_span(name, otel_context.get_current(), kind=kind, attributes=attributes)
    token = otel_context.attach(set_span_in_context(made))
    try:
        yield made
    except BaseException as error:
        request.record_error(made, error)
        raise
    finally:
        otel_context.detach(token)
        made.end()

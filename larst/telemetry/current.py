"""Telling of the request at hand, where it was not passed in: it is the running task's.

Each call does nothing where no request is at hand, as in a tool or a test of one room.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from types import TracebackType

from larst.domain import TraceParent
from larst.telemetry.metric_store import Labels
from larst.telemetry.request_trace import RequestTrace
from larst.telemetry.spans import NOT_KEPT, Attributes, Span, SpanKind

_CURRENT: ContextVar[RequestTrace | None] = ContextVar("larst_request", default=None)
"""The trace of the request that the running task works for."""


def current_request() -> RequestTrace | None:
    """Return the request that the running task works for, if any."""
    return _CURRENT.get()


def activate(trace: RequestTrace) -> Activation:
    """Make `trace` the current one while the block runs."""
    return Activation(trace)


def span_here() -> Span:
    """Return the span of the innermost stage that the request at hand is in."""
    request = _CURRENT.get()
    return NOT_KEPT if request is None else request.here


def count(name: str, amount: float = 1, labels: Labels = ()) -> None:
    """Add to a count of `METRICS`."""
    if (request := _CURRENT.get()) is not None:
        request.telemetry.count(name, amount, labels)


def record(name: str, amount: float, labels: Labels = ()) -> None:
    """Measure something for a histogram of `METRICS`."""
    if (request := _CURRENT.get()) is not None:
        request.telemetry.record(name, amount, labels)


def stage(
    name: str, attributes: Attributes | None = None, link: TraceParent | None = None
) -> AbstractContextManager[Span]:
    """Time the block as a stage of the current request; `link` is the stage that did its work."""
    request = _CURRENT.get()
    return nullcontext(NOT_KEPT) if request is None else Stage(request, name, attributes, link)


@contextmanager
def span(
    name: str, *, kind: SpanKind = "internal", attributes: Attributes | None = None
) -> Iterator[Span]:
    """Give a span below the one at hand; what the block raises is recorded there."""
    request = _CURRENT.get()
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


class Activation:
    """Makes a trace the current one of the running task, for the length of a block."""

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: RequestTrace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        self._token: Token[RequestTrace | None] = _CURRENT.set(self._trace)

    def __exit__(self, *_error: object) -> None:
        _CURRENT.reset(self._token)


class Stage:
    """Times a block as a stage of a request; an exception is recorded on the stage's span.

    A class and not a generator: it runs with every request.
    """

    __slots__ = ("_attributes", "_began_s", "_link", "_name", "_outer", "_span", "_trace")

    def __init__(
        self,
        trace: RequestTrace,
        name: str,
        attributes: Attributes | None = None,
        link: TraceParent | None = None,
    ) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes
        self._link = link

    def __enter__(self) -> Span:
        trace = self._trace
        self._outer = trace.here
        self._span = NOT_KEPT
        if trace.is_recorded:
            self._span = trace.begin_span(f"larst.{self._name}", self._attributes, link=self._link)
            trace.here = self._span
        self._began_s = time.perf_counter()
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        noted = self._trace
        noted.took(self._name, time.perf_counter() - self._began_s)
        if self._span is not NOT_KEPT:
            noted.here = self._outer
            if error is not None:
                noted.record_error(self._span, error)
            noted.end_span(self._span)

"""The current request of a task, for code that does not get the request as a parameter.

Without a current request, as in a command-line tool or a unit test, all of these do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING

from larst.telemetry.metrics import Labels
from larst.telemetry.request_trace import RequestTrace
from larst.telemetry.spans import NOOP_SPAN, Attributes, Span, SpanKind

if TYPE_CHECKING:
    from larst.domain import TraceParent

CURRENT_REQUEST: ContextVar[RequestTrace | None] = ContextVar("larst_request", default=None)
"""The request that the running task works for."""


@contextmanager
def activate(trace: RequestTrace) -> Iterator[None]:
    """Make `trace` the current request inside the block."""
    token = CURRENT_REQUEST.set(trace)
    try:
        yield
    finally:
        CURRENT_REQUEST.reset(token)


def current_request() -> RequestTrace | None:
    """Return the request that the running task works for, if any."""
    return CURRENT_REQUEST.get()


def current_span() -> Span:
    """Return the innermost open span of the current request."""
    request = CURRENT_REQUEST.get()
    return NOOP_SPAN if request is None else request.span


def count(name: str, amount: float = 1, labels: Labels = ()) -> None:
    """Add to a counter of `METRICS`."""
    if (request := CURRENT_REQUEST.get()) is None:
        return
    totals = request.telemetry.totals[name]
    if labels in totals:  # the usual case, without another call: this runs for each request
        totals[labels] += amount
    else:
        request.telemetry.count(name, amount, labels)


def record(name: str, amount: float, labels: Labels = ()) -> None:
    """Add a measurement to a histogram of `METRICS`."""
    if (request := CURRENT_REQUEST.get()) is not None:
        request.telemetry.record(name, amount, labels)


@contextmanager
def span(
    name: str, *, kind: SpanKind = "internal", attributes: Attributes | None = None
) -> Iterator[Span]:
    """Open a child of the current span; an exception from the block is recorded on it."""
    request = CURRENT_REQUEST.get()
    if request is None or not request.is_recording:
        yield NOOP_SPAN
        return
    child, parent = request.start_span(name, attributes, kind=kind), request.span
    request.span = child
    try:
        yield child
    except BaseException as error:
        request.record_error(child, error)
        raise
    finally:
        request.span = parent
        request.end_span(child)


class Stage:
    """Times a block as a stage of the current request; its span records an exception.

    `link` is the span in another trace that does the work of this stage. A class and not a
    generator, because a stage runs for each request.
    """

    __slots__ = ("_attributes", "_link", "_name", "_parent", "_request", "_span", "_started_s")

    def __init__(
        self, name: str, attributes: Attributes | None = None, link: TraceParent | None = None
    ) -> None:
        self._name = name
        self._attributes = attributes
        self._link = link

    def __enter__(self) -> Span:
        self._request = request = CURRENT_REQUEST.get()
        self._span = NOOP_SPAN
        if request is not None and request.is_recording:
            self._parent = request.span
            self._span = request.span = request.start_span(
                f"larst.{self._name}", self._attributes, link=self._link
            )
        self._started_s = time.perf_counter()
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if (request := self._request) is None:
            return
        elapsed_s = time.perf_counter() - self._started_s
        request.stage_ms[self._name] += elapsed_s * 1000
        if request.details is not None:
            end_s = self._started_s + elapsed_s
            request.details.add_stage(self._name, end_s, elapsed_s, error)
        if request.has_ended:
            request.telemetry.record_stage(self._name, elapsed_s)
        if self._span is not NOOP_SPAN:
            request.span = self._parent
            if error is not None:
                request.record_error(self._span, error)
            request.end_span(self._span)

"""Spans as plain values, and the interface of the recorder that takes them. Data.

A span of the OpenTelemetry SDK costs the serving thread 200 us for the six spans of a request;
these values, converted to SDK spans in the exporting thread, cost 55 us (opentelemetry-sdk 1.45,
where an aiohttp handler costs 22 us; benchmarks/telemetry_cost.py, November 2026).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from larst.domain import TraceParent


Value: TypeAlias = str | int | float | bool | tuple[str, ...]
Attributes: TypeAlias = Mapping[str, Value]
SpanKind: TypeAlias = Literal["internal", "server", "client"]


class Event(NamedTuple):
    """Something that happened during a span; `at_ns` is Unix time."""

    name: str
    at_ns: int
    attributes: Attributes


class Span:
    """One operation of a request. Times are Unix time in ns; `end_ns` is 0 until the span ends.

    `error` is a short description of the failure, None for success. `link` refers to a related
    span of another trace. The exporter assigns `span_id`; it is 0 until then.
    """

    __slots__ = (
        "attributes",
        "end_ns",
        "error",
        "events",
        "kind",
        "link",
        "name",
        "parent",
        "span_id",
        "start_ns",
    )

    is_recording = True

    def __init__(
        self,
        name: str,
        parent: Span | None,
        start_ns: int,
        attributes: dict[str, Value],
        kind: SpanKind = "internal",
        link: TraceParent | None = None,
    ) -> None:
        self.name = name
        self.parent = parent
        self.start_ns = start_ns
        self.end_ns = 0
        self.attributes = attributes
        self.kind: SpanKind = kind
        self.link = link
        self.events: list[Event] | None = None
        self.error: str | None = None
        self.span_id = 0

    def set_attribute(self, name: str, value: Value) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Add an event with the current time."""
        event = Event(name, time.time_ns(), attributes)
        if self.events is None:
            self.events = [event]
        else:
            self.events.append(event)


class _NoopSpan(Span):
    """Stands in for a span when the request is not sampled."""

    __slots__ = ()

    is_recording = False

    def set_attribute(self, name: str, value: Value) -> None:
        """Do nothing."""

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Do nothing."""


NOOP_SPAN: Span = _NoopSpan("", None, 0, {})


class SpanContext(NamedTuple):
    """The position of a request's server span in its trace.

    `parent_span_id` is the caller's span, 0 if the trace starts here; `trace_state` is the W3C
    `tracestate` of the trace.
    """

    trace_id: int
    span_id: int
    is_sampled: bool
    parent_span_id: int = 0
    trace_state: Mapping[str, str] | None = None


class Recorder(Protocol):
    """Decides which requests are sampled, and exports their spans."""

    def start(self, headers: Mapping[str, str], name: str) -> SpanContext:
        """Continue the trace that `headers` name, or start a new one."""

    def export(self, context: SpanContext, spans: Sequence[Span]) -> None:
        """Queue finished spans of the request that `start` returned `context` for.

        The span without a parent is the server span. Must return at once.
        """

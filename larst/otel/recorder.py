"""Traces: which requests are recorded, and how their notes become the SDK's spans.

The sampler, the ids, the batches and the exporter are the SDK's; its spans are made in the thread
that exports, and only there (the reason and its measure: larst/telemetry/spans.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from opentelemetry import propagate
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    get_current_span,
)

_KINDS = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Begun(NamedTuple):
    """A request's place in a trace; `parent` is the caller's, None where the trace is its own."""

    trace_id: int
    span_id: int
    is_sampled: bool
    parent: SpanContext | None
    state: TraceState | None


class Noted(Protocol):
    """A step of a request that has ended; times are Unix time in ns.

    `parent` is another of the same request, None for the server's own; `link` names a span of
    another trace by hexadecimal digits (`trace_id`, `span_id`); `error` is what failed, if anything
    did; of an event, `name`, `at_ns` and `attributes`. `span_id` is 0 until one is needed.
    """

    name: str
    begin_ns: int
    end_ns: int
    attributes: Any
    kind: Any
    error: str | None
    events: Any
    link: Any
    parent: Any
    span_id: int


class SpanRecorder:
    """Samples as OTEL_TRACES_SAMPLER says, and hands over what it is told to the batches."""

    def __init__(self, exporter: SpanExporter, resource: Resource, **options: Any) -> None:
        self._sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
        self._ids = RandomIdGenerator()
        self._fields = propagate.get_global_textmap().fields
        self._batches = BatchSpanProcessor(exporter, **options)

    def begin(self, headers: Mapping[str, str], name: str) -> Begun:
        """Continue the caller's trace (W3C, or as OTEL_PROPAGATORS says), or begin one."""
        context = parent = None
        if any(field in headers for field in self._fields):
            try:
                context = propagate.extract(headers)
            except ValueError:  # bytes that are no text, in the baggage
                context = None
            parent = get_current_span(context).get_span_context()
        if parent is None or not parent.is_valid:
            context = parent = None
        trace_id = self._ids.generate_trace_id() if parent is None else parent.trace_id
        sampling = self._sampler.should_sample(context, trace_id, name, SpanKind.SERVER)
        return Begun(
            trace_id,
            self._ids.generate_span_id(),
            sampling.decision is Decision.RECORD_AND_SAMPLE,
            parent,
            sampling.trace_state,
        )

    def tell(self, begun: Begun, spans: Sequence[Noted]) -> None:
        """Take the spans that have ended of a request; they are sent with others, soon."""
        batched: Any = _Batched(begun, spans)  # the batches only pass it on to the exporter
        self._batches.on_end(batched)

    def flush(self) -> None:
        """Send what there is now; blocks."""
        self._batches.force_flush()

    def shutdown(self) -> None:
        """Send what there is, and end; blocks, for as long as the exporter does."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # as the SDK has it


class _Batched:
    """The spans of one request, on their way through the SDK's batches."""

    __slots__ = ("begun", "context", "spans")

    def __init__(self, begun: Begun, spans: Sequence[Noted]) -> None:
        self.begun = begun
        self.spans = spans
        self.context = _ALWAYS  # what the batches look at, before they take it


_ALWAYS = SpanContext(1, 1, is_remote=False, trace_flags=_SAMPLED)


class UnfoldingExporter(SpanExporter):
    """Makes the SDK's spans of what is noted, and passes them on."""

    def __init__(
        self, exporter: SpanExporter, resource: Resource, scope: str, version: str
    ) -> None:
        self._exporter = exporter
        self._resource = resource
        self._scope = InstrumentationScope(scope, version)
        self._ids = RandomIdGenerator()
        self._limits = SpanLimits()

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Send the spans of a batch of requests."""
        return self._exporter.export([made for batched in spans for made in self._made(batched)])

    def shutdown(self) -> None:
        """End what is sent."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is held back; nothing is."""
        return self._exporter.force_flush(timeout_millis)

    def _made(self, batched: _Batched) -> Iterator[ReadableSpan]:
        begun = batched.begun
        for noted in batched.spans:
            parent = noted.parent
            yield ReadableSpan(
                noted.name,
                self._context(begun, self._id_of(noted, begun)),
                begun.parent
                if parent is None
                else self._context(begun, self._id_of(parent, begun)),
                self._resource,
                self._bounded(noted.attributes),
                [
                    Event(one.name, self._bounded(one.attributes), one.at_ns)
                    for one in (noted.events or ())[: self._limits.max_events]
                ],
                () if noted.link is None else (_link(noted.link),),
                _KINDS[noted.kind],
                status=_OK if noted.error is None else Status(StatusCode.ERROR, noted.error),
                start_time=noted.begin_ns,
                end_time=noted.end_ns,
                instrumentation_scope=self._scope,
            )

    def _id_of(self, noted: Noted, begun: Begun) -> int:
        if not noted.span_id:
            own = noted.parent is None
            noted.span_id = begun.span_id if own else self._ids.generate_span_id()
        return noted.span_id

    def _context(self, begun: Begun, span_id: int) -> SpanContext:
        return SpanContext(
            begun.trace_id,
            span_id,
            is_remote=False,
            trace_flags=_SAMPLED,
            trace_state=begun.state,
        )

    def _bounded(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the attributes within OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and its like."""
        limits = self._limits
        if limits.max_span_attribute_length is None and len(attributes) <= (
            limits.max_span_attributes or len(attributes)
        ):
            return attributes
        return BoundedAttributes(
            limits.max_span_attributes, attributes, max_value_len=limits.max_span_attribute_length
        )


def _link(place: Any) -> Link:
    return Link(
        SpanContext(
            int(place.trace_id, 16), int(place.span_id, 16), is_remote=False, trace_flags=_SAMPLED
        )
    )


_OK = Status()

"""Samples requests and exports their spans. Must never create an SDK span on the event loop.

The sampler, the ids, the batches and the exporter are the SDK's. Its spans are created in the
exporting thread, because that is cheaper (measured in larst/telemetry/spans.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind, Status, StatusCode, TraceFlags, TraceState

from larst.telemetry.spans import Span, SpanContext

_KINDS = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET = Status()


class SpanRecorder:
    """Samples as OTEL_TRACES_SAMPLER says, and queues the spans of sampled requests."""

    def __init__(self, exporter: SpanExporter, resource: Resource, **options: Any) -> None:
        self._sampler = sdk.TracerProvider(resource=resource, shutdown_on_exit=False).sampler
        self._ids = RandomIdGenerator()
        self._fields = propagate.get_global_textmap().fields
        self._processor = BatchSpanProcessor(exporter, **options)

    def start(self, headers: Mapping[str, str], name: str) -> SpanContext:
        """Continue the caller's trace (W3C, or as OTEL_PROPAGATORS says), or start a new one."""
        context = parent = None
        if any(field in headers for field in self._fields):
            try:
                context = propagate.extract(headers)
            except ValueError:  # baggage with bytes that are not text
                context = None
            parent = trace.get_current_span(context).get_span_context()
        if parent is None or not parent.is_valid:
            context = parent = None
        trace_id = self._ids.generate_trace_id() if parent is None else parent.trace_id
        sampling = self._sampler.should_sample(context, trace_id, name, SpanKind.SERVER)
        return SpanContext(
            trace_id,
            self._ids.generate_span_id(),
            sampling.decision is Decision.RECORD_AND_SAMPLE,
            0 if parent is None else parent.span_id,
            sampling.trace_state,
        )

    def export(self, context: SpanContext, spans: Sequence[Span]) -> None:
        """Queue finished spans of a request; the next batch sends them."""
        queued: Any = _QueuedRequest(context, spans)  # the processor only passes it to the exporter
        self._processor.on_end(queued)

    def flush(self) -> None:
        """Send all queued spans now; blocks."""
        self._processor.force_flush()

    def shutdown(self) -> None:
        """Send all queued spans and end; blocks for as long as the exporter does."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # untyped in the SDK


class _QueuedRequest:
    """The spans of one request, on their way through the SDK's batch processor."""

    __slots__ = ("context", "span_context", "spans")

    def __init__(self, span_context: SpanContext, spans: Sequence[Span]) -> None:
        self.span_context = span_context
        self.spans = spans
        self.context = _ALWAYS_SAMPLED  # all that the processor looks at


_ALWAYS_SAMPLED = trace.SpanContext(1, 1, is_remote=False, trace_flags=_SAMPLED)


class ConvertingExporter(SpanExporter):
    """Converts queued requests to SDK spans, and passes them on to `exporter`."""

    def __init__(
        self, exporter: SpanExporter, resource: Resource, scope: str, version: str
    ) -> None:
        self._exporter = exporter
        self._resource = resource
        self._scope = InstrumentationScope(scope, version)
        self._ids = RandomIdGenerator()
        self._limits = sdk.SpanLimits()

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Send the spans of a batch of requests."""
        return self._exporter.export([span for request in spans for span in self._spans(request)])

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the exporter; nothing is held back here."""
        return self._exporter.force_flush(timeout_millis)

    def _spans(self, request: _QueuedRequest) -> Iterator[sdk.ReadableSpan]:
        context = request.span_context
        state = TraceState(list(context.trace_state.items())) if context.trace_state else None
        for span in request.spans:
            yield sdk.ReadableSpan(
                span.name,
                _sdk_context(context, self._id_of(span, context), state),
                self._parent(span, context, state),
                self._resource,
                self._bounded(span.attributes),
                [
                    sdk.Event(event.name, self._bounded(event.attributes), event.at_ns)
                    for event in (span.events or ())[: self._limits.max_events]
                ],
                () if span.link is None else (_link(span.link.trace_id, span.link.span_id),),
                _KINDS[span.kind],
                status=_UNSET if span.error is None else Status(StatusCode.ERROR, span.error),
                start_time=span.start_ns,
                end_time=span.end_ns,
                instrumentation_scope=self._scope,
            )

    def _parent(
        self, span: Span, context: SpanContext, state: TraceState | None
    ) -> trace.SpanContext | None:
        if span.parent is not None:
            return _sdk_context(context, self._id_of(span.parent, context), state)
        if not context.parent_span_id:
            return None
        return _sdk_context(context, context.parent_span_id, state, is_remote=True)

    def _id_of(self, span: Span, context: SpanContext) -> int:
        if not span.span_id:
            is_server = span.parent is None
            span.span_id = context.span_id if is_server else self._ids.generate_span_id()
        return span.span_id

    def _bounded(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the attributes within OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and similar limits."""
        limits = self._limits
        if limits.max_span_attribute_length is None and len(attributes) <= (
            limits.max_span_attributes or len(attributes)
        ):
            return attributes
        return BoundedAttributes(
            limits.max_span_attributes, attributes, max_value_len=limits.max_span_attribute_length
        )


def _sdk_context(
    context: SpanContext, span_id: int, state: TraceState | None, *, is_remote: bool = False
) -> trace.SpanContext:
    return trace.SpanContext(
        context.trace_id, span_id, is_remote=is_remote, trace_flags=_SAMPLED, trace_state=state
    )


def _link(trace_id: str, span_id: str) -> trace.Link:
    ids = int(trace_id, 16), int(span_id, 16)
    return trace.Link(trace.SpanContext(*ids, is_remote=False, trace_flags=_SAMPLED))

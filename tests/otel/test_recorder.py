"""From the spans of a request to those of the SDK: ids, parents, sampling and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from larst.domain import TraceParent
from larst.otel.recorder import ConvertingExporter, SpanRecorder
from larst.telemetry.spans import Event, Span, Value
from larst.telemetry.spans import SpanKind as Kind

TRACE_ID, CALLER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01", "tracestate": "vendor=1"}


def finished(
    name: str,
    parent: Span | None = None,
    *,
    kind: Kind = "internal",
    link: TraceParent | None = None,
    **attributes: Value,
) -> Span:
    span = Span(name, parent, 1_000, dict(attributes), kind, link)
    span.end_ns = 2_000
    return span


@dataclass
class Recording:
    """A recorder, and what it has exported."""

    recorder: SpanRecorder
    exporter: InMemorySpanExporter

    def spans(self) -> dict[str, ReadableSpan]:
        self.recorder.flush()
        return {span.name: span for span in self.exporter.get_finished_spans()}


StartRecording = Callable[..., Recording]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> StartRecording:
    """Starts a recorder with OTEL_ variables."""

    def start(**variables: str) -> Recording:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        exporter, resource = InMemorySpanExporter(), Resource({"service.name": "tests"})
        converting = ConvertingExporter(exporter, resource, "scope", "1")
        return Recording(SpanRecorder(converting, resource), exporter)

    return start


def test_a_request_becomes_a_tree(record: StartRecording) -> None:
    recording = record()
    context = recording.recorder.start({}, "GET")
    root = finished("GET /orders", kind="server", route="/orders")
    stage = finished("larst.plan", root)
    call = finished("chat", stage, kind="client")
    call.error = "TimeoutError"
    call.events = [Event("exception", 1_500, {"exception.type": "TimeoutError"})]

    recording.recorder.export(context, [call, stage, root])

    spans = recording.spans()
    server, plan, chat = spans["GET /orders"], spans["larst.plan"], spans["chat"]
    assert server.context is not None
    assert plan.context is not None
    assert (server.context.trace_id, server.context.span_id) == (context.trace_id, context.span_id)
    assert server.parent is None
    assert plan.parent == server.context
    assert chat.parent == plan.context
    assert (server.kind, plan.kind, chat.kind) == (
        SpanKind.SERVER,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
    )
    assert server.attributes == {"route": "/orders"}
    assert (chat.status.status_code, chat.status.description) == (StatusCode.ERROR, "TimeoutError")
    assert plan.status.status_code is StatusCode.UNSET
    assert [(event.name, event.timestamp) for event in chat.events] == [("exception", 1_500)]
    assert (server.start_time, server.end_time) == (1_000, 2_000)
    assert server.resource.attributes["service.name"] == "tests"
    assert server.instrumentation_scope is not None
    assert server.instrumentation_scope.name == "scope"


def test_the_callers_trace_and_its_state_are_continued(record: StartRecording) -> None:
    recording = record()

    context = recording.recorder.start(CALLER, "GET")
    recording.recorder.export(context, [finished("GET")])

    span = recording.spans()["GET"]
    assert f"{context.trace_id:032x}" == TRACE_ID
    assert context.is_sampled
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == CALLER_ID
    assert span.parent.is_remote
    assert span.context is not None
    assert span.context.trace_state.get("vendor") == "1"


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", f"00-{'0' * 32}-{CALLER_ID}-01", f"ff-{TRACE_ID}-{CALLER_ID}-01"],
)
def test_an_invalid_header_starts_a_new_trace(record: StartRecording, header: str) -> None:
    context = record().recorder.start({"traceparent": header}, "GET")

    assert not context.parent_span_id
    assert context.trace_id
    assert context.is_sampled


def test_baggage_that_is_not_text_starts_a_new_trace(record: StartRecording) -> None:
    """As aiohttp passes on bytes that are not UTF-8."""
    context = record().recorder.start({**CALLER, "baggage": "a=%ff\udcff"}, "GET")

    assert context.trace_id


def test_a_span_that_ends_late_is_exported_later_below_its_parent(record: StartRecording) -> None:
    """A program may run past the deadline of its request."""
    recording = record()
    context = recording.recorder.start({}, "GET")
    root = finished("GET", kind="server")
    late = finished("larst.exec", root)

    recording.recorder.export(context, [root])
    recording.recorder.flush()
    recording.recorder.export(context, [late])

    spans = recording.spans()
    assert spans["larst.exec"].parent == spans["GET"].context


@pytest.mark.parametrize(
    ("sampler", "share", "flags", "is_sampled"),
    [
        ("always_off", "", "01", False),
        ("always_on", "", "00", True),
        ("parentbased_always_on", "", "00", False),
        ("parentbased_always_off", "", "01", True),
        ("parentbased_traceidratio", "0", "01", True),
        ("traceidratio", "0", "01", False),
    ],
)
def test_the_variable_chooses_the_sampler(
    record: StartRecording, sampler: str, share: str, flags: str, is_sampled: bool
) -> None:
    recorder = record(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=share).recorder

    context = recorder.start({"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-{flags}"}, "GET")

    assert context.is_sampled is is_sampled


def test_a_ratio_samples_about_that_share(record: StartRecording) -> None:
    recorder = record(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.25").recorder

    sampled = sum(recorder.start({}, "GET").is_sampled for _ in range(4_000))

    assert 800 < sampled < 1_200


def test_limits_of_attributes_and_events_apply(record: StartRecording) -> None:
    recording = record(
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="2",
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="3",
        OTEL_SPAN_EVENT_COUNT_LIMIT="1",
    )
    context = recording.recorder.start({}, "GET")
    long = finished("GET", a="long text", b=1, c=2)
    long.events = [Event("one", 1, {}), Event("two", 2, {})]

    recording.recorder.export(context, [long])

    span = recording.spans()["GET"]
    assert span.attributes is not None
    assert len(span.attributes) == 2
    assert all(value in ("lon", 1, 2) for value in span.attributes.values())
    assert len(span.events) == 1


def test_a_link_names_a_span_of_another_trace(record: StartRecording) -> None:
    recording = record()
    context = recording.recorder.start({}, "GET")
    target = TraceParent(TRACE_ID, CALLER_ID, "01")

    recording.recorder.export(context, [finished("GET", link=target)])

    (link,) = recording.spans()["GET"].links
    assert f"{link.context.trace_id:032x}" == TRACE_ID
    assert f"{link.context.span_id:016x}" == CALLER_ID

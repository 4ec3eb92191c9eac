"""From notes of a request to the SDK's spans: ids, parents, sampling and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from larst.otel.recorder import SpanRecorder, UnfoldingExporter

TRACE_ID, CALLER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01", "tracestate": "vendor=1"}


@dataclass
class Note:
    """A step, as a service notes it."""

    name: str
    parent: Any = None
    begin_ns: int = 1_000
    end_ns: int = 2_000
    attributes: dict[str, Any] = field(default_factory=dict)
    kind: str = "internal"
    error: str | None = None
    events: Any = None
    link: Any = None
    span_id: int = 0


@dataclass
class Happened:
    name: str
    at_ns: int
    attributes: Mapping[str, Any]


@dataclass
class Recording:
    """A recorder, and what it has exported."""

    recorder: SpanRecorder
    exported: InMemorySpanExporter

    def spans(self) -> dict[str, ReadableSpan]:
        self.recorder.flush()
        return {span.name: span for span in self.exported.get_finished_spans()}


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """Makes a recorder as the OTEL_ variables given say."""

    def make(**variables: str) -> Recording:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        exported, resource = InMemorySpanExporter(), Resource({"service.name": "tests"})
        exporter = UnfoldingExporter(exported, resource, "scope", "1")
        return Recording(SpanRecorder(exporter, resource), exported)

    return make


def test_a_request_becomes_a_tree(record: Callable[..., Recording]) -> None:
    made = record()
    begun = made.recorder.begin({}, "GET")
    root = Note("GET /orders", kind="server", attributes={"http.route": "/orders"})
    stage = Note("larst.plan", root)
    call = Note("chat", stage, kind="client", error="TimeoutError")
    call.events = [Happened("exception", 1_500, {"exception.type": "TimeoutError"})]

    made.recorder.tell(begun, [call, stage, root])

    spans = made.spans()
    server, plan, chat = spans["GET /orders"], spans["larst.plan"], spans["chat"]
    assert server.context is not None
    assert plan.context is not None
    assert (server.context.trace_id, server.context.span_id) == (begun.trace_id, begun.span_id)
    assert server.parent is None
    assert plan.parent == server.context
    assert chat.parent == plan.context
    assert (server.kind, plan.kind, chat.kind) == (
        SpanKind.SERVER,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
    )
    assert server.attributes == {"http.route": "/orders"}
    assert (chat.status.status_code, chat.status.description) == (StatusCode.ERROR, "TimeoutError")
    assert plan.status.status_code is StatusCode.UNSET
    assert [(event.name, event.timestamp) for event in chat.events] == [("exception", 1_500)]
    assert (server.start_time, server.end_time) == (1_000, 2_000)
    assert server.resource.attributes["service.name"] == "tests"
    assert server.instrumentation_scope is not None
    assert server.instrumentation_scope.name == "scope"


def test_the_callers_trace_and_its_state_are_continued(record: Callable[..., Recording]) -> None:
    made = record()

    begun = made.recorder.begin(CALLER, "GET")
    made.recorder.tell(begun, [Note("GET")])

    span = made.spans()["GET"]
    assert f"{begun.trace_id:032x}" == TRACE_ID
    assert begun.is_sampled
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == CALLER_ID
    assert span.parent.is_remote
    assert span.context is not None
    assert span.context.trace_state.get("vendor") == "1"


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", f"00-{'0' * 32}-{CALLER_ID}-01", f"ff-{TRACE_ID}-{CALLER_ID}-01"],
)
def test_what_is_no_trace_begins_a_new_one(record: Callable[..., Recording], header: str) -> None:
    begun = record().recorder.begin({"traceparent": header}, "GET")

    assert begun.parent is None
    assert begun.trace_id
    assert begun.is_sampled


def test_baggage_that_is_no_text_begins_a_new_trace(record: Callable[..., Recording]) -> None:
    """As aiohttp hands over bytes that are no UTF-8."""
    begun = record().recorder.begin({**CALLER, "baggage": "a=%ff\udcff"}, "GET")

    assert begun.trace_id


def test_a_step_that_ends_late_is_told_later_in_its_place(
    record: Callable[..., Recording],
) -> None:
    """A program may run on past the deadline of its request."""
    made = record()
    begun = made.recorder.begin({}, "GET")
    root = Note("GET", kind="server")
    late = Note("larst.exec", root)

    made.recorder.tell(begun, [root])
    made.recorder.flush()
    made.recorder.tell(begun, [late])

    spans = made.spans()
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
def test_the_sampler_is_the_one_that_is_named(
    record: Callable[..., Recording], sampler: str, share: str, flags: str, is_sampled: bool
) -> None:
    made = record(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=share)

    begun = made.recorder.begin({"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-{flags}"}, "GET")

    assert begun.is_sampled is is_sampled


def test_a_share_is_about_that_share(record: Callable[..., Recording]) -> None:
    made = record(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.25")

    sampled = sum(made.recorder.begin({}, "GET").is_sampled for _ in range(4_000))

    assert 800 < sampled < 1_200


def test_limits_of_attributes_hold(record: Callable[..., Recording]) -> None:
    made = record(
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="2",
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="3",
        OTEL_SPAN_EVENT_COUNT_LIMIT="1",
    )
    begun = made.recorder.begin({}, "GET")
    note = Note("GET", attributes={"a": "long text", "b": 1, "c": 2})
    note.events = [Happened("one", 1, {}), Happened("two", 2, {})]

    made.recorder.tell(begun, [note])

    span = made.spans()["GET"]
    assert span.attributes is not None
    assert len(span.attributes) == 2
    assert all(value in ("lon", 1, 2) for value in span.attributes.values())
    assert len(span.events) == 1


def test_a_link_leads_to_another_trace(record: Callable[..., Recording]) -> None:
    @dataclass
    class Place:
        trace_id: str
        span_id: str

    made = record()
    begun = made.recorder.begin({}, "GET")

    made.recorder.tell(begun, [Note("GET", link=Place(TRACE_ID, CALLER_ID))])

    (link,) = made.spans()["GET"].links
    assert f"{link.context.trace_id:032x}" == TRACE_ID
    assert f"{link.context.span_id:016x}" == CALLER_ID

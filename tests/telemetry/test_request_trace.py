"""The trace of a request: errors recorded once, where they arose, and without stored values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from larst.errors import DiskRefusedError, IdTakenError, NoUsablePlanError, ProgramFailedError
from larst.telemetry import (
    RequestTrace,
    Stage,
    Telemetry,
    activate,
    count,
    current_span,
    span,
)
from larst.telemetry.metrics import REQUEST_DURATION, SANDBOX_RUNS
from larst.telemetry.spans import NOOP_SPAN, Span, SpanContext

SECRET = "a stored s3cret"


@dataclass
class Recorder:
    """Samples every request, or none, and collects the exported spans."""

    is_sampling: bool = True
    exported: list[list[Span]] = field(default_factory=list)

    def start(self, headers: Mapping[str, str], name: str) -> SpanContext:
        del headers, name
        return SpanContext(1, 2, self.is_sampling)

    def export(self, context: SpanContext, spans: Sequence[Span]) -> None:
        del context
        self.exported.append(list(spans))

    def names(self) -> list[list[str]]:
        return [[exported.name for exported in spans] for spans in self.exported]

    def spans(self) -> dict[str, Span]:
        return {exported.name: exported for spans in self.exported for exported in spans}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def start(recorder: Recorder, *, shows_content: bool = False) -> RequestTrace:
    telemetry = Telemetry(recorder, shows_content=shows_content)
    return RequestTrace.start(telemetry, recorder, "request-1", "GET", {})


def fail_in_stage(trace: RequestTrace, error: Exception) -> None:
    with pytest.raises(type(error)), activate(trace), Stage("exec"):
        raise error
    trace.set_error(error)


def test_the_spans_of_a_request_are_exported_with_its_server_span(recorder: Recorder) -> None:
    trace = start(recorder)
    trace.session_id = "one"
    with activate(trace), Stage("plan", {"a": 1}) as planning:
        assert trace.span is planning
    assert not recorder.exported

    trace.end("GET", 200, {})

    (spans,) = recorder.exported
    assert recorder.names() == [["larst.plan", "GET"]]
    assert spans[0].parent is spans[1]
    assert spans[0].attributes == {"a": 1, "session.id": "one"}
    assert all(exported.end_ns >= exported.start_ns > 0 for exported in spans)
    assert trace.trace_context.header() == f"00-{1:032x}-{2:016x}-01"


def test_a_span_that_ends_after_the_reply_is_exported_alone(recorder: Recorder) -> None:
    trace = start(recorder)
    late = trace.start_span("larst.exec")
    trace.end("GET", 504, {})

    trace.end_span(late)

    assert recorder.names() == [["GET"], ["larst.exec"]]


def test_a_client_that_has_left_is_a_failure_without_a_status(recorder: Recorder) -> None:
    trace = start(recorder)

    trace.end("GET", None, {})

    server = recorder.spans()["GET"]
    assert server.error == server.attributes["error.type"] == "client_left"
    (request,) = [
        data for data in trace.telemetry.collect() if data.metric.name == REQUEST_DURATION
    ]
    assert dict(request.points[0][0])["error.type"] == "client_left"
    assert "http.response.status_code" not in server.attributes


def test_a_mistake_of_the_client_is_not_an_error_of_the_service(recorder: Recorder) -> None:
    trace = start(recorder)
    fail_in_stage(trace, IdTakenError("taken"))

    trace.end("POST", 409, {})

    run = recorder.spans()["larst.exec"]
    assert run.attributes["error.type"] == "IdTakenError"
    assert (run.error, run.events) == (None, None)
    assert recorder.spans()["POST"].error is None


def test_an_error_is_recorded_once_where_it_arose(recorder: Recorder) -> None:
    trace = start(recorder)
    fail_in_stage(trace, DiskRefusedError("the disk is full"))

    trace.end("POST", 507, {})

    run, server = recorder.spans()["larst.exec"], recorder.spans()["POST"]
    assert run.events is not None
    assert run.events[0].attributes["exception.message"] == "the disk is full"
    assert server.events is None
    assert server.error == server.attributes["error.type"] == "DiskRefusedError"


@pytest.mark.parametrize(
    "error", [ProgramFailedError(SECRET), NoUsablePlanError(SECRET), KeyError(SECRET)]
)
def test_a_message_that_may_quote_a_value_needs_the_operators_consent(
    recorder: Recorder, error: Exception
) -> None:
    """The exception of a program, or of a bug, quotes the values it met."""
    fail_in_stage(start(recorder, shows_content=False), error)
    hides = start(recorder)
    fail_in_stage(hides, error)
    hides.end("GET", 500, {})
    assert "s3cret" not in str([exported.events for exported in recorder.spans().values()])

    shows = start(recorder, shows_content=True)
    fail_in_stage(shows, error)
    shows.end("GET", 500, {})

    assert "s3cret" in str([exported.events for exported in recorder.spans().values()])


def test_a_request_that_is_not_sampled_exports_no_span(recorder: Recorder) -> None:
    recorder.is_sampling = False
    trace = start(recorder)

    with activate(trace), Stage("exec") as run, span("chat") as call:
        assert (run, call, current_span()) == (NOOP_SPAN, NOOP_SPAN, NOOP_SPAN)
    trace.record_wait(0.1)
    trace.begin_commit()
    trace.end_commit(None)
    trace.end("GET", 200, {})

    assert not recorder.exported
    assert list(trace.stage_ms) == ["exec", "queue", "commit"]
    assert trace.trace_context.flags == "00"


def test_a_task_records_on_its_current_request(recorder: Recorder) -> None:
    trace = start(recorder)

    with activate(trace):
        count(SANDBOX_RUNS)
        with Stage("plan") as planning, span("chat", kind="client") as call:
            assert current_span() is call
    trace.end("GET", 200, {})

    spans = recorder.spans()
    assert spans["chat"].parent is planning
    assert spans["chat"].kind == "client"
    (runs,) = [data for data in trace.telemetry.collect() if data.metric.name == SANDBOX_RUNS]
    assert runs.points == [((), 1)]


def test_without_a_current_request_nothing_is_recorded() -> None:
    with Stage("plan") as planning, span("chat") as call:
        count(SANDBOX_RUNS)

    assert planning is call is current_span() is NOOP_SPAN

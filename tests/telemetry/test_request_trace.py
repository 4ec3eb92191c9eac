"""What is noted of a request: told once where it arose, without values, and only if wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from larst.errors import DiskRefusedError, IdTakenError, NoUsablePlanError, ProgramFailedError
from larst.telemetry import RequestTrace, Stage, Telemetry, activate, count, span, span_here, stage
from larst.telemetry.metrics import REQUEST_DURATION, SANDBOX_RUNS
from larst.telemetry.spans import NOT_KEPT, Span

SECRET = "a stored s3cret"


@dataclass
class Begun:
    trace_id: int = 1
    span_id: int = 2
    is_sampled: bool = True


@dataclass
class Recorder:
    """Wants every request, or none, and keeps what it is told."""

    is_wanted: bool = True
    told: list[list[Span]] = field(default_factory=list)

    def begin(self, headers: Mapping[str, str], name: str) -> Begun:
        del headers, name
        return Begun(is_sampled=self.is_wanted)

    def tell(self, begun: Any, spans: Sequence[Span]) -> None:
        del begun
        self.told.append(list(spans))

    def spans(self) -> dict[str, Span]:
        return {one.name: one for told in self.told for one in told}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def begin(recorder: Recorder, *, shows_content: bool = False) -> RequestTrace:
    telemetry = Telemetry(recorder, shows_content=shows_content)
    return RequestTrace.recorded(telemetry, recorder, "request-1", "GET", {})


def fail_in_stage(trace: RequestTrace, error: Exception) -> None:
    with pytest.raises(type(error)), Stage(trace, "exec"):
        raise error
    trace.failed(error)


def test_stages_are_told_with_the_servers_span_and_not_before(recorder: Recorder) -> None:
    trace = begin(recorder)
    trace.session_id = "one"
    with Stage(trace, "plan", {"a": 1}) as planning:
        assert trace.here is planning
    assert not recorder.told

    trace.end("GET", 200, {})

    (told,) = recorder.told
    assert [one.name for one in told] == ["larst.plan", "GET"]
    assert told[0].parent is told[1]
    assert told[0].attributes == {"a": 1, "session.id": "one"}
    assert all(one.end_ns >= one.begin_ns > 0 for one in told)
    assert trace.place.header() == f"00-{1:032x}-{2:016x}-01"


def test_what_ends_after_the_reply_is_told_by_itself(recorder: Recorder) -> None:
    trace = begin(recorder)
    late = trace.begin_span("larst.exec")
    trace.end("GET", 504, {})

    trace.end_span(late)

    assert [[one.name for one in told] for told in recorder.told] == [["GET"], ["larst.exec"]]


def test_a_client_that_has_left_is_told_as_a_failure_without_a_status(recorder: Recorder) -> None:
    trace = begin(recorder)

    trace.end("GET", None, {})

    server = recorder.spans()["GET"]
    assert server.error == server.attributes["error.type"] == "client_left"
    (request,) = [one for one in trace.telemetry.readings() if one.metric.name == REQUEST_DURATION]
    assert dict(request.points[0][0])["error.type"] == "client_left"
    assert "http.response.status_code" not in server.attributes


def test_what_the_client_can_mend_is_no_error(recorder: Recorder) -> None:
    trace = begin(recorder)
    fail_in_stage(trace, IdTakenError("taken"))

    trace.end("POST", 409, {})

    run = recorder.spans()["larst.exec"]
    assert run.attributes["error.type"] == "IdTakenError"
    assert (run.error, run.events) == (None, None)
    assert recorder.spans()["POST"].error is None


def test_an_error_is_told_once_where_it_arose(recorder: Recorder) -> None:
    trace = begin(recorder)
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
def test_messages_that_may_quote_a_stored_value_are_told_only_if_wanted(
    recorder: Recorder, error: Exception
) -> None:
    """A program's exception, or a bug's, quotes what it met."""
    fail_in_stage(begin(recorder, shows_content=False), error)
    quiet = begin(recorder)
    fail_in_stage(quiet, error)
    quiet.end("GET", 500, {})
    assert "s3cret" not in str([one.events for one in recorder.spans().values()])

    open_one = begin(recorder, shows_content=True)
    fail_in_stage(open_one, error)
    open_one.end("GET", 500, {})

    assert "s3cret" in str([one.events for one in recorder.spans().values()])


def test_a_request_that_nobody_wants_leaves_no_span(recorder: Recorder) -> None:
    recorder.is_wanted = False
    trace = begin(recorder)

    with activate(trace), Stage(trace, "exec") as run, span("chat") as call:
        assert (run, call, span_here()) == (NOT_KEPT, NOT_KEPT, NOT_KEPT)
    trace.waited(0.1)
    trace.begin_commit()
    trace.end_commit(None)
    trace.end("GET", 200, {})

    assert not recorder.told
    assert list(trace.stage_ms) == ["exec", "queue", "commit"]
    assert trace.place.flags == "00"


def test_what_is_told_at_hand_goes_to_the_request_of_the_task(recorder: Recorder) -> None:
    trace = begin(recorder)

    with activate(trace):
        count(SANDBOX_RUNS)
        with stage("plan") as planning, span("chat", kind="client") as call:
            assert span_here() is call
    trace.end("GET", 200, {})

    told = recorder.spans()
    assert told["chat"].parent is planning
    assert told["chat"].kind == "client"
    (runs,) = [one for one in trace.telemetry.readings() if one.metric.name == SANDBOX_RUNS]
    assert runs.points == [((), 1)]


def test_where_no_request_is_at_hand_nothing_is_told() -> None:
    with stage("plan") as planning, span("chat") as call:
        count(SANDBOX_RUNS)

    assert planning is call is span_here() is NOT_KEPT

"""The telemetry of one request: its stages, its plan, its outcome and, if sampled, its spans.

Every request has one, because Server-Timing and the log line are made from it. It travels with the
request through the mailbox, and is the current request of the tasks that work for it. Must never
cost more than a few attribute writes where the request is not sampled.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larst.errors import CallerError
from larst.telemetry import attributes as names
from larst.telemetry.error_events import exception_attributes
from larst.telemetry.metric_store import RequestMeasurement, Telemetry
from larst.telemetry.requests.details import RequestDetails
from larst.telemetry.spans import (
    NOOP_SPAN,
    Attributes,
    Recorder,
    Span,
    SpanContext,
    SpanKind,
    Value,
)

if TYPE_CHECKING:
    from larst.domain import TraceParent

_SERVER_ERRORS = 500
_CLIENT_LEFT = "client_left"


@dataclass(slots=True)
class _Recording:
    """The spans of a sampled request; `finished` is None once the server span is exported."""

    recorder: Recorder
    context: SpanContext
    server: Span
    finished: list[Span] | None


class RequestTrace:
    """The stages, plan and outcome of one request.

    `trace_context` is its position in the caller's trace, or in a new one. `stage_ms` sums the
    time in each stage; `queue` is the wait in the mailbox. `plan_source` says where its plan came
    from, `route` is the path with identifiers replaced. `span` is its innermost open span.
    `is_precondition` is set while If-Match is checked, and marks
    those spans. `is_recording` is set if the request is sampled, `has_ended` after `end`. `details`
    are noted for the ring of requests, if it samples the request.
    """

    __slots__ = (
        "_commit_span",
        "_commit_started_s",
        "_error",
        "_has_error_event",
        "_recording",
        "details",
        "has_ended",
        "hint",
        "is_precondition",
        "is_recording",
        "plan_key",
        "plan_source",
        "plan_state",
        "request_id",
        "route",
        "session_id",
        "span",
        "stage_ms",
        "started_s",
        "telemetry",
        "trace_context",
    )

    def __init__(self, telemetry: Telemetry, request_id: str, trace_context: TraceParent) -> None:
        self.telemetry = telemetry
        self.request_id = request_id
        self.trace_context = trace_context
        self.session_id: str | None = None
        self.route: str | None = None
        self.plan_source: str | None = None
        self.plan_key: str | None = None
        self.plan_state: str | None = None
        self.stage_ms: defaultdict[str, float] = defaultdict(float)
        self.started_s = time.perf_counter()
        self.span = NOOP_SPAN
        self.is_precondition = False
        self.is_recording = False
        self.has_ended = False
        self.hint: str | None = None
        self.details: RequestDetails | None = None
        self._recording: _Recording | None = None
        self._error: BaseException | None = None
        self._has_error_event = False  # on a span below the server span
        self._commit_started_s: float | None = None
        self._commit_span = NOOP_SPAN

    @classmethod
    def start(
        cls,
        telemetry: Telemetry,
        recorder: Recorder,
        request_id: str,
        method: str,
        headers: Mapping[str, str],
    ) -> RequestTrace:
        """Return the trace of a request, with a server span if `recorder` samples it."""
        # Imported here: the log of the command line imports this module, and commands start fast.
        from larst.domain import TraceParent

        context = recorder.start(headers, method)
        flags = "01" if context.is_sampled else "00"
        trace_context = TraceParent(f"{context.trace_id:032x}", f"{context.span_id:016x}", flags)
        trace = cls(telemetry, request_id, trace_context)
        if context.is_sampled:
            trace.span = Span(method, None, time.time_ns(), {}, "server")
            trace._recording = _Recording(recorder, context, trace.span, [])
            trace.is_recording = True
        return trace

    @property
    def error_name(self) -> str | None:
        """The class of the error that the reply reports; None if the request succeeded."""
        return None if self._error is None else type(self._error).__name__

    @property
    def error_detail(self) -> str | None:
        """The reason that the reply gives for its error, if it gives one."""
        return getattr(self._error, "detail", None) or self.error_name

    def ids(self) -> dict[str, str | None]:
        """Return the ids that find the request in logs and traces."""
        return {
            "request_id": self.request_id,
            "trace_id": self.trace_context.trace_id,
            "session_id": self.session_id,
        }

    def record_wait(self, wait_s: float, error: Exception | None = None) -> None:
        """Record a wait in the mailbox that ends now; `error` says why the request never began."""
        self.stage_ms["queue"] += wait_s * 1000
        if self.details is not None:
            self.details.add_stage("queue", time.perf_counter(), wait_s, error)
        if self.has_ended:
            self.telemetry.record_stage("queue", wait_s)
        if self.is_recording:
            span = self.start_span("larst.mailbox", ago_s=wait_s)
            if error is not None:
                self.record_error(span, error)
            self.end_span(span)

    def record_lookup(self, lookup_s: float, source: str, key: str, check_s: float) -> None:
        """Record that a plan was found, and the time it took to find it and to check it."""
        self.stage_ms["plan"] += lookup_s * 1000
        self.stage_ms["validate"] += check_s * 1000
        if self.details is not None:
            now_s = time.perf_counter()
            self.details.add_stage("plan", now_s - check_s, lookup_s, None)
            self.details.add_stage("validate", now_s, check_s, None)
        if self.has_ended:
            self.telemetry.record_stage("plan", lookup_s)
            self.telemetry.record_stage("validate", check_s)
        if self.is_recording:
            attributes = {names.PLAN_SOURCE: source, names.PLAN_KEY: key}
            self.end_span(self.start_span("larst.plan", attributes, ago_s=lookup_s))
            self.end_span(self.start_span("larst.validate", ago_s=check_s))

    def set_plan(self, source: str, key: str, action: str, state: str | None) -> None:
        """Record which plan serves the request; `state`: whether a model's plan is proven."""
        self.plan_source, self.plan_key, self.plan_state = source, key, state
        if self._recording is not None:
            attributes = self._recording.server.attributes
            attributes[names.PLAN_SOURCE] = source
            attributes[names.PLAN_KEY] = key
            attributes[names.ACTION] = action

    def set_resource(self, resource: str) -> None:
        """Record the resource; only an existing one, because clients invent others."""
        if self._recording is not None:
            self._recording.server.attributes[names.RESOURCE] = resource

    def begin_commit(self) -> None:
        """Record that only the wait for the disk remains; called once at most."""
        self._commit_started_s = time.perf_counter()
        if self.is_recording:
            self._commit_span = self.start_span("larst.commit")

    def end_commit(self, error: BaseException | None) -> None:
        """Record that the wait for the disk is over, if there was a wait."""
        if self._commit_started_s is None:
            return
        elapsed_s = time.perf_counter() - self._commit_started_s
        self.stage_ms["commit"] += elapsed_s * 1000
        if self.details is not None:
            self.details.add_stage("commit", time.perf_counter(), elapsed_s, error)
        if self.has_ended:
            self.telemetry.record_stage("commit", elapsed_s)
        if self.is_recording:
            if error is not None:
                self.record_error(self._commit_span, error)
            self.end_span(self._commit_span)

    def set_error(self, error: BaseException) -> None:
        """Record the error that the reply reports."""
        self._error = error

    def end(self, method: str, status: int | None, attributes: Attributes) -> None:
        """Record that the reply is complete; `status` is None if the client has left."""
        error_type = None
        if status is None or status >= _SERVER_ERRORS:
            error_type = self.error_name or (_CLIENT_LEFT if status is None else str(status))
        outcome = (method, self.route, status, error_type)
        elapsed_s = time.perf_counter() - self.started_s
        # A copy: a program may run past its deadline, and its stage end after this.
        stage_ms = dict(self.stage_ms)
        self.telemetry.record_request(RequestMeasurement(outcome, elapsed_s, stage_ms))
        self.has_ended = True
        if self._recording is not None:
            server = self._recording.server
            server.name = method if self.route is None else f"{method} {self.route}"
            server.attributes |= attributes
            server.attributes[names.METHOD] = method
            if status is not None:
                server.attributes[names.STATUS] = status
            if error_type is not None:
                self._fail(server, error_type)
            self._end_server_span(server)

    def start_span(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        kind: SpanKind = "internal",
        link: TraceParent | None = None,
        ago_s: float = 0.0,
    ) -> Span:
        """Return a child of the current span, started `ago_s` seconds ago; the caller ends it."""
        if not self.is_recording:
            return NOOP_SPAN
        own: dict[str, Value] = {} if attributes is None else dict(attributes)
        if self.session_id is not None:
            own[names.SESSION_ID] = self.session_id
        if self.is_precondition:
            own[names.IS_PRECONDITION] = True
        return Span(name, self.span, time.time_ns() - int(ago_s * 1e9), own, kind, link)

    def end_span(self, span: Span) -> None:
        """End a span; the end of the server span exports all of them.

        A span that ends later (a program that ran past its deadline) is exported alone.
        """
        if (recording := self._recording) is None or not span.is_recording:
            return
        span.end_ns = time.time_ns()
        if recording.finished is None:
            recording.recorder.export(recording.context, [span])
            return
        recording.finished.append(span)
        if span is recording.server:
            spans, recording.finished = recording.finished, None
            recording.recorder.export(recording.context, spans)

    def record_error(self, span: Span, error: BaseException) -> None:
        """Record an error on the span where it arose; a client's mistake is not a failure."""
        if not span.is_recording:
            return
        span.set_attribute(names.ERROR_TYPE, type(error).__name__)
        if not isinstance(error, CallerError):
            self._has_error_event = True
            self._add_exception(span, error)
            span.error = type(error).__name__

    def _end_server_span(self, server: Span) -> None:
        server.attributes[names.REQUEST_ID] = self.request_id
        if self.route is not None:
            server.attributes[names.ROUTE] = self.route
        if self.session_id is not None:
            server.attributes[names.SESSION_ID] = self.session_id
        self.end_span(server)

    def _fail(self, server: Span, error_type: str) -> None:
        server.set_attribute(names.ERROR_TYPE, error_type)
        server.error = error_type
        if self._error is not None and not self._has_error_event:
            # A crash reaches the caller wrapped; the cause is the bug.
            self._add_exception(server, self._error.__cause__ or self._error)

    def _add_exception(self, span: Span, error: BaseException) -> None:
        shows_content = self.telemetry.shows_content
        span.add_event("exception", exception_attributes(error, shows_content=shows_content))

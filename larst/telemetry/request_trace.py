"""One request as it goes through the rooms: what each stage took, what was planned, what failed.

Always kept, since Server-Timing and the log tell of it; where its spans are wanted, they are noted
here, too. It travels with the request: through the mailbox in its turn, and within a task as the
one at hand, so that whoever logs or calls a model finds it.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping

from larst.domain import TraceParent
from larst.errors import CallerError, LarstError, NoUsablePlanError, ProgramFailedError
from larst.telemetry import attributes as names
from larst.telemetry.metric_store import Replied, Telemetry
from larst.telemetry.spans import NOT_KEPT, Attributes, Begun, Recorder, Span, SpanKind, Value

_MAX_MESSAGE_CHARACTERS = 500
_SERVER_ERRORS = 500
_CLIENT_LEFT = "client_left"
_QUOTING = (ProgramFailedError, NoUsablePlanError)
"""Errors of LARST whose words may hold a stored value: what a program raised with."""


class RequestTrace:
    """What is noted of one request.

    `place` is its place in the caller's trace, or in one of its own. `stage_ms` says how long the
    stages took that it has been through, those twice that it was in twice; `queue` is the wait in
    the mailbox. `source` is where its plan came from, `route` the path with identifiers taken out.
    `here` is the span of the innermost stage that it is in. `is_precondition` while
    If-Match is held against what GET would answer: the spans say so.
    """

    __slots__ = (
        "_begun",
        "_commit_began_s",
        "_commit_span",
        "_error",
        "_is_replied",
        "_is_told",
        "_recorder",
        "_server",
        "_spans",
        "began_s",
        "here",
        "is_precondition",
        "place",
        "request_id",
        "route",
        "session_id",
        "source",
        "stage_ms",
        "telemetry",
    )

    def __init__(self, telemetry: Telemetry, request_id: str, place: TraceParent) -> None:
        self.telemetry = telemetry
        self.request_id = request_id
        self.place = place
        self.session_id: str | None = None
        self.route: str | None = None
        self.source: str | None = None
        self.stage_ms: dict[str, float] = {}
        self.began_s = time.perf_counter()
        self.here = NOT_KEPT
        self.is_precondition = False
        self._is_replied = False
        self._error: BaseException | None = None  # what the reply tells of
        self._is_told = False  # a span of a stage tells of it
        self._commit_began_s: float | None = None
        self._commit_span = NOT_KEPT
        self._server = NOT_KEPT
        self._spans: list[Span] | None = None  # None: nobody wants them, or they are told
        self._recorder: Recorder | None = None
        self._begun: Begun | None = None

    @classmethod
    def recorded(
        cls,
        telemetry: Telemetry,
        recorder: Recorder,
        request_id: str,
        method: str,
        headers: Mapping[str, str],
    ) -> RequestTrace:
        """Begin with a server's span, unless `recorder` does not want this one."""
        begun = recorder.begin(headers, method)
        flags = "01" if begun.is_sampled else "00"
        place = TraceParent(f"{begun.trace_id:032x}", f"{begun.span_id:016x}", flags)
        trace = cls(telemetry, request_id, place)
        if begun.is_sampled:
            trace._recorder, trace._begun = recorder, begun
            trace._server = Span(method, None, time.time_ns(), {}, "server")
            trace._spans = []
            trace.here = trace._server
        return trace

    @property
    def is_recorded(self) -> bool:
        """Whether its spans are kept for somebody."""
        return self._server is not NOT_KEPT

    @property
    def error_name(self) -> str | None:
        """The class of what the reply tells of; None where nothing failed."""
        return None if self._error is None else type(self._error).__name__

    def ids(self) -> dict[str, str | None]:
        """Return what finds the request in logs and traces."""
        return {
            "request_id": self.request_id,
            "trace_id": self.place.trace_id,
            "session_id": self.session_id,
        }

    def waited(self, wait_s: float, error: Exception | None = None) -> None:
        """Note that it has waited in the mailbox until now; `error` is why it never began."""
        self.took("queue", wait_s)
        if self.is_recorded:
            waiting = self.begin_span("larst.mailbox", ago_s=wait_s)
            if error is not None:
                self.record_error(waiting, error)
            self.end_span(waiting)

    def record_lookup(self, took_s: float, source: str, key: str, check_s: float) -> None:
        """Note that a plan was there just now, and how long it took to find it and check it."""
        self.took("plan", took_s)
        self.took("validate", check_s)
        if self.is_recorded:
            told = {names.PLAN_SOURCE: source, names.PLAN_KEY: key}
            self.end_span(self.begin_span("larst.plan", told, ago_s=took_s))
            self.end_span(self.begin_span("larst.validate", ago_s=check_s))

    def set_plan(self, source: str, key: str, action: str) -> None:
        """Note which plan serves it."""
        self.source = source
        if self.is_recorded:
            told = self._server.attributes
            told[names.PLAN_SOURCE] = source
            told[names.PLAN_KEY] = key
            told[names.ACTION] = action

    def set_resource(self, resource: str) -> None:
        """Note which resource it is about: one that there is, since clients make up others."""
        if self.is_recorded:
            self._server.attributes[names.RESOURCE] = resource

    def begin_commit(self) -> None:
        """Note that all is done but the wait for the disk; may be called but once."""
        self._commit_began_s = time.perf_counter()
        self._commit_span = self.begin_span("larst.commit")

    def end_commit(self, error: BaseException | None) -> None:
        """Note that the wait for the disk is over, if there was one."""
        if self._commit_began_s is None:
            return
        self.took("commit", time.perf_counter() - self._commit_began_s)
        if error is not None:
            self.record_error(self._commit_span, error)
        self.end_span(self._commit_span)

    def failed(self, error: BaseException) -> None:
        """Note what the reply will tell of."""
        self._error = error

    def end(self, method: str, status: int | None, attributes: Attributes) -> None:
        """Note that the reply is made: its status, None if nobody waits for it any more."""
        is_failed = status is None or status >= _SERVER_ERRORS
        error_name = self._failure_name(status) if is_failed else None
        took_s = time.perf_counter() - self.began_s
        outcome = (method, self.route, status, error_name)
        # A copy: a program may run on past its deadline, and its stage end after this.
        self.telemetry.replied(Replied(outcome, took_s, dict(self.stage_ms)))
        self._is_replied = True
        if not self.is_recorded:
            return
        server = self._server
        server.name = method if self.route is None else f"{method} {self.route}"
        server.attributes.update(attributes)
        server.attributes[names.REQUEST_ID] = self.request_id
        server.attributes[names.METHOD] = method
        if status is not None:
            server.attributes[names.STATUS] = status
        if self.route is not None:
            server.attributes[names.ROUTE] = self.route
        if self.session_id is not None:
            server.attributes[names.SESSION_ID] = self.session_id
        if is_failed:
            self._tell_failure(server, status)
        self.end_span(server)

    def took(self, name: str, took_s: float) -> None:
        """Add to what a stage took."""
        self.stage_ms[name] = self.stage_ms.get(name, 0.0) + took_s * 1000
        if self._is_replied:
            self.telemetry.stage_took(name, took_s)

    def begin_span(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        kind: SpanKind = "internal",
        link: TraceParent | None = None,
        ago_s: float = 0.0,
    ) -> Span:
        """Return a span below the one at hand, begun `ago_s` seconds ago; the caller ends it."""
        if self._server is NOT_KEPT:
            return NOT_KEPT
        told: dict[str, Value] = {} if attributes is None else dict(attributes)
        if self.session_id is not None:
            told[names.SESSION_ID] = self.session_id
        if self.is_precondition:
            told[names.IS_PRECONDITION] = True
        return Span(name, self.here, time.time_ns() - int(ago_s * 1e9), told, kind, link)

    def end_span(self, span: Span) -> None:
        """Note that a span has ended; with the server's own, all of them are told.

        One that ends after that (a program that ran on past its deadline) is told by itself.
        """
        if self._begun is None or self._recorder is None or span is NOT_KEPT:
            return
        span.end_ns = time.time_ns()
        if self._spans is None:
            self._recorder.tell(self._begun, [span])
            return
        self._spans.append(span)
        if span is self._server:
            told, self._spans = self._spans, None
            self._recorder.tell(self._begun, told)

    def record_error(self, span: Span, error: BaseException) -> None:
        """Record what went wrong where it did; what the client can mend is no error here."""
        if not span.is_kept:
            return
        span.set(names.ERROR_TYPE, type(error).__name__)
        if isinstance(error, CallerError):
            return
        self._is_told = True
        span.happened("exception", self._exception(error))
        span.error = type(error).__name__

    def _tell_failure(self, server: Span, status: int | None) -> None:
        name = self._failure_name(status)
        server.set(names.ERROR_TYPE, name)
        server.error = name
        if self._error is not None and not self._is_told:
            # A crash is told to the asker as an error of its own, whose cause is the bug.
            server.happened("exception", self._exception(self._error.__cause__ or self._error))

    def _failure_name(self, status: int | None) -> str:
        return self.error_name or (_CLIENT_LEFT if status is None else str(status))

    def _exception(self, error: BaseException) -> dict[str, Value]:
        """Return the event's attributes; no message that may hold a stored value."""
        kind = type(error)
        told: dict[str, Value] = {names.EXCEPTION_TYPE: f"{kind.__module__}.{kind.__qualname__}"}
        is_ours = isinstance(error, LarstError) and not isinstance(error, _QUOTING)
        if is_ours or self.telemetry.shows_content:
            told[names.EXCEPTION_MESSAGE] = str(error)[:_MAX_MESSAGE_CHARACTERS]
        if not isinstance(error, LarstError) and error.__traceback__ is not None:
            told[names.EXCEPTION_STACKTRACE] = "".join(traceback.format_tb(error.__traceback__))
        return told

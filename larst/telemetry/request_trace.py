"""One request as it goes through the rooms: what each stage took, what was planned, what failed.

Always kept, since Server-Timing and the log tell of it; where spans are recorded, they are made
here, too. It travels with the request: through the mailbox in its turn, and within a task as the
one at hand, so that whoever logs or calls a model finds it.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TypeAlias

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    set_span_in_context,
)

from larst.errors import CallerError, LarstError, ProgramFailedError
from larst.model import TraceParent
from larst.telemetry import attributes as names
from larst.telemetry.metrics import MAILBOX_WAIT, REQUEST_DURATION, STAGE_DURATION
from larst.telemetry.watch import Telemetry

Attributes: TypeAlias = Mapping[str, str | int | float | bool | tuple[str, ...]]

_MAX_MESSAGE_CHARACTERS = 500
_SERVER_ERRORS = 500

AT_HAND: ContextVar[RequestTrace | None] = ContextVar("larst_request", default=None)
"""The request that the running task works for."""


class RequestTrace:
    """What is noted of one request.

    `place` is its place in the caller's trace, or in one of its own. `stage_ms` says how long the
    stages took that it has been through, those twice that it was in twice; `queue` is the wait in
    the mailbox. `source` is where its plan came from, `route` the path with identifiers taken out.
    """

    __slots__ = (
        "_attributes",
        "_commit_began_s",
        "_commit_span",
        "_context",
        "_error",
        "_span",
        "_told",
        "_tracer",
        "began_s",
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
        self._tracer: Tracer | None = None
        self._span: Span = INVALID_SPAN
        self._context: Context | None = None  # None: nothing is recorded
        self._attributes: dict[str, str | int] = {}
        self._error: BaseException | None = None  # what the reply tells of
        self._told: BaseException | None = None  # what a span of a stage has recorded
        self._commit_began_s: float | None = None
        self._commit_span: Span = INVALID_SPAN

    @classmethod
    def recorded(
        cls,
        telemetry: Telemetry,
        tracer: Tracer,
        request_id: str,
        method: str,
        headers: Mapping[str, str],
    ) -> RequestTrace:
        """Begin with a server span that continues the caller's context (W3C, OTEL_PROPAGATORS)."""
        parent = propagate.extract(headers)
        server = tracer.start_span(method, parent, SpanKind.SERVER)
        trace = cls(telemetry, request_id, _place(server.get_span_context()))
        if server.is_recording():
            trace._tracer, trace._span = tracer, server
            trace._context = set_span_in_context(server, parent)
        return trace

    @property
    def is_recorded(self) -> bool:
        """Whether its spans are kept for somebody."""
        return self._context is not None

    @property
    def error_name(self) -> str | None:
        """The class of what the reply tells of; None where nothing failed."""
        return None if self._error is None else _name(self._error)

    def current(self) -> _AtHand:
        """Be the request at hand while the block runs."""
        return _AtHand(self)

    def stage(
        self, name: str, attributes: Attributes | None = None, link: SpanContext | None = None
    ) -> _Stage:
        """Time the block as a stage, and give its span; what it raises is recorded there.

        `link` is another request's span, that did the work for this one too.
        """
        return _Stage(self, name, attributes, link)

    def waited(self, wait_s: float, error: Exception | None = None) -> None:
        """Note that it has waited in the mailbox until now; `error` is why it never began."""
        self.took("queue", wait_s)
        if self._context is not None:
            end_ns = time.time_ns()
            begin_ns = end_ns - int(wait_s * 1e9)
            waiting = self.start_span("larst.mailbox", self._context, begin_ns=begin_ns)
            if error is not None:
                self.record_error(waiting, error)
            waiting.end(end_ns)

    def passed(self, name: str, took_s: float, attributes: Attributes | None = None) -> None:
        """Note a stage that has just ended, by how long it took."""
        self.took(name, took_s)
        if self._context is not None:
            end_ns = time.time_ns()
            begin_ns = end_ns - int(took_s * 1e9)
            self.start_span(
                f"larst.{name}", self._context, attributes=attributes, begin_ns=begin_ns
            ).end(end_ns)

    def planned(self, route: str, source: str, key: str, resource: str | None, action: str) -> None:
        """Note which plan serves it."""
        self.route, self.source = route, source
        if self._context is not None:
            self._attributes[names.PLAN_SOURCE] = source
            self._attributes[names.PLAN_KEY] = key
            self._attributes[names.ACTION] = action
            if resource is not None:
                self._attributes[names.RESOURCE] = resource

    def begin_commit(self) -> None:
        """Note that all is done but the wait for the disk; may be called but once."""
        self._commit_began_s = time.perf_counter()
        if self._context is not None:
            self._commit_span = self.start_span("larst.commit", self._context)

    def end_commit(self, error: BaseException | None) -> None:
        """Note that the wait for the disk is over, if there was one."""
        if self._commit_began_s is None:
            return
        self.took("commit", time.perf_counter() - self._commit_began_s)
        if error is not None and self._commit_span.is_recording():
            self.record_error(self._commit_span, error)
        self._commit_span.end()

    def failed(self, error: BaseException) -> None:
        """Note what the reply will tell of."""
        self._error = error

    def end(self, method: str, status: int | None, attributes: Attributes) -> None:
        """Note that the reply is made: its status, None if nobody waits for it any more."""
        self._measure(method, status, attributes)
        if self._context is None:
            return
        server = self._span
        server.update_name(f"{method} {self.route}" if self.route else method)
        server.set_attributes({**attributes, **self._attributes})
        server.set_attribute(names.REQUEST_ID, self.request_id)
        for name, value in (
            (names.METHOD, method),
            (names.STATUS, status),
            (names.ROUTE, self.route),
            (names.SESSION_ID, self.session_id),
        ):
            if value is not None:
                server.set_attribute(name, value)
        self._tell_error(status)
        server.end()

    def took(self, name: str, took_s: float) -> None:
        """Add to what a stage took."""
        self.stage_ms[name] = self.stage_ms.get(name, 0.0) + took_s * 1000
        if self.telemetry.is_measuring:
            if name == "queue":
                self.telemetry.record(MAILBOX_WAIT, took_s, {})
            else:
                self.telemetry.record(STAGE_DURATION, took_s, {names.STAGE: name})

    def start_span(
        self,
        name: str,
        parent: Context,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        link: SpanContext | None = None,
        begin_ns: int | None = None,
    ) -> Span:
        """Return a new span below `parent`, with the session's id; the caller ends it."""
        if self._tracer is None:
            return INVALID_SPAN
        told = dict(attributes or {})
        if self.session_id is not None:
            told[names.SESSION_ID] = self.session_id
        links = None if link is None else [Link(link)]
        return self._tracer.start_span(name, parent, kind, told, links, begin_ns)

    def record_error(self, failed: Span, error: BaseException) -> None:
        """Record what went wrong where it did; what the client can mend is no error here."""
        failed.set_attribute(names.ERROR_TYPE, type(error).__name__)
        if isinstance(error, CallerError):
            return
        self._told = error
        failed.add_event("exception", self._exception(error))
        failed.set_status(StatusCode.ERROR, type(error).__name__)

    def _exception(self, error: BaseException) -> dict[str, str]:
        """Return the event's attributes; no message that may hold a stored value."""
        told = {names.EXCEPTION_TYPE: f"{type(error).__module__}.{type(error).__qualname__}"}
        is_ours = isinstance(error, LarstError) and not isinstance(error, ProgramFailedError)
        if is_ours or self.telemetry.shows_content:
            told[names.EXCEPTION_MESSAGE] = str(error)[:_MAX_MESSAGE_CHARACTERS]
        if not isinstance(error, LarstError) and error.__traceback__ is not None:
            told[names.EXCEPTION_STACKTRACE] = "".join(traceback.format_tb(error.__traceback__))
        return told

    def _tell_error(self, status: int | None) -> None:
        error = self._error
        if status is not None and status < _SERVER_ERRORS:
            return
        name = str(status) if error is None else type(error).__name__
        self._span.set_attribute(names.ERROR_TYPE, name)
        self._span.set_status(StatusCode.ERROR, name)
        # A crash is told to the asker as an error of its own, whose cause a stage has recorded.
        is_told = self._told is not None and self._told in (error, error and error.__cause__)
        if error is not None and not is_told:
            self._span.add_event("exception", self._exception(error.__cause__ or error))

    def _measure(self, method: str, status: int | None, attributes: Attributes) -> None:
        if not self.telemetry.is_measuring:
            return
        told: dict[str, str | int] = {names.METHOD: method}
        if (scheme := attributes.get(names.SCHEME)) is not None:
            told[names.SCHEME] = str(scheme)
        if self.route is not None:
            told[names.ROUTE] = self.route
        if status is not None:
            told[names.STATUS] = status
        if status is None or status >= _SERVER_ERRORS:
            told[names.ERROR_TYPE] = str(status) if self._error is None else _name(self._error)
        self.telemetry.record(REQUEST_DURATION, time.perf_counter() - self.began_s, told)


class _AtHand:
    """Makes a request the one at hand; a class of its own, since it runs with every request."""

    __slots__ = ("_otel", "_token", "_trace")

    def __init__(self, trace: RequestTrace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        self._token: Token[RequestTrace | None] = AT_HAND.set(self._trace)
        inner = self._trace._context
        self._otel = None if inner is None else otel_context.attach(inner)

    def __exit__(self, *_error: object) -> None:
        if self._otel is not None:
            otel_context.detach(self._otel)
        AT_HAND.reset(self._token)


class _Stage:
    """Times a stage; a class of its own, since it runs with every request."""

    __slots__ = ("_attributes", "_began_s", "_link", "_name", "_span", "_token", "_trace")

    def __init__(
        self,
        trace: RequestTrace,
        name: str,
        attributes: Attributes | None,
        link: SpanContext | None,
    ) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes
        self._link = link

    def __enter__(self) -> Span:
        trace = self._trace
        self._span: Span = INVALID_SPAN
        self._token: Token[Context] | None = None
        if trace._context is not None:
            self._span = trace.start_span(
                f"larst.{self._name}",
                trace._context,
                attributes=self._attributes,
                link=self._link,
            )
            inner = set_span_in_context(self._span, trace._context)
            self._token = otel_context.attach(inner)
        self._began_s = time.perf_counter()
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._trace.took(self._name, time.perf_counter() - self._began_s)
        if self._token is not None:
            otel_context.detach(self._token)
            if error is not None:
                self._trace.record_error(self._span, error)
            self._span.end()


def _place(at: SpanContext) -> TraceParent:
    return TraceParent(f"{at.trace_id:032x}", f"{at.span_id:016x}", f"{at.trace_flags:02x}")


def _name(error: BaseException) -> str:
    return type(error).__name__

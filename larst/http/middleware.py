"""The edge: who is admitted, what every reply carries, and what is told of it afterwards.

Nothing passes it as HTML or as a stack trace. Must never decide what a request means.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping

from aiohttp import web

from larst.config import Settings
from larst.domain import METHODS
from larst.errors import UnauthorizedError
from larst.http.access_log import _log, begin_trace, known_method, log_request, span_attributes
from larst.http.control.guards import refuse_other_origins
from larst.http.cors import cors_headers, is_preflight, preflight
from larst.http.ingress import bytes_of
from larst.http.keys import TOKEN, TRACE, Handler
from larst.http.responses import (
    error_response,
    not_allowed,
    server_timing,
)
from larst.telemetry import RequestTrace, Telemetry

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""SessionReply without a token, for those who watch over the process."""

PAGE_PATHS = frozenset({"/docs", "/redoc"})
FILES_PATH = "/_larst/ui/"
"""The pages and their files, answered without a token: a browser has none to send before the page
has asked for it. They are the same for everybody, and hold no data."""

METRICS_PATH = "/_larst/metrics"

UNTRACED_PATHS = OPEN_PATHS | {METRICS_PATH}
"""Asked every few seconds by machines: their spans would hide all others."""

CATCH_ALL = "/{path}"
"""How aiohttp names the route of everything that is planned."""

_NOTHING: Mapping[str, str | int] = {}


class Middleware:
    """Goes around every handler, as a middleware."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._token = settings.auth_token
        self._origins = settings.cors_origins
        self._telemetry = telemetry

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Admit a request, and have every error be a reply."""
        trace = self.begin(request)
        request[TRACE] = trace
        status = None
        try:
            response = await self._answer(request, handler, trace)
            status = response.status
        finally:  # also for a client that has left
            self.tell(request, trace, status)
        return response

    def begin(self, request: web.Request) -> RequestTrace:
        """Return what is noted of a request from now on."""
        is_recorded = request.path not in UNTRACED_PATHS
        return begin_trace(request, self._telemetry, is_recorded=is_recorded)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add what every reply carries, when its head is about to leave."""
        trace, headers = self._trace_of(request), response.headers
        headers["X-Request-ID"] = trace.request_id
        headers["Server"] = "larst"
        headers["traceparent"] = trace.trace_context.header()
        if (timing := server_timing(trace)) is not None:
            headers["Server-Timing"] = timing
        if trace.session_id is not None:
            headers["X-Session-ID"] = trace.session_id
        if not _is_control(request):
            for name, value in cors_headers(request, self._origins).items():
                headers[name] = value

    def tell(self, request: web.Request, trace: RequestTrace, status: int | None) -> None:
        """Tell span, metrics and log how it went; `status` None: its client has left.

        What goes wrong here is a bug that the log tells of: the reply is made, and leaves.
        """
        try:
            self._tell(request, trace, status)
        except Exception:  # noqa: BLE001  # a bug here must not take the place of the reply
            _log.exception("a request could not be told of", extra={"fields": trace.ids()})

    def _tell(self, request: web.Request, trace: RequestTrace, status: int | None) -> None:
        if trace.route is None and (resource := request.match_info.route.resource) is not None:
            canonical = resource.canonical
            trace.route = None if canonical == CATCH_ALL else canonical
        attributes = span_attributes(request) if trace.is_recording else _NOTHING
        trace.end(known_method(request.method), status, attributes)
        if _log.isEnabledFor(logging.INFO):
            log_request(request, trace, status)

    def _trace_of(self, request: web.Request) -> RequestTrace:
        """Return what is noted; aiohttp answers some requests before any middleware sees them."""
        if (trace := request.get(TRACE)) is None:
            trace = request[TRACE] = self.begin(request)
        return trace

    async def _answer(
        self, request: web.Request, handler: Handler, trace: RequestTrace
    ) -> web.StreamResponse:
        try:
            return await self._admit(request, handler)
        except Exception as error:  # the edge: whatever went wrong becomes a reply
            if isinstance(error, ConnectionError) and _has_left(request):
                raise  # in the middle of a reply that was streamed: there is nobody to tell
            trace.set_error(error)
            return error_response(request, error, trace.request_id)

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_open(request.path):
            return await handler(request)
        if _is_control(request):
            refuse_other_origins(request)
        elif is_preflight(request):
            return preflight(request, self._origins)
        if (token := self._authorize(request)) is not None:
            request[TOKEN] = token
        if request.method not in METHODS:
            return not_allowed(request, METHODS)
        return await handler(request)

    def _authorize(self, request: web.Request) -> str | None:
        """Return the bearer token that the client sent, or None.

        Raises:
            UnauthorizedError: a token is demanded, and this is not it.
        """
        sent = request.headers.get("Authorization", "")
        token = sent[7:].strip() if sent[:7].lower() == "bearer " else None
        if self._token is None:
            return token or None
        # Bytes, since compare_digest takes no other text than ASCII.
        if token is None or not hmac.compare_digest(bytes_of(token), bytes_of(self._token)):
            raise UnauthorizedError("send the header Authorization: Bearer <token>")
        return token


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path in PAGE_PATHS or path.startswith(FILES_PATH)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _is_control(request: web.Request) -> bool:
    return request.path.startswith("/_larst")

"""The middleware around every handler: access checks, error replies, headers, and the log line.

It turns every error into JSON. Must never interpret the path of a planned request.
"""

from __future__ import annotations

import re

from aiohttp import web

from larst.config import HttpSettings
from larst.domain import METHODS
from larst.http.access_log import finish_trace, start_trace
from larst.http.control.guards import refuse_other_origins
from larst.http.cors import cors_headers, is_preflight, preflight
from larst.http.keys import ACCESS, TRACE, Handler
from larst.http.responses import error_response, not_allowed, trace_headers
from larst.http.tokens import access_of
from larst.telemetry import RequestTrace, Telemetry
from larst.tokens import TokenSource

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Served without a token, for health checks."""

PAGE_PATHS = re.compile(r"(/@[A-Za-z0-9_-]{1,128})?/(docs|redoc)")
FILES_PATH = "/_larst/ui/"
"""The pages and their files, served without a token: the page itself asks the visitor for it.
They are the same for all clients and contain no data."""

CONTROL_PATH = "/_larst"
METRICS_PATH = "/_larst/metrics"

UNTRACED_PATHS = OPEN_PATHS | {METRICS_PATH}
"""Requested by machines every few seconds: their spans would hide all other spans."""


class Middleware:
    """Wraps every handler of the application."""

    def __init__(self, settings: HttpSettings, telemetry: Telemetry, tokens: TokenSource) -> None:
        self._tokens = tokens
        self._origins = settings.cors_origins
        self._telemetry = telemetry

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check a request, pass it to its handler, and turn every error into a reply."""
        trace = self._start_trace(request)
        status = None
        try:
            response = self._refusal(request) or await handler(request)
            status = response.status
        except Exception as error:
            if isinstance(error, ConnectionError) and _is_disconnected(request):
                raise  # in the middle of a streamed reply: another reply cannot follow
            trace.set_error(error)
            response = error_response(request, error, trace.request_id)
            status = response.status
        finally:  # also for a client that has disconnected
            finish_trace(request, trace, status)
        return response

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every reply, just before they are sent."""
        # aiohttp replies to some requests before any middleware runs.
        trace = request.get(TRACE) or self._start_trace(request)
        headers = response.headers
        headers.update(trace_headers(trace))
        if not request.path.startswith(CONTROL_PATH):
            headers.update(cors_headers(request, self._origins))

    def _start_trace(self, request: web.Request) -> RequestTrace:
        trace = start_trace(
            request, self._telemetry, is_recorded=request.path not in UNTRACED_PATHS
        )
        request[TRACE] = trace
        return trace

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the reply to a request that is not passed on; None if it is.

        Raises:
            UnauthorizedError: the token is missing or wrong.
            ForbiddenError: the request comes from a page of another origin, or the token lacks the
                scope.
        """
        path = request.path
        if path in OPEN_PATHS or PAGE_PATHS.fullmatch(path) or path.startswith(FILES_PATH):
            return None
        if path.startswith(CONTROL_PATH):
            refuse_other_origins(request)
        elif request.method == "OPTIONS" and is_preflight(request):
            return preflight(request, self._origins)
        access = request[ACCESS] = access_of(request, self._tokens.table)
        if path.startswith(CONTROL_PATH):
            access.require_admin()
        elif request.method in METHODS:
            access.require_method(request.method)
        return None if request.method in METHODS else not_allowed(request, METHODS)


def _is_disconnected(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()

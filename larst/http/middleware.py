"""The middleware around every handler: access checks, error replies, headers, and the log line.

It turns every error into JSON. Must never interpret the path of a planned request.
"""

from __future__ import annotations

import hmac

from aiohttp import web

from larst.config import HttpSettings
from larst.domain import METHODS
from larst.errors import UnauthorizedError
from larst.http.access_log import finish_trace, start_trace
from larst.http.control.guards import refuse_other_origins
from larst.http.cors import cors_headers, is_preflight, preflight
from larst.http.ingress import bytes_of
from larst.http.keys import TOKEN, TRACE, Handler, WithHeaders
from larst.http.responses import error_response, not_allowed, trace_headers
from larst.telemetry import RequestTrace, Telemetry

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Served without a token, for health checks."""

PAGE_PATHS = frozenset({"/docs", "/redoc"})
FILES_PATH = "/_larst/ui/"
"""The pages and their files, served without a token: the page itself asks the visitor for it.
They are the same for all clients and contain no data."""

CONTROL_PATH = "/_larst"
METRICS_PATH = "/_larst/metrics"

UNTRACED_PATHS = OPEN_PATHS | {METRICS_PATH}
"""Requested by machines every few seconds: their spans would hide all other spans."""


class Middleware:
    """Wraps every handler of the application."""

    def __init__(self, settings: HttpSettings, telemetry: Telemetry) -> None:
        self._token = settings.auth_token
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
            ForbiddenError: the request comes from a page of another origin.
        """
        path = request.path
        if path in OPEN_PATHS or path in PAGE_PATHS or path.startswith(FILES_PATH):
            return None
        if path.startswith(CONTROL_PATH):
            refuse_other_origins(request)
        elif request.method == "OPTIONS" and is_preflight(request):
            return preflight(request, self._origins)
        if (token := bearer_token(request, self._token)) is not None:
            request[TOKEN] = token
        return None if request.method in METHODS else not_allowed(request, METHODS)


def bearer_token(request: WithHeaders, expected: str | None) -> str | None:
    """Return the bearer token that the client sent, or None.

    Raises:
        UnauthorizedError: a token is expected, and the client sent a wrong token or no token.
    """
    header = request.headers.get("Authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else None
    if expected is None:
        return token or None
    # As bytes: compare_digest accepts only ASCII text.
    if token is None or not hmac.compare_digest(bytes_of(token), bytes_of(expected)):
        raise UnauthorizedError("send the header Authorization: Bearer <token>")
    return token


def _is_disconnected(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()

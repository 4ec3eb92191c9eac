"""The edge: who is admitted, what every reply carries, and what is told of it afterwards.

Nothing passes it as HTML or as a stack trace. Must never decide what a request means.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from larst.config import Settings
from larst.control import refuse_other_origins
from larst.cors import cors_headers, is_preflight, preflight
from larst.errors import UnauthorizedError
from larst.handlers import (
    STAGES,
    begin_trace,
    bytes_of,
    error_response,
    known_method,
    problem_response,
    server_timing,
)
from larst.model import METHODS
from larst.problems import Problem
from larst.telemetry import RequestTrace, Telemetry
from larst.telemetry import attributes as names
from larst.telemetry.watch import SCHEME

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TRACE = web.RequestKey("trace", RequestTrace)
"""What is noted of a request."""

TOKEN = web.RequestKey("token", str)
"""The bearer token that it came with."""

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered without a token, for those who watch over the process."""

PAGE_PATHS = frozenset({"/docs", "/redoc"})
FILES_PATH = "/_larst/ui/"
"""The pages and their files, answered without a token: a browser has none to send before the page
has asked for it. They are the same for everybody, and hold no data."""

METRICS_PATH = "/_larst/metrics"

UNTRACED_PATHS = OPEN_PATHS | {METRICS_PATH}
"""Asked every few seconds by machines: their spans would hide all others."""

CATCH_ALL = "/{path}"
"""How aiohttp names the route of everything that is planned."""

_MAX_TOLD_CHARACTERS = 200
_NOTHING: Mapping[str, str | int] = {}

_log = logging.getLogger("larst.requests")


class Edge:
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
        trace, headers = request[TRACE], response.headers
        headers["X-Request-ID"] = trace.request_id
        headers["Server"] = "larst"
        headers["traceparent"] = trace.place.header()
        if (timing := server_timing(trace)) is not None:
            headers["Server-Timing"] = timing
        if trace.session_id is not None:
            headers["X-Session-ID"] = trace.session_id
        if not _is_control(request):
            for name, value in cors_headers(request, self._origins).items():
                headers[name] = value

    def tell(self, request: web.Request, trace: RequestTrace, status: int | None) -> None:
        """Tell span, metrics and log how it went; `status` None: its client has left."""
        if trace.route is None and (resource := request.match_info.route.resource) is not None:
            canonical = resource.canonical
            trace.route = None if canonical == CATCH_ALL else canonical
        attributes = _http_attributes(request) if trace.is_recorded else _NOTHING
        trace.end(known_method(request.method), status, attributes)
        if _log.isEnabledFor(logging.INFO):
            _log_request(request, trace, status)

    async def _answer(
        self, request: web.Request, handler: Handler, trace: RequestTrace
    ) -> web.StreamResponse:
        try:
            return await self._admit(request, handler)
        except Exception as error:  # the edge: whatever went wrong becomes a reply
            if isinstance(error, ConnectionError) and _has_left(request):
                raise  # in the middle of a reply that was streamed: there is nobody to tell
            trace.failed(error)
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


def not_allowed(request: web.Request, allowed: tuple[str, ...]) -> web.Response:
    """Return 405 with the methods that are."""
    detail = f"{request.method[:20]} is not taken here; allowed are {', '.join(allowed)}"
    problem = Problem(405, "method not allowed", detail, {"Allow": ", ".join(allowed)})
    return problem_response(request, problem, request[TRACE].request_id)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path in PAGE_PATHS or path.startswith(FILES_PATH)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _is_control(request: web.Request) -> bool:
    return request.path.startswith("/_larst")


def _http_attributes(request: web.Request) -> Mapping[str, str | int]:
    """Return what the HTTP conventions ask of a server's span; query values are left out."""
    told: dict[str, str | int] = {
        names.PATH: request.path[:_MAX_TOLD_CHARACTERS],
        names.SCHEME: SCHEME,
        names.PROTOCOL_VERSION: f"{request.version.major}.{request.version.minor}",
        names.CLIENT_ADDRESS: request.remote or "",
        names.USER_AGENT: request.headers.get("User-Agent", "")[:_MAX_TOLD_CHARACTERS],
    }
    host, _, port = request.host.rpartition(":")
    told[names.SERVER_ADDRESS] = host or request.host
    if host and port.isdigit():
        told[names.SERVER_PORT] = int(port)
    if request.query:
        redacted = "&".join(f"{key}=REDACTED" for key in request.query)
        told[names.QUERY] = redacted[:_MAX_TOLD_CHARACTERS]
    if known_method(request.method) != request.method:
        told[names.METHOD_ORIGINAL] = request.method[:20]
    return told


def _log_request(request: web.Request, trace: RequestTrace, status: int | None) -> None:
    ms = round((time.perf_counter() - trace.began_s) * 1000, 2)
    fields = {
        **trace.ids(),
        "method": request.method,
        "path": request.path[:_MAX_TOLD_CHARACTERS],
        "route": trace.route,
        "status": status,
        "outcome": _outcome(trace, status),
        "ms": ms,
        "stages_ms": {
            stage: round(trace.stage_ms[stage], 2) for stage in STAGES if stage in trace.stage_ms
        },
        "plan": trace.source,
    }
    _log.info("%s %s %s", request.method, status, ms, extra={"fields": fields})


def _outcome(trace: RequestTrace, status: int | None) -> str:
    """Return what came of a request in a word: the error's class where there is one."""
    if status is None:
        return "client left"
    return "replied" if trace.error_name is None else trace.error_name

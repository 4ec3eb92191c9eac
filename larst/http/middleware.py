"""The middleware around every handler: access checks, error replies, headers, and the log line.

It turns every error into JSON, which a browser gets as a page. Must never interpret the path of a
planned request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from multidict import MultiMapping

from larst.config import HttpSettings
from larst.domain import METHODS
from larst.errors import BadRequestError
from larst.http.access import Access, Endpoint, RouteTable
from larst.http.access_log import finish_trace, start_trace
from larst.http.control.guards import refuse_other_origins
from larst.http.cors import AllowedOrigins, beside, is_preflight
from larst.http.faults import spoiled
from larst.http.hosts import AllowedHosts
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS, TRACE, Handler
from larst.http.logins import Logins
from larst.http.repeated_headers import refuse_repeated
from larst.http.responses import error_response, not_allowed, trace_headers
from larst.http.tokens import access_of
from larst.telemetry import RequestTrace, Telemetry
from larst.tokens import TokenSource


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request is checked for beside its token, before anything reads it."""

    hosts: AllowedHosts
    origins: AllowedOrigins

    @classmethod
    def of(cls, settings: HttpSettings) -> Admission:
        """Return the checks that the settings ask for."""
        return cls(AllowedHosts.of(settings), AllowedOrigins.of(settings))

    def check(self, headers: MultiMapping[str], version: tuple[int, int]) -> None:
        """Refuse a request that is ambiguous, or meant for another host.

        Raises:
            BadRequestError: it repeats a header that it may have once, or does not name one host.
            HostNotAllowedError: it names a host that is not this service's.
        """
        if version < (1, 0):
            raise BadRequestError("HTTP/0.9 has no headers and no status; send HTTP/1.1")
        refuse_repeated(headers)
        self.hosts.check(headers, version)


AsPage = Callable[[web.Request, web.StreamResponse, Access], Awaitable[web.StreamResponse]]


class Middleware:
    """Wraps every handler of the application; the matched route says who may reach it."""

    def __init__(
        self,
        settings: HttpSettings,
        telemetry: Telemetry,
        tokens: TokenSource,
        routes: RouteTable,
        *,
        logins: Logins,
        as_page: AsPage,
    ) -> None:
        """`as_page` returns the page of a reply if the client is a browser that shows it."""
        self._admission = Admission.of(settings)
        self._tokens = tokens
        self._logins = logins
        self._telemetry = telemetry
        self._routes = routes
        self._as_page = as_page

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check a request, pass it to its handler, and turn every error into a reply."""
        del handler  # aiohttp's, by the path as sent; another spelling has another endpoint
        endpoint = self._routes.endpoint_of(request)
        trace = self._start_trace(request, endpoint)
        response: web.StreamResponse | None = None
        try:
            response = await self._respond(request, endpoint, trace)
            response = await spoiled(request, response)
        finally:  # also for a client that has disconnected
            finish_trace(request, trace, None if response is None else response.status)
            instruments = request.app[INGRESS].instruments
            instruments.recorder.end(request, trace, response)
            if trace.details is not None:
                query = request.rel_url.raw_query_string
                instruments.notes.end(trace, request.method, request.path, query, response)
        return response

    async def _respond(
        self, request: web.Request, endpoint: Endpoint, trace: RequestTrace
    ) -> web.StreamResponse:
        """Return the reply of a handler, or that of its error; for a browser, as a page."""
        try:
            response = self._refusal(request, endpoint.access) or await endpoint.handler(request)
            return await self._as_page(request, response, endpoint.access)
        except Exception as error:
            if isinstance(error, ConnectionError) and _is_disconnected(request):
                raise  # in the middle of a streamed reply: another reply cannot follow
            trace.set_error(error)
            response = error_response(request, error, trace.request_id)
            return await self._as_page(request, response, endpoint.access)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every reply, just before they are sent."""
        # aiohttp replies to some requests before any middleware runs.
        endpoint = self._routes.endpoint_of(request)
        trace = request.get(TRACE) or self._start_trace(request, endpoint)
        headers = response.headers
        headers.update(trace_headers(trace))
        if not endpoint.access.is_control:
            headers.update(beside(headers, self._admission.origins.headers(request)))

    def _start_trace(self, request: web.Request, endpoint: Endpoint) -> RequestTrace:
        trace = start_trace(request, self._telemetry, is_recorded=endpoint.is_traced)
        request[TRACE] = trace
        return trace

    def _refusal(self, request: web.Request, access: Access) -> web.Response | None:
        """Return the reply to a request that is not passed on; None if it is.

        Raises:
            BadRequestError: the request is ambiguous, or does not name one host.
            HostNotAllowedError: it names a host that is not this service's.
            UnauthorizedError: the token is missing or wrong.
            ForbiddenError: the request comes from a page of another origin, or the token lacks the
                scope.
        """
        admission = self._admission
        admission.check(request.headers, request.version)
        if access in (Access.OPEN, Access.PAGE):
            return None
        if access.is_control:
            refuse_other_origins(request)
        elif is_preflight(request, request.method):
            return web.Response(status=204, headers=admission.origins.preflight_headers(request))
        granted = request[ACCESS] = access_of(request, self._tokens.table, self._logins)
        if access is Access.VIEW:
            granted.require_view(request.method)
        elif access is Access.CONTROL:
            granted.require_admin()
        else:
            admission.origins.refuse_changes(request, request.method)
            if request.method in METHODS:
                granted.require_method(request.method)
        return None if request.method in METHODS else not_allowed(request, METHODS)


def _is_disconnected(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()

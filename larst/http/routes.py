"""The routes of the service's own paths, each with its handler, its access and its description.

The document of the control API is derived from this table. All other paths are planned.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from larst.http import service_paths
from larst.http.access import PREFIX, SESSION, Access, Endpoint
from larst.http.components import LOGIN, SETTINGS
from larst.http.control.descriptions import SCHEMAS, data, login, service
from larst.http.control.login import LoginControl
from larst.http.control.routes import CONTROL_ROUTES, Route
from larst.http.control.status import service_status
from larst.http.keys import Handler
from larst.http.live import serve
from larst.http.pages.guide import guide
from larst.http.responses import json_response, not_allowed
from larst.openapi import ControlApi, ControlOperation, control_document


def _page(path: str, handler: Handler) -> Route:
    return Route(path, "GET", handler, Access.PAGE)


def _document(path: str, handler: Handler, operation: ControlOperation | None = None) -> Route:
    return Route(path, "GET", handler, Access.CLIENT, operation)


def _health(path: str, handler: Handler, operation: ControlOperation) -> Route:
    return Route(path, "GET", handler, Access.OPEN, operation, is_traced=False)


def _state(path: str, handler: Handler, operation: ControlOperation) -> Route:
    return Route(path, "GET", handler, Access.CONTROL, operation, is_traced=False)


def _login(
    method: str,
    path: str,
    handle: Callable[[LoginControl, web.Request], Awaitable[web.StreamResponse]],
    operation: ControlOperation,
) -> Route:
    async def handler(request: web.Request) -> web.StreamResponse:
        if not request.app[SETTINGS].console.is_on:
            return await service_paths.reserved(request)
        return await handle(request.app[LOGIN], request)

    return Route(f"/_larst/{path}", method, handler, Access.PAGE, operation)


async def _control_document(request: web.Request) -> web.Response:
    """Return the document of the routes below."""
    has_auth = request.app[SETTINGS].http.has_tokens
    url = service_paths.service_url(request)
    return json_response(control_document(CONTROL_API, url, has_auth=has_auth))


async def _agents_guide(request: web.Request) -> web.Response:
    """Return the page for agents, which lists the routes below."""
    text = guide(await service_paths.visitor_of(request), CONTROL_API)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="text/plain", headers=headers)


ROUTES = (
    _document("/", service_paths.welcome),
    _document("/llms.txt", _agents_guide, data.GET_GUIDE),
    _page("/docs", service_paths.page),
    _page("/redoc", service_paths.page),
    _page("/_larst/ui/{name}", service_paths.file),
    _page("/_larst", service_paths.console_redirect),
    _page("/_larst/", service_paths.console_page),
    _login("GET", "login", LoginControl.show, login.GET_LOGIN),
    _login("POST", "login", LoginControl.open, login.LOG_IN),
    _login("POST", "logout", LoginControl.close, login.LOG_OUT),
    *CONTROL_ROUTES,
    _state("/_larst/metrics", service_paths.metrics, service.GET_METRICS),
    _state("/_larst/status", service_status, service.GET_STATUS),
    Route(
        "/_larst/openapi.json",
        "GET",
        _control_document,
        Access.CONTROL,
        service.GET_CONTROL_DOCUMENT,
    ),
    _document("/swagger.json", service_paths.session_document, service.GET_SESSION_DOCUMENT),
    _document("/openapi.json", service_paths.session_document),
    _health("/healthz", service_paths.healthz, service.GET_HEALTH),
    _health("/readyz", service_paths.readyz, service.GET_READINESS),
)


def _by_path(routes: Sequence[Route]) -> dict[str, Endpoint]:
    """Return one endpoint for each path; it refuses other methods with status 405."""
    handlers: dict[str, dict[str, Handler]] = {}
    for route in routes:
        by_method = handlers.setdefault(route.path, {})
        by_method[route.method] = route.handler
        if route.method == "GET":
            by_method["HEAD"] = route.handler
    return {
        route.path: Endpoint(_dispatcher(handlers[route.path]), route.access, route.is_traced)
        for route in routes
    }


def _dispatcher(by_method: Mapping[str, Handler]) -> Handler:
    async def dispatch(request: web.Request) -> web.StreamResponse:
        if (handler := by_method.get(request.method)) is None:
            return not_allowed(request, tuple(by_method))
        return await handler(request)

    return dispatch


def _control_api(routes: Sequence[Route]) -> ControlApi:
    operations: dict[str, dict[str, ControlOperation]] = {}
    for route in routes:
        if route.operation is not None:
            operations.setdefault(route.path, {})[route.method] = route.operation
    return ControlApi(operations, SCHEMAS)


CONTROL_API = _control_api(ROUTES)
"""The documented routes."""

UNKNOWN = Endpoint(service_paths.reserved, Access.CONTROL)
"""The endpoint of a reserved path that does not exist."""

PLANNED = Endpoint(serve, Access.PLANNED)
"""The endpoint of every other path."""

_SESSION_PAGES = frozenset({"/", "/llms.txt", "/docs", "/redoc", "/swagger.json", "/openapi.json"})
"""The paths that exist below the prefix of a session, too. The others are those of the service."""


def _prefixed(endpoints: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Return the endpoints below the prefix of a session: no reserved path is planned there."""
    prefixed = {
        f"{SESSION}{path}": endpoint if path in _SESSION_PAGES else UNKNOWN
        for path, endpoint in endpoints.items()
    }
    return {SESSION: prefixed[f"{SESSION}/"], **prefixed}


_ENDPOINTS: dict[str, Endpoint] = {
    **_by_path(ROUTES),
    f"/{PREFIX}/{{path:.*}}": UNKNOWN,
}
RESERVED: dict[str, Endpoint] = {**_ENDPOINTS, **_prefixed(_ENDPOINTS)}
"""The endpoint of each reserved path, in order of precedence."""

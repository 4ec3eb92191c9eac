"""The routes of the service's own paths, each with its handler and its description.

The document of the control API is derived from this table. All other paths are planned.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from larst.http import service_paths
from larst.http.components import RUNNING, SETTINGS
from larst.http.control import descriptions
from larst.http.control.plans import PlanControl
from larst.http.control.sessions import SessionControl
from larst.http.keys import Handler
from larst.http.middleware import FILES_PATH, METRICS_PATH
from larst.http.responses import json_response, not_allowed
from larst.openapi import ControlApi, ControlOperation, control_document


@dataclass(frozen=True, slots=True)
class Route:
    """A path, a method and its handler; a handler of GET serves HEAD too.

    `operation` describes the route in the document of the control API, which omits pages and
    their files.
    """

    path: str
    method: str
    handler: Handler
    operation: ControlOperation | None = None


def _page(path: str, handler: Handler, operation: ControlOperation | None = None) -> Route:
    return Route(path, "GET", handler, operation)


def _plans(
    method: str,
    path: str,
    handle: Callable[[PlanControl, web.Request], Awaitable[web.StreamResponse]],
    operation: ControlOperation,
) -> Route:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(request.app[RUNNING].plans, request)

    return Route(f"/_larst/plans{path}", method, handler, operation)


def _sessions(
    method: str,
    path: str,
    handle: Callable[[SessionControl, web.Request], Awaitable[web.StreamResponse]],
    operation: ControlOperation,
) -> Route:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(request.app[RUNNING].session_control, request)

    return Route(f"/_larst/sessions{path}", method, handler, operation)


async def _control_document(request: web.Request) -> web.Response:
    """Return the document of the routes below."""
    has_auth = request.app[SETTINGS].http.has_tokens
    url = service_paths.service_url(request)
    return json_response(control_document(CONTROL_API, url, has_auth=has_auth))


ROUTES = (
    _page("/", service_paths.welcome),
    _page("/docs", service_paths.page),
    _page("/redoc", service_paths.page),
    _page(f"{FILES_PATH}{{name}}", service_paths.file),
    _plans("GET", "", PlanControl.list, descriptions.LIST_PLANS),
    _plans("GET", "/{key}", PlanControl.show, descriptions.GET_PLAN),
    _plans("DELETE", "/{key}", PlanControl.delete, descriptions.DELETE_PLAN),
    _plans("POST", "/{key}/pin", PlanControl.pin, descriptions.PIN_PLAN),
    _plans("POST", "/{key}/reject", PlanControl.reject, descriptions.REJECT_PLAN),
    _sessions("GET", "", SessionControl.list, descriptions.LIST_SESSIONS),
    _sessions("GET", "/{id}", SessionControl.show, descriptions.GET_SESSION),
    _sessions("DELETE", "/{id}", SessionControl.erase, descriptions.ERASE_SESSION),
    _sessions(
        "GET", "/{id}/settings", SessionControl.show_settings, descriptions.GET_SESSION_SETTINGS
    ),
    _sessions(
        "PUT", "/{id}/settings", SessionControl.put_settings, descriptions.PUT_SESSION_SETTINGS
    ),
    _sessions("GET", "/{id}/export", SessionControl.export, descriptions.EXPORT_SESSION),
    _sessions("POST", "/{id}/import", SessionControl.import_, descriptions.IMPORT_SESSION),
    _page(METRICS_PATH, service_paths.metrics, descriptions.GET_METRICS),
    _page("/_larst/openapi.json", _control_document, descriptions.GET_CONTROL_DOCUMENT),
    _page("/swagger.json", service_paths.session_document, descriptions.GET_SESSION_DOCUMENT),
    _page("/openapi.json", service_paths.session_document),
    _page("/healthz", service_paths.healthz, descriptions.GET_HEALTH),
    _page("/readyz", service_paths.readyz, descriptions.GET_READINESS),
)


def _by_path(routes: Sequence[Route]) -> dict[str, Handler]:
    """Return one handler for each path; it refuses other methods with status 405."""
    handlers: dict[str, dict[str, Handler]] = {}
    for route in routes:
        by_method = handlers.setdefault(route.path, {})
        by_method[route.method] = route.handler
        if route.method == "GET":
            by_method["HEAD"] = route.handler
    return {path: _dispatcher(by_method) for path, by_method in handlers.items()}


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
    return ControlApi(operations, descriptions.SCHEMAS)


CONTROL_API = _control_api(ROUTES)
"""The documented routes."""

PREFIX = "/@{session}"
"""The prefix of a path that names a session."""

_SESSION_PAGES = frozenset({"/", "/docs", "/redoc", "/swagger.json", "/openapi.json"})
"""The paths that exist below the prefix of a session, too. The others are those of the service."""


def _prefixed(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return the handlers below the prefix of a session: no reserved path is planned there."""
    prefixed = {
        f"{PREFIX}{path}": handler if path in _SESSION_PAGES else service_paths.reserved
        for path, handler in handlers.items()
    }
    return {PREFIX: prefixed[f"{PREFIX}/"], **prefixed}


_HANDLERS: dict[str, Handler] = {
    **_by_path(ROUTES),
    "/_larst": service_paths.reserved,
    "/_larst/{path:.*}": service_paths.reserved,
}
RESERVED: dict[str, Handler] = {**_HANDLERS, **_prefixed(_HANDLERS)}
"""The handler of each reserved path, in order of precedence."""

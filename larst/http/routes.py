"""The routes of the service's own paths, each with its handler, its access and its description.

The document of the control API is derived from this table. All other paths are planned.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from aiohttp import web

from larst.http import service_paths
from larst.http.access import PREFIX, SESSION, Access, Endpoint
from larst.http.components import LOGIN, RUNNING, SETTINGS, RunningService
from larst.http.control import (
    clock_descriptions,
    contract_descriptions,
    data_descriptions,
    descriptions,
    fault_descriptions,
    recording_descriptions,
    request_descriptions,
    status_descriptions,
    teaching_descriptions,
)
from larst.http.control.cases import CaseControl
from larst.http.control.clocks import ClockControl
from larst.http.control.contracts import ContractControl
from larst.http.control.fakes import FakeControl
from larst.http.control.faults import FaultControl
from larst.http.control.login import LoginControl
from larst.http.control.packs import PackControl
from larst.http.control.plans import PlanControl
from larst.http.control.recordings import RecordingControl
from larst.http.control.requests import RequestControl
from larst.http.control.sessions import SessionControl
from larst.http.control.snapshots import SnapshotControl
from larst.http.control.status import service_status
from larst.http.control.teaching import TeachingControl
from larst.http.control.undoing import UndoControl
from larst.http.keys import Handler
from larst.http.live import serve
from larst.http.pages.guide import guide
from larst.http.responses import json_response, not_allowed
from larst.openapi import ControlApi, ControlOperation, control_document

Control = TypeVar("Control")
Handle: TypeAlias = Callable[[Control, web.Request], Awaitable[web.StreamResponse]]
"""A method of a control that answers a request."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path, a method and its handler; a handler of GET serves HEAD too.

    `operation` describes the route in the document of the control API, which omits pages and
    their files.
    """

    path: str
    method: str
    handler: Handler
    access: Access
    operation: ControlOperation | None = None
    is_traced: bool = True


def _page(path: str, handler: Handler) -> Route:
    return Route(path, "GET", handler, Access.PAGE)


def _document(path: str, handler: Handler, operation: ControlOperation | None = None) -> Route:
    return Route(path, "GET", handler, Access.CLIENT, operation)


def _health(path: str, handler: Handler, operation: ControlOperation) -> Route:
    return Route(path, "GET", handler, Access.OPEN, operation, is_traced=False)


def _control(
    method: str,
    path: str,
    control_of: Callable[[RunningService], Control],
    handle: Handle[Control],
    operation: ControlOperation,
    *,
    access: Access = Access.CONTROL,
    is_traced: bool = True,
) -> Route:
    """Return a route below `/_larst/` that a method of a control handles."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(control_of(request.app[RUNNING]), request)

    return Route(f"/_larst/{path}", method, handler, access, operation, is_traced=is_traced)


def _plans(
    method: str, path: str, handle: Handle[PlanControl], operation: ControlOperation
) -> Route:
    return _control(method, f"plans{path}", lambda running: running.plans, handle, operation)


def _teaching(
    method: str, path: str, handle: Handle[TeachingControl], operation: ControlOperation
) -> Route:
    return _control(method, f"plans{path}", lambda running: running.teaching, handle, operation)


def _cases(path: str, handle: Handle[CaseControl], operation: ControlOperation) -> Route:
    return _control("POST", f"plans{path}", lambda running: running.cases, handle, operation)


def _sessions(
    method: str, path: str, handle: Handle[SessionControl], operation: ControlOperation
) -> Route:
    access = Access.VIEW if path else Access.CONTROL  # the list of all sessions is for admins
    path = f"sessions{path}"
    return _control(
        method, path, lambda running: running.session_control, handle, operation, access=access
    )


def _clock(method: str, handle: Handle[ClockControl], operation: ControlOperation) -> Route:
    path = "sessions/{id}/clock"
    return _control(method, path, lambda running: running.clocks, handle, operation)


def _snapshots(
    method: str, path: str, handle: Handle[SnapshotControl], operation: ControlOperation
) -> Route:
    path = f"sessions/{{id}}{path}"
    return _control(
        method, path, lambda running: running.snapshots, handle, operation, access=Access.VIEW
    )


def _contract(method: str, handle: Handle[ContractControl], operation: ControlOperation) -> Route:
    path = "sessions/{id}/contract"
    return _control(method, path, lambda running: running.contracts, handle, operation)


def _requests(path: str, handle: Handle[RequestControl], operation: ControlOperation) -> Route:
    # Not traced: a page that shows requests would fill the view of traces with its own.
    path = f"requests{path}"
    return _control(
        "GET", path, lambda running: running.requests, handle, operation, is_traced=False
    )


def _recordings(
    method: str, path: str, handle: Handle[RecordingControl], operation: ControlOperation
) -> Route:
    path = f"sessions/{{id}}{path}"
    return _control(
        method, path, lambda running: running.recordings, handle, operation, is_traced=False
    )


def _faults(method: str, handle: Handle[FaultControl], operation: ControlOperation) -> Route:
    path = "sessions/{id}/faults"
    return _control(method, path, lambda running: running.faults, handle, operation)


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
    _document("/llms.txt", _agents_guide, data_descriptions.GET_GUIDE),
    _page("/docs", service_paths.page),
    _page("/redoc", service_paths.page),
    _page("/_larst/ui/{name}", service_paths.file),
    _page("/_larst", service_paths.console_redirect),
    _page("/_larst/", service_paths.console_page),
    _login("GET", "login", LoginControl.show, request_descriptions.GET_LOGIN),
    _login("POST", "login", LoginControl.open, request_descriptions.LOG_IN),
    _login("POST", "logout", LoginControl.close, request_descriptions.LOG_OUT),
    _plans("GET", "", PlanControl.list, descriptions.LIST_PLANS),
    _teaching("POST", "/examples", TeachingControl.teach, teaching_descriptions.TEACH),
    _cases("/test", CaseControl.test_all, teaching_descriptions.TEST_PLANS),
    _cases("/{key}/test", CaseControl.test, teaching_descriptions.TEST_PLAN),
    _control(
        "POST",
        "plans/{key}/undo",
        lambda running: running.undoing,
        UndoControl.undo,
        teaching_descriptions.UNDO_PLAN,
    ),
    _plans("GET", "/{key}", PlanControl.show, descriptions.GET_PLAN),
    _plans("DELETE", "/{key}", PlanControl.delete, descriptions.DELETE_PLAN),
    _plans("POST", "/{key}/pin", PlanControl.pin, descriptions.PIN_PLAN),
    _plans("POST", "/{key}/reject", PlanControl.reject, descriptions.REJECT_PLAN),
    _plans("PUT", "/{key}/program", PlanControl.put_program, descriptions.PUT_PROGRAM),
    _sessions("GET", "", SessionControl.list, descriptions.LIST_SESSIONS),
    _sessions("GET", "/{id}", SessionControl.show, descriptions.GET_SESSION),
    _sessions("DELETE", "/{id}", SessionControl.erase, descriptions.ERASE_SESSION),
    _sessions(
        "GET", "/{id}/settings", SessionControl.show_settings, descriptions.GET_SESSION_SETTINGS
    ),
    _sessions(
        "PUT", "/{id}/settings", SessionControl.put_settings, descriptions.PUT_SESSION_SETTINGS
    ),
    _clock("GET", ClockControl.show, clock_descriptions.GET_CLOCK),
    _clock("PUT", ClockControl.put, clock_descriptions.PUT_CLOCK),
    _clock("DELETE", ClockControl.delete, clock_descriptions.DELETE_CLOCK),
    _sessions("GET", "/{id}/export", SessionControl.export, descriptions.EXPORT_SESSION),
    _sessions("POST", "/{id}/import", SessionControl.import_, descriptions.IMPORT_SESSION),
    _contract("GET", ContractControl.show, contract_descriptions.GET_CONTRACT),
    _contract("PUT", ContractControl.put, contract_descriptions.PUT_CONTRACT),
    _contract("DELETE", ContractControl.delete, contract_descriptions.DELETE_CONTRACT),
    _control(
        "POST",
        "sessions/{id}/fake",
        lambda running: running.fakes,
        FakeControl.make,
        data_descriptions.FAKE_DATA,
    ),
    _control(
        "GET",
        "sessions/{id}/pack",
        lambda running: running.packs,
        PackControl.pack,
        data_descriptions.PACK_SESSION,
    ),
    _snapshots("POST", "/reset", SnapshotControl.reset, descriptions.RESET_SESSION),
    _snapshots("GET", "/snapshots", SnapshotControl.list, descriptions.LIST_SNAPSHOTS),
    _snapshots("PUT", "/snapshots/{name}", SnapshotControl.save, descriptions.SAVE_SNAPSHOT),
    _snapshots("DELETE", "/snapshots/{name}", SnapshotControl.delete, descriptions.DELETE_SNAPSHOT),
    _snapshots("POST", "/snapshots/{name}/load", SnapshotControl.load, descriptions.LOAD_SNAPSHOT),
    _recordings("GET", "/requests", RecordingControl.list, recording_descriptions.LIST_RECORDED),
    _recordings(
        "DELETE", "/requests", RecordingControl.clear, recording_descriptions.CLEAR_RECORDED
    ),
    _recordings("GET", "/recording", RecordingControl.show, recording_descriptions.GET_RECORDING),
    _recordings("PUT", "/recording", RecordingControl.put, recording_descriptions.PUT_RECORDING),
    _faults("GET", FaultControl.show, fault_descriptions.GET_FAULTS),
    _faults("PUT", FaultControl.put, fault_descriptions.PUT_FAULTS),
    _faults("DELETE", FaultControl.delete, fault_descriptions.DELETE_FAULTS),
    _requests("", RequestControl.list, request_descriptions.LIST_REQUESTS),
    _requests("/{id}", RequestControl.show, request_descriptions.GET_REQUEST),
    Route(
        "/_larst/metrics",
        "GET",
        service_paths.metrics,
        Access.CONTROL,
        descriptions.GET_METRICS,
        is_traced=False,
    ),
    Route(
        "/_larst/status",
        "GET",
        service_status,
        Access.CONTROL,
        status_descriptions.GET_STATUS,
        is_traced=False,
    ),
    Route(
        "/_larst/openapi.json",
        "GET",
        _control_document,
        Access.CONTROL,
        descriptions.GET_CONTROL_DOCUMENT,
    ),
    _document("/swagger.json", service_paths.session_document, descriptions.GET_SESSION_DOCUMENT),
    _document("/openapi.json", service_paths.session_document),
    _health("/healthz", service_paths.healthz, descriptions.GET_HEALTH),
    _health("/readyz", service_paths.readyz, descriptions.GET_READINESS),
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
    modules = (
        clock_descriptions,
        contract_descriptions,
        descriptions,
        fault_descriptions,
        recording_descriptions,
        request_descriptions,
        status_descriptions,
        teaching_descriptions,
    )
    schemas = {name: schema for module in modules for name, schema in module.SCHEMAS.items()}
    return ControlApi(operations, schemas)


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

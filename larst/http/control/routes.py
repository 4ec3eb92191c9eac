"""The routes of the control API, a table for each control: method, path, handler and description.

Of the routes that match a path, the first serves it: `plans/test` stands before `plans/{key}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from aiohttp import web

from larst.http.access import Access
from larst.http.components import RUNNING, RunningService
from larst.http.control.cases import CaseControl
from larst.http.control.clocks import ClockControl
from larst.http.control.contracts import ContractControl
from larst.http.control.descriptions import (
    clocks,
    contracts,
    data,
    faults,
    plans,
    recordings,
    requests,
    resources,
    sessions,
    snapshots,
    teaching,
    webhooks,
)
from larst.http.control.fakes import FakeControl
from larst.http.control.faults import FaultControl
from larst.http.control.packs import PackControl
from larst.http.control.plans import PlanControl
from larst.http.control.recordings import RecordingControl
from larst.http.control.requests import RequestControl
from larst.http.control.resources import ResourceControl
from larst.http.control.sessions import SessionControl
from larst.http.control.snapshots import SnapshotControl
from larst.http.control.teaching import TeachingControl
from larst.http.control.transfers import TransferControl
from larst.http.control.undoing import UndoControl
from larst.http.control.webhooks import WebhookControl
from larst.http.keys import Handler
from larst.openapi import ControlOperation

_Control = TypeVar("_Control")
_Handle: TypeAlias = Callable[[_Control, web.Request], Awaitable[web.StreamResponse]]
_Row: TypeAlias = tuple[str, str, _Handle[_Control], ControlOperation]
"""A method, a path below the table's, the control's method that handles it, its description."""


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


def _routes(
    below: str,
    control_of: Callable[[RunningService], _Control],
    *rows: _Row[_Control],
    access: Access = Access.CONTROL,
    is_traced: bool = True,
) -> tuple[Route, ...]:
    """Return the routes of one control, below `/_larst/` and this path."""
    return tuple(
        Route(
            f"/_larst/{below}{path}",
            method,
            _handler(control_of, handle),
            access,
            operation,
            is_traced=is_traced,
        )
        for method, path, handle, operation in rows
    )


def _handler(
    control_of: Callable[[RunningService], _Control], handle: _Handle[_Control]
) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(control_of(request.app[RUNNING]), request)

    return handler


CONTROL_ROUTES: tuple[Route, ...] = (
    *_routes(
        "plans",
        lambda running: running.teaching,
        ("POST", "/examples", TeachingControl.teach, teaching.TEACH),
    ),
    *_routes(
        "plans",
        lambda running: running.cases,
        ("POST", "/test", CaseControl.test_all, teaching.TEST_PLANS),
        ("POST", "/{key}/test", CaseControl.test, teaching.TEST_PLAN),
    ),
    *_routes(
        "plans",
        lambda running: running.undoing,
        ("POST", "/{key}/undo", UndoControl.undo, teaching.UNDO_PLAN),
    ),
    *_routes(
        "plans",
        lambda running: running.plans,
        ("GET", "", PlanControl.list, plans.LIST_PLANS),
        ("GET", "/{key}", PlanControl.show, plans.GET_PLAN),
        ("DELETE", "/{key}", PlanControl.delete, plans.DELETE_PLAN),
        ("POST", "/{key}/pin", PlanControl.pin, plans.PIN_PLAN),
        ("POST", "/{key}/reject", PlanControl.reject, plans.REJECT_PLAN),
        ("PUT", "/{key}/program", PlanControl.put_program, plans.PUT_PROGRAM),
    ),
    *_routes(
        "sessions",
        lambda running: running.session_control,
        ("GET", "", SessionControl.list, sessions.LIST_SESSIONS),
    ),
    *_routes(
        "sessions/{id}",
        lambda running: running.session_control,
        ("GET", "", SessionControl.show, sessions.GET_SESSION),
        ("DELETE", "", SessionControl.erase, sessions.ERASE_SESSION),
        ("GET", "/settings", SessionControl.show_settings, sessions.GET_SESSION_SETTINGS),
        ("PUT", "/settings", SessionControl.put_settings, sessions.PUT_SESSION_SETTINGS),
        access=Access.VIEW,
    ),
    *_routes(
        "sessions/{id}",
        lambda running: running.transfers,
        ("GET", "/export", TransferControl.export, sessions.EXPORT_SESSION),
        ("POST", "/import", TransferControl.import_, sessions.IMPORT_SESSION),
        access=Access.VIEW,
    ),
    *_routes(
        "sessions/{id}",
        lambda running: running.snapshots,
        ("POST", "/reset", SnapshotControl.reset, snapshots.RESET_SESSION),
        ("GET", "/snapshots", SnapshotControl.list, snapshots.LIST_SNAPSHOTS),
        ("PUT", "/snapshots/{name}", SnapshotControl.save, snapshots.SAVE_SNAPSHOT),
        ("DELETE", "/snapshots/{name}", SnapshotControl.delete, snapshots.DELETE_SNAPSHOT),
        ("POST", "/snapshots/{name}/load", SnapshotControl.load, snapshots.LOAD_SNAPSHOT),
        access=Access.VIEW,
    ),
    *_routes(
        "sessions/{id}/clock",
        lambda running: running.clocks,
        ("GET", "", ClockControl.show, clocks.GET_CLOCK),
        ("PUT", "", ClockControl.put, clocks.PUT_CLOCK),
        ("DELETE", "", ClockControl.delete, clocks.DELETE_CLOCK),
    ),
    *_routes(
        "sessions/{id}/contract",
        lambda running: running.contracts,
        ("GET", "", ContractControl.show, contracts.GET_CONTRACT),
        ("PUT", "", ContractControl.put, contracts.PUT_CONTRACT),
        ("DELETE", "", ContractControl.delete, contracts.DELETE_CONTRACT),
    ),
    *_routes(
        "sessions/{id}/fake",
        lambda running: running.fakes,
        ("POST", "", FakeControl.make, data.FAKE_DATA),
    ),
    *_routes(
        "sessions/{id}/resources",
        lambda running: running.resources,
        ("GET", "", ResourceControl.list, resources.LIST_RESOURCE_SETTINGS),
        ("GET", "/{name}", ResourceControl.show, resources.GET_RESOURCE_SETTINGS),
        ("PUT", "/{name}", ResourceControl.put, resources.PUT_RESOURCE_SETTINGS),
        ("DELETE", "/{name}", ResourceControl.delete, resources.DELETE_RESOURCE_SETTINGS),
    ),
    *_routes(
        "sessions/{id}/pack",
        lambda running: running.packs,
        ("GET", "", PackControl.pack, data.PACK_SESSION),
    ),
    *_routes(
        "sessions/{id}/webhooks",
        lambda running: running.webhooks,
        ("GET", "", WebhookControl.list, webhooks.LIST_WEBHOOKS),
        ("PUT", "/{name}", WebhookControl.put, webhooks.PUT_WEBHOOK),
        ("DELETE", "/{name}", WebhookControl.delete, webhooks.DELETE_WEBHOOK),
    ),
    *_routes(
        "sessions/{id}/faults",
        lambda running: running.faults,
        ("GET", "", FaultControl.show, faults.GET_FAULTS),
        ("PUT", "", FaultControl.put, faults.PUT_FAULTS),
        ("DELETE", "", FaultControl.delete, faults.DELETE_FAULTS),
    ),
    # Not traced: a page that shows requests would fill the view of traces with its own.
    *_routes(
        "sessions/{id}",
        lambda running: running.recordings,
        ("GET", "/requests", RecordingControl.list, recordings.LIST_RECORDED),
        ("DELETE", "/requests", RecordingControl.clear, recordings.CLEAR_RECORDED),
        ("GET", "/recording", RecordingControl.show, recordings.GET_RECORDING),
        ("PUT", "/recording", RecordingControl.put, recordings.PUT_RECORDING),
        is_traced=False,
    ),
    *_routes(
        "requests",
        lambda running: running.requests,
        ("GET", "", RequestControl.list, requests.LIST_REQUESTS),
        ("GET", "/{id}", RequestControl.show, requests.GET_REQUEST),
        is_traced=False,
    ),
)
"""The routes that an object of the running service handles, in order of precedence."""

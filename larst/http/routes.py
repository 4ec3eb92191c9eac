"""The reserved paths: what the service answers itself, and never plans."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from larst.http.components import COMPONENTS, RUNNING, SETTINGS, RunningService
from larst.http.control.plans import PlanControl
from larst.http.control.sessions import SessionControl
from larst.http.keys import TOKEN, TRACE, Handler
from larst.http.middleware import FILES_PATH, METRICS_PATH
from larst.http.pages.api_docs import file, page
from larst.http.pages.landing import SessionFrom, Visitor, prefers_html, welcome, welcome_page
from larst.http.problems import Problem
from larst.http.responses import json_response, not_allowed, problem_response

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Route:
    """A path and method that the service answers itself.

    `allowed` are the methods that it adds to the header `Allow`; `operation` is what the document
    of the control API says about it, None for pages and their files.
    """

    path: str
    allowed: tuple[str, ...]
    handler: Handler
    operation: ControlOperation | None = None


async def _healthz(_request: web.Request) -> web.Response:
    return json_response({"status": "ok"})


async def _readyz(request: web.Request) -> web.Response:
    running, planner = request.app[RUNNING], request.app[COMPONENTS].planner
    checks = {
        "data root": running.root.is_writable(),
        "sandbox": running.sandbox.is_ready(),
        "planner": planner.is_ready(),
    }
    not_ready = [name for name, is_ready in checks.items() if not is_ready]
    body = {"status": "not ready" if not_ready else "ready", "not_ready": not_ready}
    return json_response(body, status=503 if not_ready else 200)


async def _welcome(request: web.Request) -> web.Response:
    visitor = _visitor(request)
    if not prefers_html(request.headers.get("Accept", "")):
        response = json_response(welcome(visitor))
    else:
        page = welcome_page(visitor)
        response = web.Response(text=page.html, content_type="text/html")
        response.headers["Content-Security-Policy"] = page.policy
        response.headers["Referrer-Policy"] = "no-referrer"
    # Two answers of one address, and both name the visitor's session: nobody's to keep.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _visitor(request: web.Request) -> Visitor:
    token, settings = request.get(TOKEN), request.app[SETTINGS]
    maker = request.app[COMPONENTS].planner.maker
    taken_from: SessionFrom = "address" if token is None else "token"
    return Visitor(
        address=_address(request),
        session_id=_session(request),
        session_from="header" if "X-Session-ID" in request.headers else taken_from,
        has_token=token is not None,
        planner=maker.planner,
        model=maker.model,
        plan_mode=settings.planning.mode,
        has_model_server=settings.models.base_url is not None,
    )


def _address(request: web.Request) -> str:
    return request.app[RUNNING].ingress.address(request)


def _session(request: web.Request, named: str | None = None) -> str:
    """Return whose session it is, and note it."""
    session_id = request.app[RUNNING].ingress.session_id(request, request.get(TOKEN), named)
    request[TRACE].session_id = session_id
    return session_id


async def _reserved(request: web.Request) -> web.Response:
    detail = f"{request.path[:100]} is kept for the service itself and is never planned"
    problem = Problem(404, "not found", detail)
    return problem_response(request, problem, request[TRACE].request_id)


async def _session_document(request: web.Request) -> web.Response:
    session_id = _session(request, request.query.get("session"))
    pages = request.app[RUNNING].api_pages
    return await pages.session_document(session_id, _address(request))


async def _control_document(request: web.Request) -> web.Response:
    return request.app[RUNNING].api_pages.control_document(_address(request))


async def _page(request: web.Request) -> web.Response:
    return await page(request.path[1:])


async def _file(request: web.Request) -> web.StreamResponse:
    return await file(request.match_info["name"]) or await _reserved(request)


async def _metrics(request: web.Request) -> web.Response:
    page = request.app[COMPONENTS].metrics_page
    made = None
    if page is not None:  # in a thread: some hundred series take milliseconds
        made = await asyncio.to_thread(page, request.headers.get("Accept", ""))
    if made is None:
        problem = Problem(404, "not found", "metrics are off: OTEL_SDK_DISABLED=true")
        return problem_response(request, problem, request[TRACE].request_id)
    body, content_type = made
    return web.Response(body=body, headers={"Content-Type": content_type})


def _of(
    part_of: Callable[[RunningService], Part],
    action: Callable[[Part, web.Request], Awaitable[web.StreamResponse]],
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await action(part_of(request.app[RUNNING]), request)

    return handle


def _plans(action: Callable[[PlanControl, web.Request], Reply]) -> Handler:
    return _of(lambda running: running.plans, action)


def _sessions(action: Callable[[SessionControl, web.Request], Reply]) -> Handler:
    return _of(lambda running: running.session_control, action)



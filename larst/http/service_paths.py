"""The handlers of the service's own paths: landing page, documents, health and metrics.

Must never serve a path that is planned.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from larst import actors
from larst.domain import SessionKey, session_name
from larst.errors import LarstError
from larst.http.components import COMPONENTS, RUNNING, SETTINGS
from larst.http.control.parameters import OF_SESSION
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS, TRACE
from larst.http.pages import api_docs, console, landing
from larst.http.pages.landing.learned import Learned, learned_by
from larst.http.problems import Problem
from larst.http.responses import json_response, problem_response


async def healthz(_request: web.Request) -> web.Response:
    """Return a fixed reply: the process responds."""
    return json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Return whether the service can serve requests; status 503 names the parts that cannot."""
    body = await request.app[RUNNING].readiness.report()
    return json_response(body, status=503 if body["not_ready"] else 200)


async def welcome(request: web.Request) -> web.Response:
    """Return the first requests to try: a page for browsers, JSON for programs."""
    visitor = await visitor_of(request)
    if landing.prefers_html(request.headers.get("Accept", "")):
        page = landing.welcome_page(visitor)
        response = web.Response(text=page.html, content_type="text/html")
        response.headers["Content-Security-Policy"] = page.policy
        response.headers["Referrer-Policy"] = "no-referrer"
    else:
        response = json_response(landing.welcome(visitor))
    # The reply depends on Accept and names the visitor's session: caches must not store it.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


async def session_document(request: web.Request) -> web.Response:
    """Return the OpenAPI document of the session, or of the one that `?session=` names."""
    key, address = _page_session(request, request.query.get(OF_SESSION.name))
    return await request.app[RUNNING].documents.respond(key, address)


async def page(request: web.Request) -> web.Response:
    """Return Swagger UI or ReDoc."""
    prefix, _, name = request.path.rpartition("/")
    return await api_docs.page(name, prefix)


async def file(request: web.Request) -> web.StreamResponse:
    """Return a file of these pages."""
    name = request.match_info["name"]
    return await api_docs.file(name) or await console.file(name) or await reserved(request)


async def console_page(request: web.Request) -> web.StreamResponse:
    """Return the console, unless it is off."""
    if not request.app[SETTINGS].console.is_on:
        return await reserved(request)
    return await console.page()


async def console_redirect(request: web.Request) -> web.StreamResponse:
    """Redirect `/_larst` to the console, unless it is off."""
    if not request.app[SETTINGS].console.is_on:
        return await reserved(request)
    return web.Response(status=308, headers={"Location": "/_larst/"})


async def metrics(request: web.Request) -> web.Response:
    """Return the metrics in the Prometheus format.

    Raises:
        ForbiddenError: the token is of one tenant: the metrics are those of all.
    """
    request[ACCESS].require_operator("the page of metrics")
    render = request.app[COMPONENTS].metrics_page
    rendered = None
    if render is not None:  # in a thread: a few hundred series take milliseconds
        rendered = await asyncio.to_thread(render, request.headers.get("Accept", ""))
    if rendered is None:
        problem = Problem(404, "not found", "metrics are off: OTEL_SDK_DISABLED=true")
        return problem_response(request, problem, request[TRACE].request_id)
    body, content_type = rendered
    return web.Response(body=body, headers={"Content-Type": content_type})


async def reserved(request: web.Request) -> web.Response:
    """Return 404 for an unknown path below `/_larst/`, where nothing is planned."""
    detail = f"{request.path[:100]} is reserved for the service and is never planned"
    problem = Problem(404, "not found", detail)
    return problem_response(request, problem, request[TRACE].request_id)


def service_url(request: web.Request) -> str:
    """Return the base URL by which the client reached the service."""
    return request.app[INGRESS].address(request)


async def visitor_of(request: web.Request) -> landing.Visitor:
    """Return what pages say about the service and the session of a request."""
    settings = request.app[SETTINGS]
    maker = request.app[COMPONENTS].planner.maker
    has_token = request[ACCESS].name is not None
    key, address = _page_session(request)
    learned = await _learned(request, key)
    service = service_url(request)
    session_from: landing.SessionFrom = "token" if has_token else "default"
    if address != service:
        session_from = "path"
    elif "X-Session-ID" in request.headers:
        session_from = "header"
    return landing.Visitor(
        address=address,
        prefix=address.removeprefix(service),
        session_id=session_name(key),
        session_from=session_from,
        has_token=has_token,
        planner=maker.planner,
        model=maker.model,
        plan_mode=settings.planning.mode,
        has_model_server=settings.models.base_url is not None,
        resources=learned.resources,
        sample=learned.sample,
        has_console=settings.console.is_on,
    )


async def _learned(request: web.Request, key: SessionKey) -> Learned:
    """Return what a session has learned; nothing if it cannot say: the page has other uses."""
    sessions = request.app[RUNNING].sessions
    with contextlib.suppress(LarstError, actors.ActorError):
        return await sessions.run_on_store(key, learned_by, keeps_awake=False)
    return Learned()


def _page_session(request: web.Request, name: str | None = None) -> tuple[SessionKey, str]:
    """Return the session that a page is about, recorded in the trace, and its address."""
    key, address = request.app[INGRESS].page_session(request, name)
    request[TRACE].session_id = session_name(key)
    return key, address

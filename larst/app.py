"""The application: its routes, what every reply carries, and what lives as long as it does.

Here the rooms are put together. Must never hold module-level state.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

import actors
from larst.config import Settings
from larst.control import PlanControl, refuse_other_origins
from larst.cors import METHODS, cors_headers, is_preflight, preflight
from larst.handlers import (
    SESSION_ID,
    Arrival,
    Ingress,
    arrival_of,
    error_response,
    json_response,
    problem_response,
)
from larst.memory import Trimmer
from larst.pipeline import Pipeline
from larst.planning.book import PlanBook
from larst.planning.desk import DeskSettings
from larst.planning.planner import Planner
from larst.planning.providers import make_planner
from larst.policy import PolicyLimits
from larst.problems import Problem
from larst.sandbox import MontySandbox, Sandbox, SandboxLimits
from larst.session import Answered, SessionActor, Turn, Visit, Visited
from larst.session_control import SessionControl
from larst.store import DataRoot, DiskFiles, SessionStore
from larst.welcome import welcome, welcome_page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered without a token, for those who watch over the process."""

FOLD_AFTER_S = 1.0
"""A session's documented files are complete when it has been idle for this long (SPEC 7)."""

_log = logging.getLogger("larst.requests")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of where it differs from the usual; tests put fakes here."""

    planner: Planner
    sandbox: Sandbox
    clock: actors.Clock | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The parts that live as long as the application."""

    root: DataRoot
    sandbox: Sandbox
    ingress: Ingress
    plans: PlanControl
    session_control: SessionControl
    sessions: actors.Supervisor[str, Turn | Visit, Answered | Visited]


RUNNING = web.AppKey("running", Running)
SETTINGS = web.AppKey("settings", Settings)
PARTS = web.AppKey("parts", Parts)


def usual_parts(settings: Settings) -> Parts:
    """Return the planner and the sandbox that the settings ask for; nothing is started yet.

    Raises:
        ConfigError: settings of the planner contradict each other.
    """
    limits = SandboxLimits(
        workers=settings.sandbox_workers,
        exec_s=settings.max_exec_ms / 1000,
        memory_mb=settings.max_memory_mb,
        result_bytes=settings.max_result_bytes,
        stdout_bytes=settings.max_stdout_bytes,
        store_calls=settings.max_store_calls,
    )
    return Parts(planner=make_planner(settings), sandbox=MontySandbox(limits))


def make_app(settings: Settings, parts: Parts | None = None) -> web.Application:
    """Return the application; its parts start and stop with it."""
    app = web.Application(middlewares=[_edge], client_max_size=settings.max_body_bytes)
    app[SETTINGS] = settings
    app[PARTS] = parts or usual_parts(settings)
    app.cleanup_ctx.append(_lifetime)
    for path, handler in _RESERVED.items():
        app.router.add_route("*", path, handler)
    app.router.add_route("*", "/{path:.*}", _planned)
    return app


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    """Start what the application needs, in order of need; stop it in the other order."""
    settings, parts = app[SETTINGS], app[PARTS]
    clock = parts.clock or actors.LoopClock()
    root = DataRoot.open(settings.data_root)
    book = PlanBook(root.path / ".plans", size=settings.plan_book_size, now=_utc_now)
    pipeline = Pipeline(
        planner=parts.planner,
        book=book,
        sandbox=parts.sandbox,
        settings=DeskSettings(settings.plan_mode, settings.plan_attempts, settings.prompt_values),
        limits=PolicyLimits(code_bytes=settings.max_code_bytes),
        now=_utc_now,
        timer=time.perf_counter,
    )

    def make_session(session_id: str) -> SessionActor:
        store = SessionStore(root.session_directory(session_id), files=DiskFiles(), now=_utc_now)
        return SessionActor(store, pipeline, clock, schema_mode=settings.schema_mode)

    trimmer = Trimmer()

    def watch(event: actors.SupervisorEvent) -> None:
        _log_event(event)
        if isinstance(event, actors.Slept):
            trimmer.ask()

    sessions = actors.Supervisor(
        make_session,
        settings=_supervisor_settings(settings),
        clock=clock,
        on_event=watch,
    )
    try:
        await book.open()
        await parts.sandbox.start()
        ingress = Ingress(settings, sessions)
        control = SessionControl(
            root,
            sessions,
            timeout_s=settings.request_timeout_s,
            max_import_bytes=settings.max_import_bytes,
        )
        app[RUNNING] = Running(root, parts.sandbox, ingress, PlanControl(book), control, sessions)
        yield
    finally:
        await sessions.stop(drain_s=settings.drain_s)
        trimmer.close()
        await pipeline.close()
        await parts.sandbox.stop()
        await book.close()
        root.close()


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _supervisor_settings(settings: Settings) -> actors.SupervisorSettings:
    return actors.SupervisorSettings(
        mailbox_size=settings.mailbox_size,
        quiet_s=min(FOLD_AFTER_S, settings.idle_s),
        idle_s=settings.idle_s,
        max_live=settings.max_sessions_in_memory,
        restart=actors.RestartPolicy(
            limit=settings.restart_limit, window_s=settings.restart_window_s
        ),
    )


def _log_event(event: actors.SupervisorEvent) -> None:
    """Tell the log what the supervisor did: one line an event."""
    error: BaseException | None = getattr(event, "error", None)
    logging.getLogger("larst.sessions").log(
        logging.DEBUG if error is None else logging.ERROR,
        "session %s: %s",
        event.key,
        type(event).__name__,
        exc_info=error,
        extra={"fields": {"session_id": event.key, "event": type(event).__name__}},
    )


@web.middleware
async def _edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every reply its headers, and every error its reply: nothing passes this as HTML."""
    arrival = arrival_of(request)
    request[ARRIVAL] = arrival
    try:
        response = await _admit(request, handler)
    except Exception as error:  # noqa: BLE001 - the edge: whatever went wrong becomes a reply
        response = error_response(request, error, arrival.request_id)
    _add_headers(request, response, arrival)
    _log_request(request, response, arrival)
    return response


ARRIVAL = web.RequestKey("arrival", Arrival)
TOKEN = web.RequestKey("token", str)


async def _admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path in OPEN_PATHS:
        return await handler(request)
    if _is_control(request):
        refuse_other_origins(request)
    elif is_preflight(request):
        return preflight(request, request.app[SETTINGS].cors_origins)
    if (token := request.app[RUNNING].ingress.authorize(request)) is not None:
        request[TOKEN] = token
    if request.method not in METHODS:
        return _not_allowed(request, METHODS)
    return await handler(request)


def _add_headers(request: web.Request, response: web.StreamResponse, arrival: Arrival) -> None:
    headers = response.headers
    headers["X-Request-ID"] = arrival.request_id
    headers["Server"] = "larst"
    headers["traceparent"] = arrival.trace.header()
    if (session_id := request.get(SESSION_ID)) is not None:
        headers["X-Session-ID"] = session_id
    if _is_control(request):
        return
    for name, value in cors_headers(request, request.app[SETTINGS].cors_origins).items():
        headers[name] = value


def _log_request(request: web.Request, response: web.StreamResponse, arrival: Arrival) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": request.method,
        "path": request.path[:200],
        "status": response.status,
        "ms": round((time.monotonic() - arrival.started_s) * 1000, 2),
        "request_id": arrival.request_id,
        "trace_id": arrival.trace.trace_id,
        "session_id": request.get(SESSION_ID),
    }
    _log.info("%s %s %s", request.method, response.status, fields["ms"], extra={"fields": fields})


def _is_control(request: web.Request) -> bool:
    return request.path.startswith("/_larst")


async def _planned(request: web.Request) -> web.StreamResponse:
    return await request.app[RUNNING].ingress.serve(request, request[ARRIVAL], request.get(TOKEN))


def _not_allowed(request: web.Request, allowed: tuple[str, ...]) -> web.Response:
    detail = f"{request.method[:20]} is not taken here; allowed are {', '.join(allowed)}"
    problem = Problem(405, "method not allowed", detail, {"Allow": ", ".join(allowed)})
    return problem_response(request, problem, request[ARRIVAL].request_id)


def _only_get(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return _not_allowed(request, ("GET", "HEAD"))
        return await handler(request)

    return guarded


async def _healthz(_request: web.Request) -> web.Response:
    return json_response({"status": "ok"})


async def _readyz(request: web.Request) -> web.Response:
    running, planner = request.app[RUNNING], request.app[PARTS].planner
    checks = {
        "data root": running.root.is_writable(),
        "sandbox": running.sandbox.is_ready(),
        "planner": planner.is_ready(),
    }
    not_ready = [name for name, is_ready in checks.items() if not is_ready]
    body = {"status": "not ready" if not_ready else "ready", "not_ready": not_ready}
    return json_response(body, status=503 if not_ready else 200)


async def _welcome(request: web.Request) -> web.Response:
    hints = welcome(f"{request.scheme}://{request.host}", request.app[PARTS].planner.maker.planner)
    if "text/html" in request.headers.get("Accept", ""):
        page_headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(
            text=welcome_page(hints), content_type="text/html", headers=page_headers
        )
    return json_response(hints)


async def _reserved(request: web.Request) -> web.Response:
    detail = f"{request.path[:100]} is kept for the service itself and is never planned"
    problem = Problem(404, "not found", detail)
    return problem_response(request, problem, request[ARRIVAL].request_id)


def _plans(**by_method: Callable[[PlanControl, web.Request], Awaitable[web.Response]]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if (action := by_method.get(_method(request))) is None:
            return _not_allowed(request, tuple(by_method))
        return await action(request.app[RUNNING].plans, request)

    return handle


def _sessions(
    **by_method: Callable[[SessionControl, web.Request], Awaitable[web.StreamResponse]],
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if (action := by_method.get(_method(request))) is None:
            return _not_allowed(request, tuple(by_method))
        return await action(request.app[RUNNING].session_control, request)

    return handle


def _method(request: web.Request) -> str:
    return "GET" if request.method == "HEAD" else request.method


_RESERVED: dict[str, Handler] = {
    "/": _only_get(_welcome),
    "/healthz": _only_get(_healthz),
    "/readyz": _only_get(_readyz),
    "/swagger.json": _reserved,
    "/openapi.json": _reserved,
    "/docs": _reserved,
    "/redoc": _reserved,
    "/_larst/plans": _plans(GET=PlanControl.list),
    "/_larst/plans/{key}": _plans(GET=PlanControl.show, DELETE=PlanControl.delete),
    "/_larst/plans/{key}/pin": _plans(POST=PlanControl.pin),
    "/_larst/plans/{key}/reject": _plans(POST=PlanControl.reject),
    "/_larst/sessions": _sessions(GET=SessionControl.list),
    "/_larst/sessions/{id}": _sessions(GET=SessionControl.show, DELETE=SessionControl.erase),
    "/_larst/sessions/{id}/export": _sessions(GET=SessionControl.export),
    "/_larst/sessions/{id}/import": _sessions(POST=SessionControl.import_),
    "/_larst": _reserved,
    "/_larst/{path:.*}": _reserved,
}

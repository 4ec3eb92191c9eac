"""The application: its routes, what every reply carries, and what lives as long as it does.

Here the rooms are put together. Must never hold module-level state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

import actors
from larst.config import Settings
from larst.control import PlanControl, refuse_other_origins
from larst.cors import cors_headers, is_preflight, preflight
from larst.errors import LarstError
from larst.handlers import (
    STAGES,
    Ingress,
    begin_trace,
    error_response,
    json_response,
    known_method,
    problem_response,
    server_timing,
)
from larst.memory import Trimmer
from larst.model import METHODS
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
from larst.store import DataRoot, DiskFiles, Rescues, SessionStore, Threads
from larst.telemetry import RequestTrace, Telemetry
from larst.telemetry import attributes as names
from larst.telemetry.metrics import FSYNCS, MAILBOX_DEPTH, RESTARTS, SESSIONS
from larst.telemetry.watch import SCHEME, Labels
from larst.welcome import welcome, welcome_page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered without a token, for those who watch over the process."""

METRICS_PATH = "/_larst/metrics"

UNTRACED_PATHS = OPEN_PATHS | {METRICS_PATH}
"""Asked every few seconds by machines: their spans would hide all others."""

MetricsPage = Callable[[str], tuple[bytes, str] | None]
"""Takes an Accept header, returns the metrics as text and its content type; None: they are off."""

FOLD_AFTER_S = 1.0
"""A session's documented files are complete when it has been idle for this long (SPEC 7)."""

CATCH_ALL = "/{path}"
"""How aiohttp names the route of everything that is planned."""

_MAX_TOLD_CHARACTERS = 200
_NOTHING: Mapping[str, str | int] = {}

_log = logging.getLogger("larst.requests")
_sessions_log = logging.getLogger("larst.sessions")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of where it differs from the usual; tests put fakes here."""

    planner: Planner
    sandbox: Sandbox
    clock: actors.Clock | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    metrics_page: MetricsPage | None = None


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
    app.on_response_prepare.append(_add_headers)
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

    rescues, threads = Rescues(), Threads.open()

    def make_session(session_id: str) -> SessionActor:
        store = SessionStore(
            root.session_directory(session_id),
            files=DiskFiles(),
            now=_utc_now,
            on_flushed=lambda: parts.telemetry.count(FSYNCS),
            rescue=lambda: rescues.of(session_id),
            threads=threads,
        )
        return SessionActor(store, pipeline, clock, schema_mode=settings.schema_mode)

    trimmer = Trimmer()

    def watch(event: actors.SupervisorEvent) -> None:
        _log_event(event)
        if isinstance(event, actors.Slept):
            trimmer.ask()
        elif isinstance(event, actors.Restarted):
            parts.telemetry.count(RESTARTS)

    sessions = actors.Supervisor(
        make_session,
        settings=_supervisor_settings(settings),
        clock=clock,
        on_event=watch,
    )
    _watch_levels(parts.telemetry, root, sessions)
    try:
        await book.open()
        await parts.sandbox.start()
        ingress = Ingress(settings, sessions)
        control = SessionControl(
            root,
            sessions,
            rescues,
            threads,
            timeout_s=settings.request_timeout_s,
            max_import_bytes=settings.max_import_bytes,
        )
        app[RUNNING] = Running(root, parts.sandbox, ingress, PlanControl(book), control, sessions)
        yield
    finally:
        await sessions.stop(drain_s=settings.drain_s)
        threads.close()
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


def _watch_levels(
    telemetry: Telemetry,
    root: DataRoot,
    sessions: actors.Supervisor[str, Turn | Visit, Answered | Visited],
) -> None:
    def of_sessions() -> list[tuple[Labels, float]]:
        live = sessions.live_count
        sleeping = max(0, len(root.session_ids()) - live)
        return [((("state", "live"),), live), ((("state", "asleep"),), sleeping)]

    telemetry.watch_level(SESSIONS, of_sessions)
    telemetry.watch_level(MAILBOX_DEPTH, lambda: [((), sessions.waiting_count)])


_EVENTS: Mapping[type[actors.SupervisorEvent], tuple[int, str]] = {
    actors.Started: (logging.INFO, "started"),
    actors.Restarted: (logging.WARNING, "restarted after a crash"),
    actors.StartRefused: (logging.ERROR, "cannot be loaded"),
    actors.Crashed: (logging.ERROR, "crashed"),
    actors.CoolingDown: (logging.ERROR, "crashed too often and cools down"),
    actors.FlushFailed: (logging.ERROR, "could not be written: what was held back has failed"),
    actors.HookFailed: (logging.ERROR, "failed to tidy up"),
    actors.Slept: (logging.INFO, "put to sleep"),
    actors.Stopped: (logging.INFO, "stopped"),
}


def _log_event(event: actors.SupervisorEvent) -> None:
    """Tell the log what the supervisor did: one line an event."""
    level, words = _EVENTS[type(event)]
    error: BaseException | None = getattr(event, "error", None)
    _sessions_log.log(
        level,
        "session %s %s",
        event.key,
        words,
        # What was raised on purpose says all that there is to say.
        exc_info=None if isinstance(error, LarstError) else error,
        extra={
            "fields": {
                "session_id": event.key,
                "event": type(event).__name__,
                **({"detail": error.detail} if isinstance(error, LarstError) else {}),
            }
        },
    )


@web.middleware
async def _edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every reply its headers, and every error its reply: nothing passes this as HTML."""
    telemetry = request.app[PARTS].telemetry
    trace = begin_trace(request, telemetry, is_recorded=request.path not in UNTRACED_PATHS)
    request[TRACE] = trace
    status = None
    try:
        response = await _answer(request, handler, trace)
        status = response.status
    finally:  # also for a client that has left
        _tell(request, trace, status)
    return response


async def _answer(
    request: web.Request, handler: Handler, trace: RequestTrace
) -> web.StreamResponse:
    try:
        return await _admit(request, handler)
    except Exception as error:  # the edge: whatever went wrong becomes a reply
        if isinstance(error, ConnectionError) and _has_left(request):
            raise  # in the middle of a reply that was streamed: there is nobody to tell
        trace.failed(error)
        return error_response(request, error, trace.request_id)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


TRACE = web.RequestKey("trace", RequestTrace)
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


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every reply carries, when its head is about to leave."""
    trace, headers = request[TRACE], response.headers
    headers["X-Request-ID"] = trace.request_id
    headers["Server"] = "larst"
    headers["traceparent"] = trace.place.header()
    if (timing := server_timing(trace)) is not None:
        headers["Server-Timing"] = timing
    if trace.session_id is not None:
        headers["X-Session-ID"] = trace.session_id
    if _is_control(request):
        return
    for name, value in cors_headers(request, request.app[SETTINGS].cors_origins).items():
        headers[name] = value


def _tell(request: web.Request, trace: RequestTrace, status: int | None) -> None:
    """Tell the log, the span and the metrics how it went; `status` None: its client has left."""
    if trace.route is None and (resource := request.match_info.route.resource) is not None:
        canonical = resource.canonical
        trace.route = None if canonical == CATCH_ALL else canonical
    attributes = _http_attributes(request) if trace.is_recorded else _NOTHING
    trace.end(known_method(request.method), status, attributes)
    if _log.isEnabledFor(logging.INFO):
        _log_request(request, trace, status)


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


def _is_control(request: web.Request) -> bool:
    return request.path.startswith("/_larst")


async def _planned(request: web.Request) -> web.StreamResponse:
    return await request.app[RUNNING].ingress.serve(request, request[TRACE], request.get(TOKEN))


def _not_allowed(request: web.Request, allowed: tuple[str, ...]) -> web.Response:
    detail = f"{request.method[:20]} is not taken here; allowed are {', '.join(allowed)}"
    problem = Problem(405, "method not allowed", detail, {"Allow": ", ".join(allowed)})
    return problem_response(request, problem, request[TRACE].request_id)


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
    return problem_response(request, problem, request[TRACE].request_id)


async def _metrics(request: web.Request) -> web.Response:
    page = request.app[PARTS].metrics_page
    made = None
    if page is not None:  # in a thread: some hundred series take milliseconds
        made = await asyncio.to_thread(page, request.headers.get("Accept", ""))
    if made is None:
        problem = Problem(404, "not found", "metrics are off: OTEL_SDK_DISABLED=true")
        return problem_response(request, problem, request[TRACE].request_id)
    body, content_type = made
    return web.Response(body=body, headers={"Content-Type": content_type})


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
    METRICS_PATH: _only_get(_metrics),
    "/_larst": _reserved,
    "/_larst/{path:.*}": _reserved,
}

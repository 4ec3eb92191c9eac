"""The application: what it is made of, and what lives as long as it does.

Here the rooms are put together. Must never hold module-level state.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import web

from larst import actors
from larst.config import Settings
from larst.http.components import COMPONENTS, RUNNING, SETTINGS, Components, RunningService
from larst.http.control.plans import PlanControl
from larst.http.control.sessions import SessionControl
from larst.http.ingress import Ingress
from larst.http.keys import TOKEN, TRACE
from larst.http.middleware import Middleware
from larst.http.pages.api_docs import ApiPages
from larst.http.routes import RESERVED
from larst.planning.book.book import PlanBook
from larst.planning.factory import make_planner
from larst.planning.resolver import ResolverSettings
from larst.policy import PolicyLimits
from larst.runtime.memory import MemoryTrimmer
from larst.sandbox import MontySandbox, SandboxLimits
from larst.session.actor import SessionActor
from larst.session.events import log_event, observe_gauges
from larst.session.pipeline import Pipeline
from larst.store import DataRoot, DiskFiles, Rescues, SessionStore, Threads
from larst.telemetry.metrics import FSYNCS, RESTARTS

CHECKPOINT_AFTER_S = 1.0
"""A session's documented files are complete when it has been idle for this long (SPEC 7)."""


def default_components(settings: Settings) -> Components:
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
    return Components(planner=make_planner(settings), sandbox=MontySandbox(limits))


def make_app(settings: Settings, parts: Components | None = None) -> web.Application:
    """Return the application; its parts start and stop with it."""
    parts = parts or default_components(settings)
    edge = Middleware(settings, parts.telemetry)
    app = web.Application(middlewares=[edge.middleware], client_max_size=settings.max_body_bytes)
    app[SETTINGS], app[COMPONENTS] = settings, parts
    app.on_response_prepare.append(edge.add_headers)
    app.cleanup_ctx.append(_lifetime)
    for path, handler in RESERVED.items():
        app.router.add_route("*", path, handler)
    app.router.add_route("*", "/{path:.*}", _planned)
    return app


async def _planned(request: web.Request) -> web.StreamResponse:
    return await request.app[RUNNING].ingress.serve(request, request[TRACE], request.get(TOKEN))


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    """Start what the application needs, in order of need; stop it in the other order."""
    settings, parts = app[SETTINGS], app[COMPONENTS]
    clock = parts.clock or actors.LoopClock()
    root = DataRoot.open(settings.data_root)
    book = PlanBook(root.path / ".plans", size=settings.plan_book_size, now=_utc_now)
    pipeline = Pipeline(
        planner=parts.planner,
        book=book,
        sandbox=parts.sandbox,
        settings=ResolverSettings(
            settings.plan_mode, settings.plan_attempts, settings.prompt_values
        ),
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

    trimmer = MemoryTrimmer()

    def watch(event: actors.SupervisorEvent) -> None:
        log_event(event)
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
    observe_gauges(parts.telemetry, root, sessions)
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
        pages = ApiPages(settings, sessions, book)
        plans = PlanControl(book)
        app[RUNNING] = RunningService(root, parts.sandbox, ingress, plans, control, pages, sessions)
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
        quiet_s=min(CHECKPOINT_AFTER_S, settings.idle_s),
        idle_s=settings.idle_s,
        max_live=settings.max_sessions_in_memory,
        restart=actors.RestartPolicy(
            limit=settings.restart_limit, window_s=settings.restart_window_s
        ),
    )

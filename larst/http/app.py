"""The application: assembles its parts, and starts and stops them.

Must never hold module-level state.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from larst import actors
from larst.config import SandboxSettings, SessionSettings, Settings
from larst.direct import DirectRunner
from larst.http.access import ROUTE_TABLE, RouteTable
from larst.http.components import COMPONENTS, RUNNING, SETTINGS, Components, RunningService
from larst.http.control.plans import PlanControl
from larst.http.control.sessions import SessionControl
from larst.http.ingress import INGRESS, Ingress
from larst.http.lane import LANE, Lane
from larst.http.middleware import Middleware
from larst.http.pages.documents import SessionDocuments
from larst.http.routes import PLANNED, RESERVED, UNKNOWN
from larst.planning import make_planner
from larst.planning.book import PlanBook
from larst.planning.reading.request import ReadingSettings
from larst.runtime import MemoryTrimmer
from larst.sandbox import MontySandbox
from larst.session import (
    Answer,
    Message,
    Pipeline,
    SessionActor,
    SessionClient,
    log_event,
    observe_gauges,
)
from larst.store import DataRoot, DiskFiles, SessionStore, Threads
from larst.telemetry.metrics import FSYNCS, RESTARTS

CHECKPOINT_AFTER_S = 1.0
"""The idle time after which a session's documented files are complete (SPEC section 7)."""


def default_components(settings: Settings) -> Components:
    """Return the components that the settings select, not yet started.

    Raises:
        ConfigError: settings of the planner contradict each other.
    """
    return Components(planner=make_planner(settings), sandbox=MontySandbox(settings.sandbox))


def make_app(settings: Settings, components: Components | None = None) -> web.Application:
    """Return the application; its components start and stop with it."""
    components = components or default_components(settings)
    routes = RouteTable(RESERVED, planned=PLANNED, unknown=UNKNOWN)
    middleware = Middleware(settings.http, components.telemetry, routes)
    app = web.Application(
        middlewares=[middleware.middleware], client_max_size=settings.http.max_body_bytes
    )
    app[SETTINGS], app[COMPONENTS], app[ROUTE_TABLE] = settings, components, routes
    routes.add_to(app.router)
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(_lifetime)
    return app


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    """Start the parts of the application in order of need; stop them in reverse order."""
    settings, components = app[SETTINGS], app[COMPONENTS]
    async with AsyncExitStack() as stack:
        root = DataRoot.open(settings.data_root)
        stack.callback(root.close)
        book = PlanBook(root.path / ".plans", size=settings.planning.book_size, now=_utc_now)
        stack.push_async_callback(book.close)
        stack.push_async_callback(components.sandbox.stop)
        pipeline = _pipeline(settings, components, book)
        stack.push_async_callback(pipeline.close)
        threads = Threads.open()
        factory = _SessionFactory(root, pipeline, threads, components, settings.sessions)
        sessions = _open_sessions(stack, factory, settings.http.request_timeout_s)
        await book.open()
        await components.sandbox.start()
        app[INGRESS] = Ingress(settings.http, sessions)
        if settings.http.fast_lane == "on":
            app[LANE] = Lane(
                settings.http, app[INGRESS], sessions, components.telemetry, app[ROUTE_TABLE]
            )
        app[RUNNING] = RunningService(
            root=root,
            plans=PlanControl(book),
            session_control=SessionControl(root, sessions, threads, settings.http),
            documents=SessionDocuments(settings, sessions, book),
            sessions=sessions,
        )
        yield


def _pipeline(settings: Settings, components: Components, book: PlanBook) -> Pipeline:
    return Pipeline(
        planner=components.planner,
        book=book,
        sandbox=components.sandbox,
        direct=_direct_runner(settings.sandbox),
        settings=settings.planning,
        now=_utc_now,
        timer=time.perf_counter,
    )


def _direct_runner(settings: SandboxSettings) -> DirectRunner | None:
    """Return what runs total programs in this process; None if all run in workers."""
    if settings.executor == "sandbox":
        return None
    return DirectRunner(
        result_bytes=settings.max_result_bytes, max_store_calls=settings.max_store_calls
    )


@dataclass(frozen=True, slots=True)
class _SessionFactory:
    """Creates the actor of a session."""

    root: DataRoot
    pipeline: Pipeline
    threads: Threads
    components: Components
    settings: SessionSettings

    def __call__(self, session_id: str) -> SessionActor:
        store = SessionStore(
            self.root.session_directory(session_id),
            files=DiskFiles(),
            now=_utc_now,
            on_flushed=lambda: self.components.telemetry.count(FSYNCS),
            threads=self.threads,
        )
        settings, clock = self.settings, self.components.clock
        reading = ReadingSettings(dialect=settings.dialect, unknown=settings.unknown_query)
        return SessionActor(
            store, self.pipeline, clock, schema_mode=settings.schema_mode, reading=reading
        )


def _open_sessions(
    stack: AsyncExitStack, factory: _SessionFactory, timeout_s: float
) -> SessionClient:
    """Return the client of all sessions; closing the stack stops them."""
    components, settings, trimmer = factory.components, factory.settings, MemoryTrimmer()
    stack.callback(trimmer.close)
    stack.callback(factory.threads.close)
    supervisor: actors.Supervisor[str, Message, Answer] = actors.Supervisor(
        factory,
        settings=_supervisor_settings(settings),
        clock=components.clock,
        on_event=_observer(components, trimmer),
    )
    sessions = SessionClient(supervisor, timeout_s=timeout_s)
    observe_gauges(components.telemetry, factory.root, sessions)
    stack.push_async_callback(sessions.stop, drain_s=settings.drain_s)
    return sessions


def _observer(
    components: Components, trimmer: MemoryTrimmer
) -> Callable[[actors.SupervisorEvent], None]:
    def observe(event: actors.SupervisorEvent) -> None:
        log_event(event)
        if isinstance(event, actors.Slept):
            trimmer.schedule()
        elif isinstance(event, actors.Restarted):
            components.telemetry.count(RESTARTS)

    return observe


_utc_now = partial(datetime.now, UTC)


def _supervisor_settings(settings: SessionSettings) -> actors.SupervisorSettings:
    return actors.SupervisorSettings(
        mailbox_size=settings.mailbox_size,
        quiet_s=min(CHECKPOINT_AFTER_S, settings.idle_s),
        idle_s=settings.idle_s,
        max_live=settings.max_in_memory,
        restart=actors.RestartPolicy(
            limit=settings.restart_limit, window_s=settings.restart_window_s
        ),
    )

"""Assembles what sessions share: the tenants' pipelines, the factory of actors, the supervisor.

Must never hold module-level state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from larst import actors
from larst.config import SandboxSettings, SessionSettings, Settings
from larst.direct import DirectRunner
from larst.domain import SessionKey, tenant_of
from larst.http.components import Components
from larst.planning import RULES
from larst.planning.book import PlanBook, Plans
from larst.planning.reading.request import ReadingSettings
from larst.runtime import MemoryTrimmer
from larst.session import (
    Answer,
    Message,
    Pipeline,
    SessionActor,
    SessionClient,
    SessionQuota,
    Tenants,
    log_event,
    observe_gauges,
)
from larst.session.live import LiveHub
from larst.store import DataRoot, DiskFiles, FileOps, IdFloors, Quota, SessionStore, Threads
from larst.telemetry.metrics import FSYNCS, RESTARTS

CHECKPOINT_AFTER_S = 1.0
"""The idle time after which a session's documented files are complete (SPEC section 7)."""

_utc_now = partial(datetime.now, UTC)


def make_tenants(settings: Settings, components: Components, root: DataRoot) -> Tenants:
    """Return the tenants, each with a plan book and a pipeline of its own."""

    def make_book(tenant: str | None) -> PlanBook:
        directory = root.tenant_directory(tenant) / ".plans"
        return PlanBook(directory, size=settings.planning.book_size, now=_utc_now)

    return Tenants(root, make_book, partial(_pipeline, settings, components))


def _pipeline(settings: Settings, components: Components, book: Plans) -> Pipeline:
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
class SessionFactory:
    """Creates the actor of a session; all of them share the same values."""

    root: DataRoot
    tenants: Tenants
    threads: Threads
    components: Components
    settings: SessionSettings
    session_quota: SessionQuota
    files: FileOps
    quota: Quota
    on_flushed: Callable[[], None]
    reading: ReadingSettings
    floors: IdFloors
    hub: LiveHub

    def __call__(self, key: SessionKey) -> SessionActor:
        """Return the actor of the session, which has not loaded its files yet."""
        store = SessionStore(
            self.root.session_directory(key),
            files=self.files,
            now=_utc_now,
            on_flushed=self.on_flushed,
            threads=self.threads,
            quota=self.quota,
            folds_case=self.root.folds_case,
            floors=self.floors,
            enforces_schema=self.settings.schema_mode == "enforce",
            observer=self.hub.observer(key),
        )
        return SessionActor(
            store,
            self.tenants.plans(tenant_of(key)).pipeline,
            self.components.clock,
            schema_mode=self.settings.schema_mode,
            reading=self.reading,
            quota=self.session_quota,
        )


def session_factory(
    root: DataRoot,
    tenants: Tenants,
    threads: Threads,
    components: Components,
    settings: Settings,
    session_quota: SessionQuota,
    hub: LiveHub,
) -> SessionFactory:
    """Return what the supervisor creates the actors of sessions with."""
    sessions, quotas = settings.sessions, settings.quotas
    return SessionFactory(
        root,
        tenants,
        threads,
        components,
        sessions,
        session_quota,
        files=DiskFiles(folds_case=root.folds_case, folders=root.folders),
        quota=Quota(
            records=quotas.max_records,
            size_bytes=quotas.max_session_bytes,
            resources=quotas.max_resources,
        ),
        on_flushed=partial(components.telemetry.count, FSYNCS),
        reading=ReadingSettings(
            dialect=sessions.dialect,
            unknown=sessions.unknown_query,
            has_model=components.planner.maker.planner != RULES,
        ),
        floors=IdFloors(),
        hub=hub,
    )


def open_sessions(
    stack: AsyncExitStack, factory: SessionFactory, timeout_s: float
) -> SessionClient:
    """Return the client of all sessions; closing the stack stops them."""
    components, settings, trimmer = factory.components, factory.settings, MemoryTrimmer()
    stack.callback(trimmer.close)
    stack.callback(factory.threads.close)
    supervisor: actors.Supervisor[SessionKey, Message, Answer] = actors.Supervisor(
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

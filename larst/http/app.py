"""The application: assembles its parts, and starts and stops them.

Must never hold module-level state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web

from larst.config import Settings
from larst.http.access import ROUTE_TABLE, RouteTable
from larst.http.components import (
    COMPONENTS,
    LOGIN,
    REQUEST_LOG,
    RUNNING,
    SETTINGS,
    TOKENS,
    Components,
    RunningService,
)
from larst.http.control.cases import CaseControl
from larst.http.control.clocks import ClockControl
from larst.http.control.contracts import ContractControl
from larst.http.control.fakes import FakeControl
from larst.http.control.faults import FaultControl
from larst.http.control.imports import Imports
from larst.http.control.login import LoginControl
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
from larst.http.control.usage import UsageControl
from larst.http.control.webhooks import WebhookControl
from larst.http.faults import FaultTable
from larst.http.ingress import INGRESS, Ingress, Instruments
from larst.http.lane import LANE, Lane
from larst.http.live import LIVE, LiveService
from larst.http.logins import Logins
from larst.http.middleware import Middleware
from larst.http.pages.documents import SessionDocuments
from larst.http.pages.replies import as_page
from larst.http.readiness import Readiness
from larst.http.recorder import Recorder
from larst.http.request_notes import RequestNotes
from larst.http.request_rates import RequestRates
from larst.http.routes import PLANNED, RESERVED, UNKNOWN
from larst.http.session_assembly import make_tenants, open_sessions, session_factory
from larst.http.webhooks import Receivers, Sender, WebhookFiles, WebhookService
from larst.planning import make_planner
from larst.sandbox import MontySandbox
from larst.session import (
    FolderWatch,
    SessionQuota,
    Tenants,
)
from larst.session.edit_watch import EditWatch
from larst.session.live import STOPPING, TOKENS_CHANGED, LiveHub, LiveLimits
from larst.store import DataRoot, Threads
from larst.telemetry import RequestLog
from larst.telemetry.requests import Recordings
from larst.tokens import TokenSource, TokenTable


def default_components(settings: Settings) -> Components:
    """Return the components that the settings select, not yet started.

    Raises:
        ConfigError: settings of the planner contradict each other.
    """
    return Components(planner=make_planner(settings), sandbox=MontySandbox(settings.sandbox))


def make_app(settings: Settings, components: Components | None = None) -> web.Application:
    """Return the application; its components start and stop with it.

    Raises:
        ConfigError: the file of tokens is missing or wrong.
    """
    components = components or default_components(settings)
    tokens = TokenSource(settings.http.tokens_file, settings.http.auth_token)
    tokens.load()
    routes = RouteTable(RESERVED, planned=PLANNED, unknown=UNKNOWN)
    logins = Logins()
    middleware = Middleware(
        settings.http, components.telemetry, tokens, routes, logins=logins, as_page=as_page
    )
    app = web.Application(
        middlewares=[middleware.middleware], client_max_size=settings.http.max_body_bytes
    )
    app[SETTINGS], app[COMPONENTS] = settings, components
    app[TOKENS], app[ROUTE_TABLE] = tokens, routes
    app[REQUEST_LOG], app[LOGIN] = RequestLog(), LoginControl(logins, tokens)
    app.on_shutdown.append(_end_streams)
    routes.add_to(app.router)
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(_lifetime)
    return app


async def _end_streams(app: web.Application) -> None:
    app[REQUEST_LOG].close()
    app[LIVE].hub.end_all(STOPPING)


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    """Start the parts of the application in order of need; stop them in reverse order."""
    settings, components, tokens = app[SETTINGS], app[COMPONENTS], app[TOKENS]
    async with AsyncExitStack() as stack:
        root = DataRoot.open(settings.data_root)
        stack.callback(root.close)
        tenants = make_tenants(settings, components, root)
        stack.push_async_callback(tenants.close_books)
        stack.push_async_callback(components.sandbox.stop)
        stack.push_async_callback(tenants.close_planning)
        threads = Threads.open()
        session_quota = SessionQuota(root, components.clock, settings.quotas.max_sessions)
        hub = _live_hub(settings, components, threads)
        stack.push_async_callback(hub.close)
        sender = Sender(Receivers(settings.kit.webhook_hosts))
        webhooks = WebhookService(WebhookFiles(root), hub, sender, asyncio.sleep)
        stack.push_async_callback(webhooks.close)  # after the last change
        await webhooks.start()  # before the first one
        factory = session_factory(root, tenants, threads, components, settings, session_quota, hub)
        sessions = open_sessions(stack, factory, settings.http.request_timeout_s)
        await _open_tenants(tenants, tokens.table)
        await components.sandbox.start()
        instruments = _instruments(settings, app[REQUEST_LOG])
        app[INGRESS] = Ingress(settings.http, sessions, root.secret_key(), instruments)
        if settings.http.fast_lane == "on":
            app[LANE] = Lane(
                settings.http,
                app[INGRESS],
                sessions,
                components.telemetry,
                tokens,
                app[ROUTE_TABLE],
            )
        app[LIVE] = LiveService(
            sessions, hub, settings.sandbox.max_result_bytes, settings.http.request_timeout_s
        )
        imports = Imports(
            threads,
            timeout_s=settings.http.request_timeout_s,
            max_bytes=settings.http.max_import_bytes,
            min_bytes_per_s=settings.http.min_bytes_per_s,
        )
        folder_watch = FolderWatch(root, sessions, asyncio.sleep)
        plans = PlanControl(tenants)
        session_control = SessionControl(root, sessions, session_quota, webhooks)
        app[RUNNING] = RunningService(
            readiness=Readiness(root, components.sandbox, components.planner, components.clock),
            folder_watch=folder_watch,
            plans=plans,
            cases=CaseControl(tenants, plans),
            undoing=UndoControl(sessions, plans),
            teaching=TeachingControl(tenants, sessions),
            session_control=session_control,
            usage=UsageControl(session_control, session_quota, settings),
            transfers=TransferControl(root, sessions, imports, session_quota),
            clocks=ClockControl(root, sessions, session_quota),
            contracts=ContractControl(sessions, session_quota),
            resources=ResourceControl(root, sessions, session_quota),
            snapshots=SnapshotControl(root, sessions, imports),
            fakes=FakeControl(sessions, session_quota),
            packs=PackControl(
                root, sessions, tenants, imports, components.planner.maker, instruments.faults
            ),
            requests=RequestControl(app[REQUEST_LOG], settings.console.trace_url),
            recordings=RecordingControl(instruments.recorder.recordings),
            faults=FaultControl(instruments.faults),
            webhooks=WebhookControl(root, sessions, session_quota, webhooks),
            documents=SessionDocuments(settings, sessions, tenants.served),
            sessions=sessions,
        )
        if settings.sessions.watch == "on":
            edits = EditWatch(sessions, root.session_directory, threads)
            task = asyncio.create_task(edits.run(asyncio.sleep), name="larst edits")
            stack.push_async_callback(_cancelled, task)
        watch = asyncio.create_task(
            tokens.watch(partial(_take_tokens, app, tenants), asyncio.sleep), name="larst tokens"
        )
        stack.push_async_callback(_cancelled, watch)
        wake = asyncio.create_task(webhooks.wake(sessions), name="larst wake webhooks")
        stack.push_async_callback(_cancelled, wake)
        folders = asyncio.create_task(folder_watch.run(), name="larst folders")
        stack.push_async_callback(_cancelled, folders)
        yield


def _instruments(settings: Settings, log: RequestLog) -> Instruments:
    return Instruments(
        rates=RequestRates(settings.quotas.max_requests_per_s),
        notes=RequestNotes(log, settings.console),
        recorder=Recorder(Recordings(records_all=settings.kit.records_all)),
        faults=FaultTable(settings.kit.faults),
    )


def _live_hub(settings: Settings, components: Components, threads: Threads) -> LiveHub:
    quotas = settings.quotas
    limits = LiveLimits(
        per_session=quotas.max_watchers_per_session,
        per_tenant=quotas.max_watchers_per_tenant,
        total=quotas.max_watchers,
    )
    return LiveHub(limits, components.clock.now, asyncio.sleep, threads.run_search)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _take_tokens(app: web.Application, tenants: Tenants, table: TokenTable) -> None:
    """Prepare for new tokens. Streams end, so that a token that was removed loses its own.

    Nothing may be awaited after that: the new table counts when this returns.
    """
    await _open_tenants(tenants, table)
    app[LIVE].hub.end_all(TOKENS_CHANGED)
    app[REQUEST_LOG].close()


async def _open_tenants(tenants: Tenants, table: TokenTable | None) -> None:
    """Open the default tenant and all that the tokens name, before a request can name them."""
    for tenant in (None, *(table.tenants() if table is not None else ())):
        await tenants.open(tenant)

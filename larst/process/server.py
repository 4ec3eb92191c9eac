"""The server: binds the address, reports that it is ready, and drains on SIGTERM or Ctrl-C.

Must never drop an accepted request before its deadline.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

from aiohttp import web

from larst import __version__
from larst.config import Settings
from larst.http.app import make_app
from larst.http.components import RUNNING, SETTINGS, TOKENS, Components
from larst.http.connection import Connection
from larst.http.ingress import INGRESS
from larst.http.lane import LANE, Lane, LaneConnection
from larst.http.pace import ConnectionWatch, PaceLimits
from larst.http.routes import RESERVED
from larst.planning.planner import Planner, Preparable
from larst.process.banner import Notice
from larst.process.seeding import Seeded, SeedFile, seed
from larst.process.stopping import stop_event
from larst.runtime import CollectorSchedule

MAX_TARGET_BYTES = 256 * 1024
"""The longest request line that aiohttp parses: long enough to refuse a long target as JSON."""

MAX_HEADER_BYTES = 32 * 1024

CLOSE_S = 0.5
"""How long connections may take to close after the last reply."""

LINGER_S = 5.0
"""How long the rest of a refused body is read, so that its client can read the reply."""

SWITCH_S = 0.001
"""How long a thread that computes may keep the event loop waiting, each time that it wakes up; a
request wakes it up several times."""

_log = logging.getLogger("larst.service")


async def run_service(
    settings: Settings,
    components: Components,
    announce: Callable[[Notice], None],
    file: SeedFile | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the accepted requests.

    Raises:
        DataRootTakenError: another process serves the data root.
        BadRequestError: the file cannot be imported.
        OSError: the address is in use, or the data root cannot be created.
    """
    stop, collector = stop_event(settings.sessions.drain_s), CollectorSchedule()
    app = make_app(settings, components)
    runner = ServiceRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=CLOSE_S,
        keepalive_timeout=settings.http.keepalive_s,
        lingering_time=LINGER_S,
        max_line_size=MAX_TARGET_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )
    try:
        await runner.setup()
        outcome = None
        if file is not None:
            unnamed = app[INGRESS].unnamed_session(app[TOKENS].environment)
            session_id = file.session_id or unnamed
            outcome = await seed(app[RUNNING], file, settings, session_id)
        collector.start()
        sys.setswitchinterval(SWITCH_S)
        site = web.TCPSite(runner, settings.http.host, settings.http.port, backlog=1024)
        await site.start()
        url = _url(settings.http.host, runner)
        _report_ready(url, settings, components, announce, outcome)
        preparation = asyncio.create_task(_prepare(components.planner), name="larst planner")
        await stop.wait()
        preparation.cancel()
        await asyncio.wait({preparation})
        _log.info("stopping", extra={"fields": {"drain_s": settings.sessions.drain_s}})
        await site.stop()
        # While the connections are open, so that every accepted request gets its reply, within one
        # deadline for all. New requests are refused.
        await app[RUNNING].sessions.stop(drain_s=settings.sessions.drain_s)
    finally:
        collector.stop()
        await runner.cleanup()
        _log.info("stopped")


async def _prepare(planner: Planner) -> None:
    if isinstance(planner, Preparable):
        await planner.prepare()


def _report_ready(
    url: str,
    settings: Settings,
    components: Components,
    announce: Callable[[Notice], None],
    seeded: Seeded | None,
) -> None:
    maker = components.planner.maker
    announce(
        Notice(
            url=url,
            data_root=settings.data_root,
            planner=maker.planner,
            model=maker.model,
            version=__version__,
            file=None if seeded is None else seeded.report,
            resource=None if seeded is None else seeded.resource,
            paths=frozenset(RESERVED),
            has_tokens=settings.http.has_tokens,
            token=settings.http.auth_token,
        )
    )
    _log.info("ready", extra={"fields": {"url": url, "planner": maker.planner}})


def _url(host: str, runner: web.AppRunner) -> str:
    """Return the bound address, with the port that the system chose for port 0."""
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class ServiceRunner(web.AppRunner):
    """Runs the application with connections that reply in JSON even to input that is not HTTP.

    A request that aiohttp cannot parse does not reach the application, and aiohttp replies as text.
    It has no setting for that, so the protocol factory is replaced.
    """

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        server = _Server(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            **plain._kwargs,
        )
        server.lane = self.app.get(LANE)
        if (settings := self.app.get(SETTINGS)) is not None:
            server.watch = ConnectionWatch(PaceLimits.of(settings.http))
        return server


class _Server(web.Server):
    """Creates connections of LARST.

    `lane` answers known requests, if there is one; `watch` ends slow connections.
    """

    lane: Lane | None = None
    watch: ConnectionWatch | None = None

    def __call__(self) -> web.RequestHandler:
        options = {"loop": self._loop, "watch": self.watch, **self._kwargs}
        if self.lane is None:
            return Connection(self, **options)
        return LaneConnection(self, self.lane, **options)

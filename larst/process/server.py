"""The process: binds the address, says that it is ready, and drains on SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from larst import __version__
from larst.config import Settings
from larst.http.app import make_app
from larst.http.components import RUNNING, Components
from larst.http.problems import phrase
from larst.process.banner import banner

MAX_TARGET_BYTES = 256 * 1024
"""What aiohttp reads of a request line: enough to refuse long targets in our own words."""

MAX_HEADER_BYTES = 32 * 1024

CLOSE_S = 0.5
"""What connections are given to end, when all that was accepted has its reply."""


_log = logging.getLogger("larst.service")


async def run_service(settings: Settings, parts: Components, notice: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Raises:
        DataRootTakenError: another process serves the data root.
        OSError: the address is in use, or the data root cannot be made.
    """
    stop = _stop_signal()
    app = make_app(settings, parts)
    runner = ServiceRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=CLOSE_S,
        max_line_size=MAX_TARGET_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.http.host, settings.http.port, backlog=1024)
        await site.start()
        maker = parts.planner.maker
        url = _url(settings.http.host, runner)
        notice(
            banner(
                url=url,
                data_root=settings.data_root,
                planner=maker.planner,
                model=maker.model,
                version=__version__,
            )
        )
        _log.info("ready", extra={"fields": {"url": url, "planner": maker.planner}})
        await stop.wait()
        _log.info("stopping", extra={"fields": {"drain_s": settings.sessions.drain_s}})
        await site.stop()
        # Before the connections are closed: what is accepted gets its reply, within one deadline
        # for all. What comes now is refused.
        await app[RUNNING].sessions.stop(drain_s=settings.sessions.drain_s)
    finally:
        await runner.cleanup()
        _log.info("stopped")


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _url(host: str, runner: web.AppRunner) -> str:
    """Return the address that was bound: port 0 became some port."""
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class ServiceRunner(web.AppRunner):
    """Runs the application with connections that answer in JSON whatever they are sent.

    What aiohttp cannot parse never reaches the application, and would be answered as text.
    aiohttp has no setting for that, so the protocol factory is replaced.
    """

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Server(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            **plain._kwargs,
        )


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, in the form of every other error; the connection ends.

        Raises:
            ConnectionError: part of another reply is out already.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("a reply was begun already")
        is_bug = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        # What strangers send to an open port is no error of the service's.
        _log.log(
            logging.ERROR if is_bug else logging.INFO, "no HTTP", exc_info=exc if is_bug else None
        )
        detail = "" if is_bug else (message or "").partition("\n")[0][:200]
        body: dict[str, Any] = {"error": phrase(status), "detail": detail}
        response = web.Response(
            status=status, body=orjson.dumps(body), content_type="application/json"
        )
        response.headers["Server"] = "larst"
        response.force_close()
        return response

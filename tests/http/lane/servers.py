"""Servers with and without the lane, on real ports; and comparing their replies to the byte."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from larst.config import load_settings
from larst.http.app import default_components, make_app
from larst.http.lane import LANE, Lane
from larst.http.pace import ConnectionWatch
from larst.planning import Planner
from larst.process.server import MAX_HEADER_BYTES, MAX_TARGET_BYTES, ServiceRunner
from larst.telemetry import Telemetry
from tests.lazy_sandbox import LazySandbox

MASKS = (
    (re.compile(rb"(?i)(?<=x-request-id: )[0-9a-f]{32}"), b"<id>"),
    (re.compile(rb'(?<="request_id":")[0-9a-f]{32}'), b"<id>"),
    (re.compile(rb'(?<="id":")[0-9a-f]{32}(?=","status")'), b"<id>"),
    (re.compile(rb"(?<=traceparent: 00-)[0-9a-f]{32}-[0-9a-f]{16}"), b"<trace>"),
    (re.compile(rb"(?<=Request <code>)[0-9a-f]{32}"), b"<id>"),
    (re.compile(rb"(?<=;dur=)[0-9.]+"), b"<ms>"),
    (re.compile(rb"(?<=\r\nDate: )[^\r]+"), b"<date>"),
    (re.compile(rb"127\.0\.0\.1:\d+"), b"<address>"),
    (re.compile(rb"20\d\d-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)"), b"<time>"),
)
"""What differs between two replies to the same request."""

REPLY = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
"""The status of each reply."""

CLOSES = re.compile(
    rb"Connection: close|HTTP/1\.0\r\n(?!.*Connection: keep)|^(?!.*Host: )|Length: x", re.DOTALL
)
"""Requests after which the server closes the connection."""


def masked(data: bytes) -> bytes:
    """Return a reply without the values that no two replies share."""
    for pattern, name in MASKS:
        data = pattern.sub(name, data)
    return data


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `lane` is None if it is off."""

    port: int
    lane: Lane | None
    app: web.Application
    watch: ConnectionWatch

    @property
    def answered(self) -> int:
        """How many requests the lane has answered."""
        return 0 if self.lane is None else self.lane.answered

    async def exchange(self, *parts: bytes, pause: bool = False) -> bytes:
        """Send bytes on a new connection, end it, and return all that the server sent.

        With `pause`, every part arrives alone.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part)
            if pause:
                await writer.drain()
                await asyncio.sleep(0.002)
        return await finish(reader, writer, is_ending=CLOSES.search(b"".join(parts)) is not None)


async def finish(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_ending: bool = False
) -> bytes:
    """Ask for the end of a connection, unless it ends anyway; return all that it received."""
    if not is_ending:
        writer.write(request("GET", "/healthz", headers={"Connection": "close"}))
    async with asyncio.timeout(20):
        data = await reader.read()
    writer.close()
    return data


def request(
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    session: str | None = None,
    headers: dict[str, str] | None = None,
    version: str = "1.1",
) -> bytes:
    """Return the bytes of a request."""
    fields = {"Host": "api.test", **({} if session is None else {"X-Session-ID": session})}
    if body is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    fields |= headers or {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode() + (body or b"")


async def start(
    stack: AsyncExitStack,
    root: Path,
    *,
    lane: str,
    planner: Planner | None = None,
    telemetry: Telemetry | None = None,
    **variables: Any,
) -> Server:
    """Start a server in the running event loop; closing the stack stops it."""
    settings = load_settings(
        {
            "SANDBOX_DATA_ROOT": str(root),
            "LARS_FAST_LANE": lane,
            "LARS_SANDBOX_WORKERS": "1",
            "LARS_ALLOWED_HOSTS": "api.test",
        }
        | variables
    )
    components = default_components(settings)
    components = replace(components, sandbox=LazySandbox(components.sandbox))
    if planner is not None:
        components = replace(components, planner=planner)
    if telemetry is not None:
        components = replace(components, telemetry=telemetry)
    runner = ServiceRunner(
        app := make_app(settings, components),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=0.5,
        keepalive_timeout=settings.http.keepalive_s,
        lingering_time=0.2,
        max_line_size=MAX_TARGET_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    watch = getattr(runner.server, "watch", None)
    assert isinstance(watch, ConnectionWatch)
    return Server(runner.addresses[0][1], app.get(LANE), app, watch)


@dataclass
class Twins:
    """Two servers in a thread of their own, so that all tests of a module share them."""

    root: Path
    on: Server = field(init=False)
    off: Server = field(init=False)

    def __enter__(self) -> Twins:
        self._is_ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._is_ready.wait(30)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            self.on = await start(stack, self.root / "on", lane="on")
            self.off = await start(stack, self.root / "off", lane="off")
            self._is_ready.set()
            await self._end.wait()

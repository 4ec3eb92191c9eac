"""Requests and waits that the tests of the control API share."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient

from larst.http.components import COMPONENTS, RUNNING
from larst.store import SessionStore
from tests.fake_clock import FakeClock

Client = TestClient[Any, Any]
IDLE_S = 300.0
ONE, TWO = {"X-Session-ID": "one"}, {"X-Session-ID": "two"}


async def sleep(client: Client, session_id: str) -> None:
    """Let the idle time of all sessions pass; return when `session_id` is asleep."""
    clock = client.app[COMPONENTS].clock
    assert isinstance(clock, FakeClock)
    await clock.advance(IDLE_S)
    async with asyncio.timeout(20):
        while client.app[RUNNING].sessions.is_live(session_id):  # its files close in a thread
            await clock.settle()


async def export(client: Client, session_id: str) -> bytes:
    """Return the export of a session."""
    reply = await client.get(f"/_larst/sessions/{session_id}/export")
    assert reply.status == 200
    return bytes(await reply.read())


def contents(directory: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a directory, by its relative path."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


async def keep_busy(client: Client, session_id: str, finish: asyncio.Event) -> None:
    """Keep a session busy with one task until `finish` is set."""

    async def wait(_store: SessionStore) -> None:
        await finish.wait()

    await client.app[RUNNING].sessions.run_on_store(session_id, wait)

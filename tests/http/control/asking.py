"""What the tests of the control API ask of a service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient

from larst.http.components import RUNNING
from larst.session.actor import StoreTask
from larst.store import SessionStore

Client = TestClient[Any, Any]
ONE, TWO = {"X-Session-ID": "one"}, {"X-Session-ID": "two"}


async def sleep(client: Client, session_id: str) -> None:
    await client.app[RUNNING].sessions.put_to_sleep(session_id)


async def export(client: Client, session_id: str) -> bytes:
    reply = await client.get(f"/_larst/sessions/{session_id}/export")
    assert reply.status == 200
    return bytes(await reply.read())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def keep_busy(client: Client, session_id: str, leave: asyncio.Event) -> None:
    """Hold a session's turn until the leave is given."""

    async def wait(_store: SessionStore) -> None:
        await leave.wait()

    await client.app[RUNNING].sessions.ask(session_id, StoreTask(wait), timeout_s=20)

"""Watches the folders of sessions in memory, so that edits of their files are seen within a second.

A look compares the sizes and times of files in one thread; only where these have changed, the
session itself holds its files against what it wrote. Must never wake a session, nor keep one awake.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from larst.actors import ActorError
from larst.domain import SessionKey
from larst.errors import LarstError
from larst.session.client import SessionClient
from larst.store import SessionStore, Threads

INTERVAL_S = 0.5

MAX_SESSIONS_A_LOOK = 200
"""With more sessions in memory, a look takes the next of them: their edits are seen later."""

MAX_FILES_A_SESSION = 2_000
"""A session with more files is watched by the first of them."""

_FOLDERS = ("", ".schemas")

_Signature: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Name, size, time and inode of each documented file."""


class EditWatch:
    """Looks at the sessions in memory, a part of them each time."""

    def __init__(
        self, sessions: SessionClient, directory: Callable[[SessionKey], Path], threads: Threads
    ) -> None:
        self._sessions = sessions
        self._directory = directory
        self._threads = threads
        self._signatures: dict[SessionKey, _Signature] = {}
        self._next = 0

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Look until cancelled."""
        while True:
            await sleep(INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Look once, and let the sessions whose files have changed take in their edits."""
        keys = self._turn()
        signatures = await self._threads.run(lambda: self._read(keys), is_long=False)
        changed = [key for key in keys if self._signatures.get(key) != signatures[key]]
        self._signatures |= signatures
        await asyncio.gather(*map(self._take_in, changed))

    def _turn(self) -> Sequence[SessionKey]:
        """Return the sessions of this look, and forget those that left the memory."""
        keys = self._sessions.live_keys()
        live = set(keys)
        for key in self._signatures.keys() - live:
            del self._signatures[key]
        if len(keys) <= MAX_SESSIONS_A_LOOK:
            return keys
        ordered = sorted(keys)
        self._next %= len(ordered)
        turn = (ordered + ordered)[self._next : self._next + MAX_SESSIONS_A_LOOK]
        self._next += MAX_SESSIONS_A_LOOK
        return turn

    def _read(self, keys: Sequence[SessionKey]) -> dict[SessionKey, _Signature]:
        return {key: _signature(self._directory(key)) for key in keys}

    async def _take_in(self, key: SessionKey) -> None:
        """Ask the session to look; one that is damaged is not asked before its next change."""
        try:
            await self._sessions.run_on_store(key, _take_in, keeps_awake=False, wakes=False)
        except ActorError:  # it is busy, or goes to sleep
            self._signatures.pop(key, None)
        except LarstError:
            return


async def _take_in(store: SessionStore) -> None:
    if await store.edits.take_in():
        store.checkpoints.start_quiet()


def _signature(directory: Path) -> _Signature:
    rows: list[tuple[str, int, int, int]] = []
    for folder in _FOLDERS:
        with suppress(OSError), os.scandir(directory / folder) as entries:
            for entry in islice(entries, MAX_FILES_A_SESSION):
                if entry.name.endswith(".json"):
                    status = entry.stat(follow_symlinks=False)
                    row = (folder + entry.name, status.st_size, status.st_mtime_ns, status.st_ino)
                    rows.append(row)
    return tuple(sorted(rows))

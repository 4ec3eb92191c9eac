"""Notices that the folder of a session in memory is gone, or the data root, within a second.

A write notices that itself; without the watch, a session that is only read would go on showing
records that are not there any more. Must never load a session, nor keep one awake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from larst.actors import ActorError
from larst.domain import SessionKey
from larst.errors import LarstError
from larst.session.client import SessionClient
from larst.store import DataRoot, SessionStore

EVERY_S = 1.0


class FolderWatch:
    """Lets each session whose folder is gone look at its files, once."""

    def __init__(
        self, root: DataRoot, sessions: SessionClient, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._folders = root.folders
        self._sessions = sessions
        self._sleep = sleep
        self._suspects: set[SessionKey] = set()

    async def run(self) -> None:
        """Look once a second, until this is cancelled."""
        while True:
            await self._sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look at the folders of all sessions in memory."""
        lost = await asyncio.to_thread(self._lost, self._sessions.live_keys())
        new, self._suspects = lost - self._suspects, lost
        for key in sorted(new):
            with suppress(ActorError, LarstError):  # the session answers its clients with it
                await self._sessions.run_on_store(key, _suspect, keeps_awake=False, wakes=False)

    def _lost(self, keys: Iterable[SessionKey]) -> set[SessionKey]:
        return {key for key in keys if self._folders.problem(key) is not None}


async def _suspect(store: SessionStore) -> None:
    store.durability.suspect()

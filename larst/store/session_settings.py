"""The settings of one session: in memory, and in a file of their own.

The journal does not hold them: a learned dialect is not data, and a disk that refuses it must not
fail the request that taught it. Must be used only by the session's actor.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial

from larst.domain import DataState
from larst.errors import DiskRefusedError
from larst.store.disk.session_files import SessionFiles
from larst.store.disk.settings import NO_SETTINGS, StoredSettings
from larst.store.io_threads import Threads

_log = logging.getLogger("larst.store")


class SessionSettings:
    """The current settings of a session; `lock` admits one user of its files at a time."""

    def __init__(
        self, session_id: str, files: SessionFiles, threads: Threads, lock: asyncio.Lock
    ) -> None:
        self.current = NO_SETTINGS
        self.state = DataState()
        self._session_id = session_id
        self._files = files
        self._threads = threads
        self._lock = lock
        self._is_unsaved = False

    def reset(self, loaded: StoredSettings, *, is_unsaved: bool = False) -> None:
        """Continue from settings that were just loaded; `is_unsaved`: from the journal alone."""
        self.current, self._is_unsaved = loaded, is_unsaved
        self.state = self.state.replaced()

    async def put(self, settings: StoredSettings) -> None:
        """Replace the settings, durably.

        Raises:
            DiskRefusedError: the old settings stay in use; a restart may show the new ones.
        """
        async with self._lock:
            await self._write(settings)
        self.reset(settings)

    def restore(self, settings: StoredSettings) -> None:
        """Continue from the settings of a snapshot, which the journal makes durable."""
        self.reset(settings, is_unsaved=True)

    def learn_dialect(self, name: str) -> None:
        """Remember the dialect that the session's requests taught; `save_learned` writes it."""
        if name != self.current.learned_dialect:
            self.current, self._is_unsaved = replace(self.current, learned_dialect=name), True
            self.state = self.state.replaced()

    async def save_learned(self) -> None:
        """Write the settings learned since the last write; the caller holds the lock.

        A refusal of the disk is only logged: the dialect is learned again after a restart, and the
        journal has the settings of a snapshot.
        """
        if not self._is_unsaved:
            return
        self._is_unsaved = False
        try:
            await self._write(self.current)
        except DiskRefusedError as error:
            self._is_unsaved = self._files.settings_in_journal
            fields = {"session_id": self._session_id, "event": "SettingsNotSaved"}
            _log.warning("settings not saved: %s", error.detail, extra={"fields": fields})

    async def _write(self, settings: StoredSettings) -> None:
        work = partial(self._files.put_settings, settings)
        await self._threads.run_to_completion(work, is_long=False)

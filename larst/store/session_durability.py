"""Makes the commits of one session durable, and finds out that its files are gone.

Must never report a commit whose flush failed: the caller loads the durable state again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from larst.errors import SessionDamagedError
from larst.store.io_threads import Threads
from larst.store.session_checkpoints import SessionCheckpoints
from larst.store.session_parts import SessionParts
from larst.store.session_settings import SessionSettings


class SessionDurability:
    """Flushes a session, and completes its documented files."""

    __slots__ = ("_checkpoints", "_files", "_is_suspect", "_parts", "_settings", "_threads")

    def __init__(
        self,
        parts: SessionParts,
        checkpoints: SessionCheckpoints,
        settings: SessionSettings,
        threads: Threads,
    ) -> None:
        self._parts = parts
        self._files = parts.files
        self._checkpoints = checkpoints
        self._settings = settings
        self._threads = threads
        self._is_suspect = False

    async def flush(self) -> None:
        """Make all commits durable; if the journal has grown large, also begin a checkpoint.

        Raises:
            DiskRefusedError, SessionDamagedError: the commits are not durable; load
                the session again next.
        """
        with self.keeping_ids():
            async with self._parts.writer.lock:
                await self._check_suspicion()
                await self._checkpoints.flush()
                # a made-up session id must leave no directory
                if self._parts.data.resources or self._files.settings_in_journal:
                    await self._settings.save_learned()
        self._checkpoints.start_if_large()

    def suspect(self) -> None:
        """Let the next flush check whether the files are still there, even with no commit."""
        self._is_suspect = True

    async def checkpoint(self) -> None:
        """Make all commits durable, complete the documented files and begin a new journal.

        If the disk refuses the checkpoint itself, that is only logged: the journal still
        completes the files.

        Raises:
            DiskRefusedError, SessionDamagedError: as in `flush`.
        """
        with self.keeping_ids():
            await self._checkpoints.complete_all()

    @contextlib.contextmanager
    def keeping_ids(self) -> Iterator[None]:
        """Keep the next ids if the files are lost: those that are put back may be older."""
        try:
            yield
        except SessionDamagedError:
            self._parts.floors.keep(self._files.directory, self._parts.data.resources)
            raise

    async def _check_suspicion(self) -> None:
        if not self._is_suspect:
            return
        self._is_suspect = False
        is_in_place = self._files.is_in_place
        if not await self._threads.run_to_completion(is_in_place, is_long=False):
            raise SessionDamagedError(f"{self._files.directory} was replaced while the service ran")

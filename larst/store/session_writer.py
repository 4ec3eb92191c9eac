"""Makes the committed transactions of one session durable.

Must never write a state that mixes two moments: what a write contains is taken from memory in one
step of the event loop. Only one write may run at a time: its caller holds `lock`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from larst.errors import DiskRefusedError
from larst.store.collection import Collection
from larst.store.disk.journal_v1 import Line
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.io_threads import Threads
from larst.store.transfer.replacing import free

FEW_RECORDS = 1_000
"""Freed in less than a millisecond."""


class SessionWriter:
    """The transactions that are not yet durable.

    `dirty` are the resources with changes that their files lack; `sizes` are the bytes of each
    resource's files. `lock` is that of the journal and of the settings. `has_failed`:
    memory holds changes that are not durable, until `reset`.
    `on_flushed` is called on the event loop after each write of the journal.
    """

    def __init__(
        self, files: SessionFiles, threads: Threads, on_flushed: Callable[[], None]
    ) -> None:
        self.lock = asyncio.Lock()
        self.dirty: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.has_failed = False
        self._files = files
        self._threads = threads
        self._on_flushed = on_flushed
        self._pending: list[Line] = []
        self._garbage: list[Collection] = []

    @property
    def has_pending(self) -> bool:
        """Whether there is a transaction to write."""
        return bool(self._pending)

    def reset(self, loaded: Loaded) -> None:
        """Drop pending transactions, and continue from files that were just loaded."""
        self._pending, self.dirty, self.sizes = [], loaded.dirty, loaded.sizes
        self.has_failed = False

    def release(self, collections: Iterable[Collection]) -> None:
        """Drop everything that is in memory; free many records in a thread."""
        garbage = [*self._garbage, *collections]
        self._pending, self.dirty, self._garbage = [], set(), []
        if sum(len(collection.records) for collection in garbage) > FEW_RECORDS:
            self._threads.start(free, self._free(garbage))
        else:
            free(garbage)  # others may still refer to the collections

    @property
    def holds_settings(self) -> bool:
        """Whether the journal alone has, or will have, the session's settings."""
        return self._files.settings_in_journal or any("settings" in line for line in self._pending)

    def add(
        self,
        resources: Mapping[str, Any],
        settings: Mapping[str, str | None] | None = None,
        plan_key: str | None = None,
    ) -> None:
        """Add a committed transaction: its changes by resource, as the journal stores them.

        `settings`: those that the session has from then on. `plan_key`: that of the plan whose run
        it is, if a user may take it back.
        """
        line: dict[str, Any] = {"resources": resources}
        if settings is not None:
            line["settings"] = settings
        if plan_key is not None:
            line["plan"] = plan_key
        self._pending.append(line)
        self.dirty.update(resources)

    def discard(self, collections: Iterable[Collection]) -> None:
        """Free the memory of replaced collections with the next write, in a thread."""
        self._garbage += collections

    async def write(self) -> None:
        """Write the pending transactions; later commits belong to the next write.

        Raises:
            DiskRefusedError: the transactions are not durable; `reset` before the next write.
        """
        if self.has_failed:
            raise DiskRefusedError("an earlier write failed; nothing was changed, try again")
        pending, self._pending = self._pending, []
        garbage, self._garbage = self._garbage, []
        if pending:
            self.has_failed = True  # until the write has succeeded
            await self._threads.run_to_completion(partial(self._append, pending), is_long=False)
            self._on_flushed()
        if garbage:
            await self._threads.run_to_completion(partial(free, garbage), is_long=True)

    def _append(self, lines: list[Line]) -> None:
        self._files.journal.append(lines)
        self._files.settings_in_journal |= any("settings" in line for line in lines)
        self.has_failed = False

    async def _free(self, garbage: list[Collection]) -> None:
        with contextlib.suppress(RuntimeError):  # the threads have ended, as the process will
            await self._threads.run(partial(free, garbage), is_long=True)

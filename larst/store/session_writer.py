"""Makes the committed transactions of one session durable, and completes its documented files.

Must never write a state that mixes two moments: what a write contains is taken from memory in one
step of the event loop. Only one write may run at a time; `SessionStore` holds the lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from larst.errors import DiskRefusedError
from larst.store.collection import Collection
from larst.store.disk.journal_v1 import Line
from larst.store.disk.session_files import Loaded, SessionFiles
from larst.store.io_threads import Threads
from larst.store.transfer.replacing import free

_log = logging.getLogger("larst.store")

CHECKPOINT_BYTES = 4 * 1024 * 1024
"""The smallest journal that a flush checkpoints. The journal must also be larger than the
documented files, so that a checkpoint rewrites less than was written since the last one."""

FEW_RECORDS = 2_000
"""So many records are written in milliseconds: not worth the queue of the long jobs."""


class SessionWriter:
    """The transactions that are not yet durable, and the resources with incomplete files.

    `on_flushed` is called on the event loop after each write of the journal.
    """

    def __init__(
        self,
        session_id: str,
        files: SessionFiles,
        threads: Threads,
        on_flushed: Callable[[], None],
    ) -> None:
        self._session_id = session_id
        self._files = files
        self._threads = threads
        self._on_flushed = on_flushed
        self._pending: list[Line] = []
        self._dirty: set[str] = set()
        self._garbage: list[Collection] = []
        self._checkpoint_at_bytes = CHECKPOINT_BYTES
        self._has_failed = False

    @property
    def is_checkpoint_due(self) -> bool:
        """Whether the journal is large enough for a checkpoint."""
        return self._files.journal.end > self._checkpoint_at_bytes

    def reset(self, loaded: Loaded) -> None:
        """Drop pending transactions, and continue from files that were just loaded."""
        self._pending, self._dirty = [], loaded.dirty
        self._checkpoint_at_bytes = max(CHECKPOINT_BYTES, loaded.file_bytes)
        self._has_failed = False

    def release(self) -> None:
        """Drop everything that is in memory."""
        self._pending, self._dirty, self._garbage = [], set(), []

    def add(self, resources: Mapping[str, Any]) -> None:
        """Add a committed transaction: its changes by resource, as the journal stores them."""
        self._pending.append({"resources": resources})
        self._dirty.update(resources)

    def discard(self, collections: Iterable[Collection]) -> None:
        """Free the memory of replaced collections with the next write, in a thread."""
        self._garbage += collections

    async def write(self, collections: Mapping[str, Collection], *, checkpoints: bool) -> None:
        """Write the pending transactions; `checkpoints`: also complete the documented files.

        Both stand for the same moment. Later commits belong to the next write.

        Raises:
            DiskRefusedError: the transactions are not durable; `reset` before the next write.
        """
        if self._has_failed:
            raise DiskRefusedError("an earlier write failed; nothing was changed, try again")
        pending, self._pending = self._pending, []
        garbage, self._garbage = self._garbage, []
        frozen = self._freeze(collections) if checkpoints else {}
        try:
            if pending:
                self._has_failed = True  # until the write has succeeded
                await self._threads.run_to_completion(partial(self._append, pending), is_long=False)
                self._on_flushed()
            if frozen and self._files.journal.has_changes:
                await self._checkpoint(frozen)
            if garbage:
                await self._threads.run_to_completion(partial(free, garbage), is_long=True)
        except BaseException:
            self._dirty.update(frozen)
            raise

    def _append(self, lines: list[Line]) -> None:
        self._files.journal.append(lines)
        self._has_failed = False

    def _freeze(self, collections: Mapping[str, Collection]) -> dict[str, Collection]:
        """Return the resources to checkpoint; later changes make them dirty again."""
        names, self._dirty = self._dirty, set()
        return {name: collections[name].snapshot() for name in sorted(names)}

    async def _checkpoint(self, frozen: Mapping[str, Collection]) -> None:
        """Complete the documented files; a refusal of the disk is only logged.

        The journal still completes the files, and receives the later commits.
        """
        record_count = sum(len(collection.records) for collection in frozen.values())
        try:
            file_bytes = await self._threads.run_to_completion(
                partial(self._files.checkpoint, frozen), is_long=record_count > FEW_RECORDS
            )
        except DiskRefusedError as error:
            self._dirty.update(frozen)
            # Otherwise every flush would try again, and take as long.
            self._checkpoint_at_bytes = self._files.journal.end + CHECKPOINT_BYTES
            _log.warning(
                "checkpoint of session %s failed: %s",
                self._session_id,
                error.__cause__,
                extra={"fields": {"session_id": self._session_id, "event": "CheckpointFailed"}},
            )
        else:
            self._checkpoint_at_bytes = max(CHECKPOINT_BYTES, file_bytes)

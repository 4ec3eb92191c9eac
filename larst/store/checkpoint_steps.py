"""The steps of a session's checkpoints, each on the loop or in a thread, and its statistics.

Must never hold up a write for as long as files are written: the lock of the journal is
held for the short steps only (`disk/checkpoint.py` draws them).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from larst.errors import DiskRefusedError
from larst.store.checkpoint_choice import (
    CHECKPOINT_BYTES,
    KEPT_JOURNAL_BYTES,
    is_large,
    quiet_choice,
)
from larst.store.collection import Collection
from larst.store.disk.checkpoint import Checkpoint, CheckpointAbandonedError
from larst.store.disk.documents import resource_of
from larst.store.disk.journal_format import VERSION
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.disk.stats import ResourceStats, SessionStats
from larst.store.io_threads import Threads
from larst.store.session_writer import SessionWriter

_log = logging.getLogger("larst.store")

FEW_RECORDS = 2_000
FEW_RESOURCES = 20
"""So much is written in milliseconds: not worth the queue of the long jobs."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The resources to complete; `ends_journal`: a new one begins if no other has changes."""

    names: set[str]
    ends_journal: bool = True


Choice = Callable[[], Chosen]
"""Chooses at the moment when the checkpoint begins."""

_Frozen = dict[str, Collection | None]


@dataclass(frozen=True, slots=True)
class Begun:
    """A checkpoint that has begun: the files of these resources, as they were at its mark."""

    checkpoint: Checkpoint
    frozen: _Frozen


class CheckpointSteps:
    """Takes the steps of one checkpoint after another; its caller sees to their order."""

    def __init__(
        self, session_id: str, files: SessionFiles, writer: SessionWriter, threads: Threads
    ) -> None:
        self._session_id = session_id
        self._files = files
        self._writer = writer
        self._threads = threads
        self._collections: Mapping[str, Collection] = {}
        self._is_loaded = False
        self._running: Checkpoint | None = None
        self._saved: SessionStats | None = None
        self._retry_at_bytes = 0

    def reset(self, loaded: Loaded | None) -> None:
        """Continue from files that were just loaded; None: the memory is freed."""
        self._is_loaded, self._retry_at_bytes = loaded is not None, 0
        self._collections = loaded.collections if loaded else {}
        self._saved = loaded.stats if loaded else None

    def stats(self) -> SessionStats:
        """Return the size of the session as it is now."""
        sizes = self._writer.sizes
        resources = {
            name: ResourceStats(len(collection.records), sizes.get(name, 0))
            for name, collection in self._collections.items()
        }
        return SessionStats(self._files.journal.end, resources)

    def abandon(self) -> None:
        """Make the running checkpoint end early, unless it already puts files in place."""
        if self._running is not None:
            self._running.is_abandoned = True

    def is_due(self) -> bool:
        """Return whether the journal has grown large, also since the disk refused a checkpoint."""
        journal_bytes, writer = self._files.journal.end, self._writer
        if journal_bytes <= self._retry_at_bytes:
            return False
        return is_large(journal_bytes, writer.dirty, writer.sizes)

    def quiet_choice(self) -> Chosen:
        """Return the resources to complete in a quiet second."""
        writer, journal_bytes = self._writer, self._files.journal.end
        names = quiet_choice(writer.dirty, writer.sizes, journal_bytes)
        return Chosen(names, ends_journal=journal_bytes > KEPT_JOURNAL_BYTES)

    def all_dirty(self) -> Chosen:
        """Return all resources with incomplete files."""
        return Chosen(set(self._writer.dirty))

    async def begin(self, choose: Choice) -> Begun | None:
        """Write the pending transactions, and begin a checkpoint of that moment.

        Returns None if there is nothing to complete, or the disk refuses that.

        Raises:
            DiskRefusedError: the transactions are not durable.
        """
        frozen, is_whole = self._freeze(choose)
        try:
            await self._writer.write()
        except BaseException:
            self._writer.dirty.update(frozen)
            raise
        # Without a resource there may still be a journal that the last checkpoints kept.
        if not ((frozen or is_whole) and self._files.journal.has_changes):
            self._writer.dirty.update(frozen)
            return None
        begin = partial(self._files.begin_checkpoint, frozen, is_whole=is_whole)
        try:
            if self._files.journal.end:  # then this does not touch the disk
                self._running = begin()
            else:
                self._running = await self._threads.run_to_completion(begin, is_long=False)
        except BaseException as error:
            self._put_off(frozen, error)
            if not isinstance(error, DiskRefusedError):
                raise
            return None
        return Begun(self._running, frozen)

    async def finish(self, begun: Begun | None) -> None:
        """Take the steps of a checkpoint; if the disk refuses one, that is only logged.

        The journal still completes the files, and receives the later commits.
        """
        if begun is None:
            return
        try:
            await self._take_steps(begun.checkpoint, is_long=_is_long(begun.frozen))
        except BaseException as error:
            self._put_off(begun.frozen, error)
            await self._threads.run_to_completion(begun.checkpoint.discard, is_long=False)
            if not isinstance(error, DiskRefusedError | CheckpointAbandonedError):
                raise
        else:
            self._writer.sizes.update(begun.checkpoint.sizes)
            foreign = {resource_of(name) for name in begun.checkpoint.foreign}
            self._writer.dirty.update(name for name in foreign if name is not None)
        finally:
            self._running = None

    async def save_stats(self) -> None:
        """Write the statistics if they have changed.

        A session without a journal of this version stays as it was found, until it is written.
        """
        stats, journal = self.stats(), self._files.journal
        is_exact = self._is_loaded and not self._writer.has_pending
        if not (is_exact and journal.end and journal.version == VERSION) or stats == self._saved:
            return
        with contextlib.suppress(DiskRefusedError):  # an overview shows fewer figures
            work = partial(self._files.put_stats, stats)
            await self._threads.run_to_completion(work, is_long=False)
            self._saved = stats

    def _freeze(self, choose: Choice) -> tuple[_Frozen, bool]:
        """Return the chosen resources as they are now, and whether a new journal can begin.

        Later changes make them dirty again. A version-1 journal is upgraded as a whole.
        """
        dirty = self._writer.dirty
        chosen = Chosen(set(dirty)) if self._files.journal.version == 1 else choose()
        dirty -= chosen.names
        frozen = {name: self._frozen(name) for name in sorted(chosen.names)}
        ends_journal = chosen.ends_journal and not self._writer.holds_settings
        return frozen, ends_journal and not dirty

    def _frozen(self, name: str) -> Collection | None:
        collection = self._collections.get(name)
        return None if collection is None else collection.snapshot()

    async def _take_steps(self, checkpoint: Checkpoint, *, is_long: bool) -> None:
        run = self._threads.run_to_completion
        await run(checkpoint.write_beside, is_long=is_long)
        await self._alone(checkpoint.announce)
        await run(checkpoint.put_in_place, is_long=is_long)
        await self._alone(checkpoint.finish)

    async def _alone(self, step: Callable[[], None]) -> None:
        """Take a step that changes the journal, unless a failed write waits for a reload."""
        async with self._writer.lock:
            if self._writer.has_failed:
                raise CheckpointAbandonedError
            await self._threads.run_to_completion(step, is_long=False)

    def _put_off(self, frozen: _Frozen, error: BaseException) -> None:
        """Keep the resources dirty; after a refusal, wait until the journal has grown again."""
        self._writer.dirty.update(frozen)
        if not isinstance(error, DiskRefusedError):
            return
        # Otherwise every flush would try again, and use the disk for as long.
        self._retry_at_bytes = self._files.journal.end + CHECKPOINT_BYTES
        fields = {"session_id": self._session_id, "event": "CheckpointFailed"}
        _log.warning(
            "checkpoint of session %s failed: %s",
            self._session_id,
            error.__cause__,
            extra={"fields": fields},
        )


def _is_long(frozen: _Frozen) -> bool:
    records = sum(len(item.records) for item in frozen.values() if item is not None)
    return records > FEW_RECORDS or len(frozen) > FEW_RESOURCES

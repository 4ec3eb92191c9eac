"""The checkpoints of one session: one at a time, while its writes go on.

Must never hold up a write for as long as files are written: `disk`, the lock of the journal, is
held for the short steps of a checkpoint only (`disk/checkpoint.py` draws them). Whoever moves the
session's files holds `exclusive`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from larst.errors import DiskRefusedError
from larst.store.checkpoint_choice import CHECKPOINT_BYTES, is_large, quiet_choice
from larst.store.collection import Collection
from larst.store.disk.checkpoint import Checkpoint, CheckpointAbandonedError
from larst.store.disk.journal import VERSION
from larst.store.disk.session_files import Loaded, SessionFiles
from larst.store.disk.stats import ResourceStats, SessionStats
from larst.store.io_threads import Threads
from larst.store.session_writer import SessionWriter

_log = logging.getLogger("larst.store")

FEW_RECORDS = 2_000
FEW_RESOURCES = 20
"""So much is written in milliseconds: not worth the queue of the long jobs."""


_Choice = Callable[[], set[str]]
_Frozen = dict[str, Collection]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A checkpoint that has begun: the files of these resources, as they were at its mark."""

    checkpoint: Checkpoint
    frozen: _Frozen


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A checkpoint that begins with the next flush; None: it was given up."""

    choose: _Choice
    begun: asyncio.Future[_Begun | None]


class SessionCheckpoints:
    """Completes the documented files; `collections` are all resources, as the store holds them.

    A checkpoint in the background never writes a commit to the journal: a commit is durable only
    through the flush that reports it, or is not if that flush fails.
    """

    def __init__(
        self, session_id: str, files: SessionFiles, writer: SessionWriter, threads: Threads
    ) -> None:
        self.disk = asyncio.Lock()
        self.collections: Mapping[str, Collection] = {}
        self._session_id = session_id
        self._files = files
        self._writer = writer
        self._threads = threads
        self._turn = asyncio.Lock()  # one checkpoint at a time; taken before `disk`
        self._claims = 0  # of `_turn`, by those who wait; the background gives way
        self._running: Checkpoint | None = None
        self._waiting: _Waiting | None = None
        self._is_queued = False
        self._retry_at_bytes = 0
        self._failure: Exception | None = None
        self._saved: SessionStats | None = None
        self._is_loaded = False

    def reset(self, loaded: Loaded | None) -> None:
        """Continue from files that were just loaded; None: the memory is freed."""
        self._is_loaded = loaded is not None
        self.collections = loaded.collections if loaded else {}
        self._saved = loaded.stats if loaded else None

    def stats(self) -> SessionStats:
        """Return the size of the session as it is now."""
        sizes = self._writer.sizes
        resources = {
            name: ResourceStats(len(collection.records), sizes.get(name, 0))
            for name, collection in self.collections.items()
        }
        return SessionStats(self._files.journal.end, resources)

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Abandon the running checkpoint, and keep others and all writes from beginning."""
        self.abandon()
        async with self._claim(), self.disk:
            self._retry_at_bytes = 0
            yield

    def abandon(self) -> None:
        """Make the running checkpoint end early, unless it already puts files in place."""
        self._give_up_waiting()
        if self._running is not None:
            self._running.is_abandoned = True

    async def complete_all(self) -> None:
        """Make all commits durable, and complete all files; a refusal of the files is only logged.

        Raises:
            DiskRefusedError: the commits are not durable; reload next.
        """
        async with self._claim():
            self.raise_failure()
            async with self.disk:
                begun = await self._begin(self._all_dirty)
            await self._finish(begun)
            await self._save_stats()

    async def flush(self) -> None:
        """Make all commits durable, and begin a checkpoint that waits; the caller holds `disk`.

        Raises:
            DiskRefusedError: the commits are not durable; reload next.
        """
        self.raise_failure()
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.begun.done():  # its task was cancelled
            await self._writer.write()
            return
        begun = None
        try:
            begun = await self._begin(waiting.choose)
        finally:
            waiting.begun.set_result(begun)

    def start_quiet(self) -> None:
        """Begin to complete the files that a quiet second is for."""
        self._start(self._quiet_choice)

    def start_if_large(self) -> None:
        """Begin to complete all files if the journal has grown large."""
        journal_bytes = self._files.journal.end
        if self._turn.locked() or journal_bytes <= self._retry_at_bytes:
            return
        if is_large(journal_bytes, self._writer.dirty, self._writer.sizes):
            self._start(self._all_dirty)

    async def end(self) -> None:
        """Abandon all checkpoints of this directory, and wait until they have ended."""
        self.abandon()
        with self._priority():
            await self._threads.finished(self._files.directory)

    async def finished(self) -> None:
        """Wait for the checkpoints that were begun."""
        await self._threads.finished(self._files.directory)
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raise the unexpected error of a checkpoint that nothing awaited."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @contextlib.asynccontextmanager
    async def _claim(self) -> AsyncIterator[None]:
        """Take the turn, before checkpoints in the background."""
        with self._priority():
            async with self._turn:
                yield

    @contextlib.contextmanager
    def _priority(self) -> Iterator[None]:
        """Keep checkpoints in the background from beginning: they would wait for a flush."""
        self._claims += 1
        self._give_up_waiting()
        try:
            yield
        finally:
            self._claims -= 1

    def _give_up_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.begun.done():
            waiting.begun.set_result(None)

    def _start(self, choose: _Choice) -> None:
        if not self._is_queued:
            self._is_queued = True
            self._threads.start(self._files.directory, self._in_background(choose))

    async def _in_background(self, choose: _Choice) -> None:
        try:
            async with self._turn:
                self._is_queued = False
                await self._finish(await self._begin_when_durable(choose))
                await self._save_stats()
        except Exception as error:  # noqa: BLE001 - the next flush raises it
            self._failure = error

    async def _begin_when_durable(self, choose: _Choice) -> _Begun | None:
        """Begin a checkpoint, with the next flush if there is anything to flush."""
        async with self.disk:
            if self._claims or self._writer.has_failed:
                return None
            if not self._writer.has_pending:
                return await self._begin(choose)
            waiting = _Waiting(choose, asyncio.get_running_loop().create_future())
            self._waiting = waiting
        return await waiting.begun

    def _quiet_choice(self) -> set[str]:
        writer, journal = self._writer, self._files.journal
        return quiet_choice(writer.dirty, writer.sizes, journal.end)

    def _all_dirty(self) -> set[str]:
        return set(self._writer.dirty)

    async def _begin(self, choose: _Choice) -> _Begun | None:
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
        if not (frozen and self._files.journal.has_changes):
            self._writer.dirty.update(frozen)
            return None
        begin = partial(self._files.begin_checkpoint, frozen, is_whole=is_whole)
        try:
            self._running = await self._threads.run_to_completion(begin, is_long=False)
        except BaseException as error:
            self._put_off(frozen, error)
            if not isinstance(error, DiskRefusedError):
                raise
            return None
        return _Begun(self._running, frozen)

    def _freeze(self, choose: _Choice) -> tuple[_Frozen, bool]:
        """Return the chosen resources as they are now, and whether they are all dirty ones.

        Later changes make them dirty again. A version-1 journal is upgraded as a whole.
        """
        dirty = self._writer.dirty
        chosen = set(dirty) if self._files.journal.version == 1 else choose()
        dirty -= chosen
        frozen = {name: self.collections[name].snapshot() for name in sorted(chosen)}
        return frozen, not dirty

    async def _finish(self, begun: _Begun | None) -> None:
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
        finally:
            self._running = None

    async def _take_steps(self, checkpoint: Checkpoint, *, is_long: bool) -> None:
        run = self._threads.run_to_completion
        await run(checkpoint.write_beside, is_long=is_long)
        await self._alone(checkpoint.announce)
        await run(checkpoint.put_in_place, is_long=is_long)
        await self._alone(checkpoint.finish)

    async def _save_stats(self) -> None:
        """Write the statistics if they have changed.

        A session without a journal of this version stays as it was found, until it is written.
        """
        stats, journal = self.stats(), self._files.journal
        is_exact = self._is_loaded and not self._writer.has_pending
        if not (is_exact and journal.end and journal.version == VERSION) or stats == self._saved:
            return
        with contextlib.suppress(DiskRefusedError):  # whoever looks sees fewer figures
            work = partial(self._files.put_stats, stats)
            await self._threads.run_to_completion(work, is_long=False)
            self._saved = stats

    async def _alone(self, step: Callable[[], None]) -> None:
        """Take a step that changes the journal, unless a failed write waits for a reload."""
        async with self.disk:
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
    records = sum(len(collection.records) for collection in frozen.values())
    return records > FEW_RECORDS or len(frozen) > FEW_RESOURCES

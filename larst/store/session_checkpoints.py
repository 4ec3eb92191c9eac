"""The checkpoints of one session: when each begins, one at a time, while its writes go on.

Must never let two checkpoints overlap, nor one with a step that moves the session's files: that
holds `exclusive`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from larst.store.checkpoint_steps import Begun, CheckpointSteps, Choice
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.disk.stats import SessionStats
from larst.store.io_threads import Threads
from larst.store.quiet_turns import Done
from larst.store.session_writer import SessionWriter


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A checkpoint that begins with the next flush; None: it was given up."""

    choose: Choice
    begun: asyncio.Future[Begun | None]


class SessionCheckpoints:
    """Completes the documented files of a session.

    A checkpoint in the background never writes a commit to the journal: a commit is durable only
    through the flush that reports it, or is not if that flush fails.
    """

    def __init__(
        self, session_id: str, files: SessionFiles, writer: SessionWriter, threads: Threads
    ) -> None:
        self._steps = CheckpointSteps(session_id, files, writer, threads)
        self._directory = files.directory
        self._writer = writer
        self._threads = threads
        self._turn = asyncio.Lock()  # one checkpoint at a time; taken before `lock`
        self._claims = 0  # tasks in the foreground that wait for `_turn`
        self._waiting: _Waiting | None = None
        self._is_queued = False
        self._failure: Exception | None = None

    def reset(self, loaded: Loaded | None) -> None:
        """Continue from files that were just loaded; None: the memory is freed."""
        self._steps.reset(loaded)

    def stats(self) -> SessionStats:
        """Return the size of the session as it is now."""
        return self._steps.stats()

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Abandon all checkpoints of the directory, and keep others and all writes from beginning.

        Also those of an actor that has crashed: they must not write beside a load.
        """
        self.abandon()
        with self._priority():
            await self._threads.finished(self._directory)
        async with self._claim(), self._writer.lock:
            yield

    def abandon(self) -> None:
        """Make the running checkpoint end early, unless it already puts files in place."""
        self._threads.quiet_turns.discard(self)
        self._give_up_waiting()
        self._steps.abandon()

    async def complete_all(self) -> None:
        """Make all commits durable, and complete all files; a refusal of the files is only logged.

        Raises:
            DiskRefusedError: the commits are not durable; reload next.
        """
        self._threads.quiet_turns.discard(self)
        async with self._claim():
            self.raise_failure()
            async with self._writer.lock:
                begun = await self._steps.begin(self._steps.all_dirty)
            await self._steps.finish(begun)
            await self._steps.save_stats()

    async def flush(self) -> None:
        """Make all commits durable, and begin a checkpoint that waits; the caller holds the lock.

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
            begun = await self._steps.begin(waiting.choose)
        finally:
            if not waiting.begun.done():
                waiting.begun.set_result(begun)

    @property
    def is_needed(self) -> bool:
        """Whether there are resources with incomplete files."""
        return bool(self._writer.dirty)

    def start_quiet(self) -> None:
        """Complete the files that a quiet second is for, as soon as it is the session's turn."""
        if self._writer.dirty:
            self._threads.quiet_turns.add(self, self._start_in_turn)

    def start_if_large(self) -> None:
        """Begin to complete all files if the journal has grown large."""
        if not self._turn.locked() and self._steps.is_due():
            self._start(self._steps.all_dirty)

    async def finished(self) -> None:
        """Wait for the checkpoints that were begun."""
        await self._threads.finished(self._directory)
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

    def _start_in_turn(self, on_end: Done) -> None:
        if not self._start(self._steps.quiet_choice, on_end):
            on_end()

    def _start(self, choose: Choice, on_end: Done = lambda: None) -> bool:
        """Begin a checkpoint, which calls `on_end` at its end; False: one is about to begin."""
        if self._is_queued:
            return False
        self._is_queued = True
        self._threads.start(self._directory, self._in_background(choose, on_end))
        return True

    async def _in_background(self, choose: Choice, on_end: Done) -> None:
        try:
            async with self._turn:
                self._is_queued = False
                await self._steps.finish(await self._begin_when_durable(choose))
        except Exception as error:  # noqa: BLE001 - the next flush raises it
            self._failure = error
        finally:
            on_end()

    async def _begin_when_durable(self, choose: Choice) -> Begun | None:
        """Begin a checkpoint, with the next flush if there is anything to flush."""
        async with self._writer.lock:
            if self._claims or self._writer.has_failed:
                return None
            if not self._writer.has_pending:
                return await self._steps.begin(choose)
            waiting = _Waiting(choose, asyncio.get_running_loop().create_future())
            self._waiting = waiting
        return await waiting.begun

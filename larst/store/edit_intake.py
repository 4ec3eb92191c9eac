"""When the edits of documented files are taken in: with no write and no checkpoint beside.

Must never leave files and memory apart: both change in one step, which a cancelled caller does
not end.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from functools import partial

from larst.store.io_threads import Threads
from larst.store.session_checkpoints import SessionCheckpoints
from larst.store.session_edits import EditReport, SessionEdits
from larst.store.session_parts import SessionParts


class EditIntake:
    """Takes in the edits of a session that is loaded."""

    __slots__ = ("_changes", "_checkpoints", "_data", "_edits", "_files", "_threads", "_writer")

    def __init__(
        self,
        parts: SessionParts,
        edits: SessionEdits,
        checkpoints: SessionCheckpoints,
        threads: Threads,
    ) -> None:
        self._data = parts.data
        self._files = parts.files
        self._writer = parts.writer
        self._changes = parts.changes
        self._edits = edits
        self._checkpoints = checkpoints
        self._threads = threads

    @property
    def reports(self) -> list[EditReport]:
        """What became of the latest edits of documented files."""
        return list(self._edits.reports)

    async def take_in(self, resources: Names[str] | None = None) -> bool:
        """Take in documented files that were edited by hand, or set them aside.

        `resources`: only if files of these were. Returns whether there were any.

        Raises:
            DiskRefusedError: the commits are not durable; reload the session next.
        """
        has_any = partial(self._edits.has_any, resources)
        if not await self._threads.run_to_completion(has_any, is_long=False):
            return False
        async with self._checkpoints.exclusive():
            await self._writer.write()
            try:
                await self._threads.run_to_completion(self._take_in, is_long=True)
            finally:  # the work is done, also if the caller is cancelled
                while self._changes.number < self._files.position.number:
                    self._changes.record_replacement()
                self._changes.flushed(self._files.position)
        return True

    async def take_in_of_dirty(self) -> None:
        """Take in the edits of the files that the next checkpoint would replace.

        Raises:
            DiskRefusedError: the commits are not durable; reload the session next.
        """
        if self._writer.dirty:
            await self.take_in(set(self._writer.dirty))

    def _take_in(self) -> None:
        """Change files and memory together: the caller may be cancelled in between."""
        for name, collection in self._edits.take_in(self._data.resources).items():
            self._data.change()
            if (old := self._data.resources.get(name)) is not None:
                self._writer.discard([old])
            self._data.resources[name] = collection
            self._writer.dirty.add(name)

"""The plan book: plans already made, kept by the shape of request that they serve.

Lookups touch memory alone; one task writes the files behind them, so that no request waits for
this disk or fails with it. Must never forget what a person decided.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from larst.errors import ConfigError
from larst.planning.book.files import MAX_SESSIONS, BookEntry, EntryFiles, PlanState, report

SAVE_USES_EVERY_S = 60.0
"""Counts of uses may be lost for so long by a kill; a plan itself is written at once."""

WRITE_TIMEOUT_S = 10.0
RETRY_AFTER_S = 5.0
FLUSH_TIMEOUT_S = 15.0

_log = logging.getLogger("larst.book")


class PlanBook:
    """Keeps at most `size` plans; the least used leave first, unless a person decided on them.

    A pinned or rejected plan never leaves by itself: odd requests must not be able to undo what
    a person decided. They count towards `size`, so a book full of them learns nothing more.
    """

    def __init__(self, directory: Path, *, size: int, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._size = size
        self._now = now
        self._entries: dict[str, BookEntry] = {}
        self._of_shape: dict[str, dict[str, None]] = {}
        self._leaving = _LeavingOrder()
        self._files = EntryFiles(directory)
        self._unwritten: dict[str, None] = {}
        self._uncounted: set[str] = set()
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._turn_to_write = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    async def open(self) -> None:
        """Read the plans that were kept, and start to write those to come.

        What is no entry, or is called otherwise than its key, is logged and left as it is.

        Raises:
            ConfigError: the directory cannot be made or read.
        """
        try:
            found = await asyncio.to_thread(self._files.read_all)
        except OSError as error:
            raise ConfigError(
                f"the plan book {self._directory} cannot be opened: {error}"
            ) from error
        for entry in sorted(found, key=lambda entry: entry.last_used_at or entry.made_at):
            self._keep(entry)
        self._of_shape = {}
        for entry in sorted(self._entries.values(), key=lambda entry: entry.made_at):
            self._of_shape.setdefault(entry.shape_key, {})[entry.key] = None
        while len(self._entries) > self._size and self._drop_one():
            pass
        self._writer = asyncio.create_task(self._write_behind(), name="larst plan book")

    def get(self, key: str) -> BookEntry | None:
        """Return the entry, whatever its state, or None; this counts no use."""
        return self._entries.get(key)

    def entries(self) -> list[BookEntry]:
        """Return all entries, in no order that means anything."""
        return list(self._entries.values())

    def of_shape(self, shape_key: str) -> list[BookEntry]:
        """Return the entries of a shape, whatever their state: the latest made first."""
        return [self._entries[key] for key in reversed(self._of_shape.get(shape_key, {}))]

    def used(self, key: str, session_id: str) -> None:
        """Count a use by a session; the file learns of it within a minute."""
        if (entry := self._entries.get(key)) is None:
            return
        told: dict[str, object] = {"uses": entry.uses + 1, "last_used_at": self._now().isoformat()}
        if session_id not in entry.sessions:
            told["sessions"] = (*entry.sessions, session_id)[-MAX_SESSIONS:]
        self._keep(entry.model_copy(update=told))
        self._uncounted.add(key)

    def put(self, entry: BookEntry) -> None:
        """Keep an entry in the place of any other of its key; it is found from now on."""
        if entry.key not in self._entries:
            while len(self._entries) >= self._size:
                if not self._drop_one():
                    _log.warning("the plan book is full of pinned and rejected plans")
                    return
        self._keep(entry)
        self._must_write(entry.key)

    def remove(self, key: str) -> None:
        """Forget an entry, if there is one."""
        if (entry := self._entries.pop(key, None)) is not None:
            self._forget_shape(entry)
            self._leaving.discard(entry)
            self._uncounted.discard(key)
            self._must_write(key)

    def set_state(self, key: str, state: PlanState, reason: str | None = None) -> BookEntry | None:
        """Record what a person decided on a plan; return its entry, or None if there is none."""
        if (entry := self._entries.get(key)) is None:
            return None
        decided = entry.model_copy(update={"state": state, "reason": reason})
        self._keep(decided)
        self._must_write(key)
        return decided

    async def flush(self) -> None:
        """Write everything now, counts of uses too; what the disk refuses is logged."""
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self._write_all(with_uses=True)
        except TimeoutError as error:
            report("the plan book could not be written in time", self._directory, error)

    async def close(self) -> None:
        """Write everything and stop; the book answers on from memory."""
        self._closing.set()
        self._changed.set()
        await self.flush()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer}, timeout=WRITE_TIMEOUT_S)

    def _keep(self, entry: BookEntry) -> None:
        if (before := self._entries.get(entry.key)) is not None:
            self._leaving.discard(before)
        if before is None:
            self._of_shape.setdefault(entry.shape_key, {})[entry.key] = None
        self._entries[entry.key] = entry
        self._leaving.add(entry)

    def _forget_shape(self, entry: BookEntry) -> None:
        keys = self._of_shape[entry.shape_key]
        del keys[entry.key]
        if not keys:
            del self._of_shape[entry.shape_key]

    def _drop_one(self) -> bool:
        """Let the least used plan go; tell whether any could."""
        if (key := self._leaving.first()) is None:
            return False
        self.remove(key)
        return True

    def _must_write(self, key: str) -> None:
        """Note a key whose file differs; one that is gone and never had a file needs nothing."""
        if key in self._entries or self._files.has(key):
            self._unwritten[key] = None
            self._changed.set()
        else:
            self._unwritten.pop(key, None)

    async def _write_behind(self) -> None:
        loop = asyncio.get_running_loop()
        save_uses_at_s = loop.time() + SAVE_USES_EVERY_S
        while not self._closing.is_set():
            await _wait(self._changed, until_s=save_uses_at_s)
            self._changed.clear()
            if is_due := loop.time() >= save_uses_at_s:
                save_uses_at_s = loop.time() + SAVE_USES_EVERY_S
            if not await self._write_all(with_uses=is_due):
                await _wait(self._closing, until_s=loop.time() + RETRY_AFTER_S)
                self._changed.set()

    async def _write_all(self, *, with_uses: bool) -> bool:
        """Bring the files up to date; tell whether the disk took everything."""
        async with self._turn_to_write:
            if with_uses:
                self._unwritten.update(dict.fromkeys(self._uncounted))
            while self._unwritten:
                if not await self._write_one(next(iter(self._unwritten))):
                    return False
        return True

    async def _write_one(self, key: str) -> bool:
        """Write or delete the key's file; tell whether that is settled."""
        entry = self._entries.get(key)
        self._uncounted.discard(key)
        # Taken off first: what changes while this writes must be written once more.
        del self._unwritten[key]
        is_settled = False
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await (self._files.write(entry) if entry else self._files.delete(key))
            is_settled = True
        except (OSError, ValueError) as error:
            # A ValueError says that the entry is no JSON, and it never will be.
            is_settled = isinstance(error, ValueError)
            report("a plan could not be written", self._files.path(key), error)
        finally:
            if not is_settled:
                self._unwritten[key] = None
        return is_settled


class _LeavingOrder:
    """Which learned plan leaves next: the least used, and of those the longest unused.

    A use costs the same however many plans there are (O(1) LFU: Shah, Mitra and Matani, 2010).
    """

    def __init__(self) -> None:
        self._by_uses: dict[int, OrderedDict[str, None]] = {}

    def add(self, entry: BookEntry) -> None:
        if entry.state == "learned":
            self._by_uses.setdefault(entry.uses, OrderedDict())[entry.key] = None

    def discard(self, entry: BookEntry) -> None:
        if (keys := self._by_uses.get(entry.uses)) is not None:
            keys.pop(entry.key, None)
            if not keys:
                del self._by_uses[entry.uses]

    def first(self) -> str | None:
        return next(iter(self._by_uses[min(self._by_uses)])) if self._by_uses else None


async def _wait(event: asyncio.Event, *, until_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until_s):
            await event.wait()

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
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from larst.domain import Plan
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
        self._new_uses: dict[str, _NewUses] = {}
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
        self._apply_uses()
        return self._entries.get(key)

    def plan_of(self, key: str) -> Plan | None:
        """Return the plan of an entry, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry.plan

    def entries(self) -> list[BookEntry]:
        """Return all entries, in no particular order."""
        self._apply_uses()
        return list(self._entries.values())

    def of_shape(self, shape_key: str) -> list[BookEntry]:
        """Return the entries of a shape, whatever their state: pinned first, then the newest."""
        if (keys := self._of_shape.get(shape_key)) is None:
            return []
        entries = [self._entries[key] for key in reversed(keys)]
        if len(entries) > 1:
            entries.sort(key=lambda entry: entry.state != "pinned")
        return entries

    def count_use(self, key: str, session_id: str) -> None:
        """Count a use by a session; entry and file have it when someone looks, or in a minute."""
        if key not in self._entries:
            return
        if (uses := self._new_uses.get(key)) is None:
            uses = self._new_uses[key] = _NewUses()
        uses.count += 1
        uses.last_at = self._now()
        uses.sessions[session_id] = None
        if len(uses.sessions) > MAX_SESSIONS:
            self._apply_uses()

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
        self._apply_uses()
        if (entry := self._entries.pop(key, None)) is not None:
            self._forget_shape(entry)
            self._leaving.discard(entry)
            self._uncounted.discard(key)
            self._must_write(key)

    def set_state(self, key: str, state: PlanState, reason: str | None = None) -> BookEntry | None:
        """Record what a person decided on a plan; return its entry, or None if there is none."""
        if (entry := self.get(key)) is None:
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

    def _apply_uses(self) -> None:
        """Add the uses counted since the last time to their entries.

        Counting apart costs a request a microsecond; copying its entry cost sixteen.
        """
        new_uses, self._new_uses = self._new_uses, {}
        for key, uses in new_uses.items():
            if (entry := self._entries.get(key)) is None:
                continue
            sessions = tuple(dict.fromkeys((*entry.sessions, *uses.sessions)))[-MAX_SESSIONS:]
            update = {
                "uses": entry.uses + uses.count,
                "last_used_at": uses.last_at.isoformat(),
                "sessions": sessions,
            }
            self._keep(entry.model_copy(update=update))
            self._uncounted.add(key)

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
        """Remove the least used plan; tell whether there was one to remove."""
        self._apply_uses()
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
                self._apply_uses()
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


@dataclass(slots=True)
class _NewUses:
    """Uses of one plan that its entry does not have yet."""

    count: int = 0
    last_at: datetime = datetime.min
    sessions: dict[str, None] = field(default_factory=dict)


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

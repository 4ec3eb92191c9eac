"""The plan book: stores plans by the shape of request that they serve.

Lookups read memory only. A background task writes the files, so that no request waits for this
disk or fails because of it. Must never lose a user's decision on a plan.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from larst.domain import DataState, Plan, SessionKey
from larst.errors import ConfigError
from larst.planning.book.eviction import EvictionOrder
from larst.planning.book.files import MAX_SESSIONS, BookEntry, EntryFiles, PlanState, log_file_error
from larst.planning.planner import RULES

SAVE_USES_EVERY_S = 60.0
"""A kill loses at most this much of the usage counts; plans themselves are written immediately."""

WRITE_TIMEOUT_S = 10.0
RETRY_AFTER_S = 5.0
FLUSH_TIMEOUT_S = 15.0

_log = logging.getLogger("larst.book")


class PlanBook:
    """Stores at most `size` plans and evicts the least used learned plan first.

    Plans of the rules leave before those of models: they are made again at no cost.

    Pinned and rejected plans are never evicted: a flood of unusual requests must not undo a user's
    decision. They count towards `size`, so a book full of them learns no new plans.
    """

    def __init__(self, directory: Path, *, size: int, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._size = size
        self._now = now
        self.generation = 0  # changes when a plan is added, removed or decided on
        self.state = DataState()  # likewise
        self._entries: dict[str, BookEntry] = {}
        self._of_shape: dict[str, dict[str, None]] = {}
        self._pinned: dict[str, None] = {}
        self._eviction_orders = (EvictionOrder(), EvictionOrder())  # of the rules, of models
        self._files = EntryFiles(directory)
        self._outdated: dict[str, None] = {}
        self._new_uses: dict[str, _NewUses] = {}
        self._outdated_uses: set[str] = set()
        self._has_changes = asyncio.Event()
        self._closing = asyncio.Event()
        self._write_lock = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    async def open(self) -> None:
        """Read the stored plans and start the background writer.

        Files that are not plans, or whose name differs from their key, are logged and ignored.

        Raises:
            ConfigError: the directory cannot be created or read.
        """
        try:
            entries = await asyncio.to_thread(self._files.read_all)
        except OSError as error:
            raise ConfigError(
                f"the plan book {self._directory} cannot be opened: {error}"
            ) from error
        for entry in sorted(entries, key=lambda entry: entry.last_used_at or entry.made_at):
            self._store(entry)
        self._of_shape = {}
        for entry in sorted(self._entries.values(), key=lambda entry: entry.made_at):
            self._of_shape.setdefault(entry.shape_key, {})[entry.key] = None
        while len(self._entries) > self._size and self._evict_one():
            pass
        self._writer = asyncio.create_task(self._write_behind(), name="larst plan book")

    @property
    def states(self) -> tuple[DataState, ...]:
        """The states of all plans and of what users decided on them."""
        return (self.state,)

    def served(self, session_key: SessionKey) -> list[BookEntry]:
        """Return the entries that have served a session."""
        return [entry for entry in self.entries() if session_key in entry.sessions]

    def get(self, key: str) -> BookEntry | None:
        """Return the entry in any state, or None. Does not count as a use."""
        self._apply_uses()
        return self._entries.get(key)

    def plan_of(self, key: str) -> Plan | None:
        """Return the plan of an entry, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry.plan

    def entries(self) -> list[BookEntry]:
        """Return all entries, unordered."""
        self._apply_uses()
        return list(self._entries.values())

    def of_shape(self, shape_key: str) -> list[BookEntry]:
        """Return the entries of a shape in any state: pinned first, then newest first."""
        if (keys := self._of_shape.get(shape_key)) is None:
            return []
        entries = [self._entries[key] for key in reversed(keys)]
        if len(entries) > 1:
            entries.sort(key=lambda entry: entry.state != "pinned")
        return entries

    def pinned(self) -> Iterator[BookEntry]:
        """Yield the pinned plans, the latest pinned first; their uses may be older."""
        return (self._entries[key] for key in reversed(self._pinned))

    def count_use(self, key: str, session_key: SessionKey | None) -> None:
        """Count a use; None: the OpenAPI document of the session does not list the plan.

        Entries show it immediately, files within a minute.
        """
        if key not in self._entries:
            return
        if (uses := self._new_uses.get(key)) is None:
            uses = self._new_uses[key] = _NewUses()
        uses.count += 1
        uses.last_at = self._now()
        if session_key is not None:
            uses.sessions[session_key] = None
        if len(uses.sessions) > MAX_SESSIONS:
            self._apply_uses()

    def put(self, entry: BookEntry) -> None:
        """Store an entry, replacing any entry with the same key."""
        if entry.key not in self._entries:
            while len(self._entries) >= self._size:
                if not self._evict_one():
                    _log.warning(
                        "plan not stored: the plan book is full of pinned and rejected plans"
                    )
                    return
        self._store(entry)
        self._change()
        self._mark_outdated(entry.key)

    def remove(self, key: str) -> None:
        """Remove an entry, if it exists."""
        self._apply_uses()
        if (entry := self._entries.pop(key, None)) is not None:
            self._forget_shape(entry)
            self._pinned.pop(key, None)
            self._change()
            self._order_of(entry).discard(entry)
            self._outdated_uses.discard(key)
            self._mark_outdated(key)

    def set_state(self, key: str, state: PlanState, reason: str | None = None) -> BookEntry | None:
        """Record a user's decision on a plan; return its entry, or None if the plan is unknown."""
        if (entry := self.get(key)) is None:
            return None
        decided = entry.model_copy(update={"state": state, "reason": reason})
        self._store(decided)
        self._change()
        self._mark_outdated(key)
        return decided

    async def flush(self) -> None:
        """Write all changes and usage counts now; errors are logged."""
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self._write_all(with_uses=True)
        except TimeoutError as error:
            log_file_error("the plan book could not be written in time", self._directory, error)

    async def close(self) -> None:
        """Write all changes and stop the writer; lookups keep working from memory."""
        self._closing.set()
        self._has_changes.set()
        await self.flush()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer}, timeout=WRITE_TIMEOUT_S)

    def _change(self) -> None:
        self.generation += 1
        self.state = self.state.replaced()

    def _apply_uses(self) -> None:
        """Add the uses counted since the last call to their entries.

        Counting separately costs a request 1 µs; copying its entry costs 16 µs.
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
            self._store(entry.model_copy(update=update))
            self._outdated_uses.add(key)

    def _store(self, entry: BookEntry) -> None:
        if (before := self._entries.get(entry.key)) is not None:
            self._order_of(before).discard(before)
        if before is None:
            self._of_shape.setdefault(entry.shape_key, {})[entry.key] = None
        self._entries[entry.key] = entry
        if entry.state != "pinned":
            self._pinned.pop(entry.key, None)
        elif entry.key not in self._pinned:
            self._pinned[entry.key] = None
        self._order_of(entry).add(entry)

    def _forget_shape(self, entry: BookEntry) -> None:
        keys = self._of_shape[entry.shape_key]
        del keys[entry.key]
        if not keys:
            del self._of_shape[entry.shape_key]

    def _order_of(self, entry: BookEntry) -> EvictionOrder:
        return self._eviction_orders[entry.planner != RULES]

    def _evict_one(self) -> bool:
        """Remove the least used learned plan; return whether there was one."""
        self._apply_uses()
        for order in self._eviction_orders:
            if (key := order.first()) is not None:
                self.remove(key)
                return True
        return False

    def _mark_outdated(self, key: str) -> None:
        """Mark the file of a key as outdated, unless neither entry nor file exists."""
        if key in self._entries or self._files.has(key):
            self._outdated[key] = None
            self._has_changes.set()
        else:
            self._outdated.pop(key, None)

    async def _write_behind(self) -> None:
        loop = asyncio.get_running_loop()
        save_uses_at_s = loop.time() + SAVE_USES_EVERY_S
        while not self._closing.is_set():
            await _wait(self._has_changes, until_s=save_uses_at_s)
            self._has_changes.clear()
            if is_due := loop.time() >= save_uses_at_s:
                save_uses_at_s = loop.time() + SAVE_USES_EVERY_S
            if not await self._write_all(with_uses=is_due):
                await _wait(self._closing, until_s=loop.time() + RETRY_AFTER_S)
                self._has_changes.set()

    async def _write_all(self, *, with_uses: bool) -> bool:
        """Write all outdated files; return whether every write succeeded."""
        async with self._write_lock:
            if with_uses:
                self._apply_uses()
                self._outdated.update(dict.fromkeys(self._outdated_uses))
            while self._outdated:
                if not await self._write_one(next(iter(self._outdated))):
                    return False
        return True

    async def _write_one(self, key: str) -> bool:
        """Write or delete the file of a key; return False if this must be retried."""
        entry = self._entries.get(key)
        self._outdated_uses.discard(key)
        # Unmark first: a change during the write must mark the file again.
        del self._outdated[key]
        is_final = False
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await (self._files.write(entry) if entry else self._files.delete(key))
            is_final = True
        except (OSError, ValueError) as error:
            # ValueError: the entry cannot be encoded as JSON, so a retry would not help.
            is_final = isinstance(error, ValueError)
            log_file_error("a plan could not be written", self._files.path(key), error)
        finally:
            if not is_final:
                self._outdated[key] = None
        return is_final


@dataclass(slots=True)
class _NewUses:
    """Uses of one plan that are not yet part of its entry."""

    count: int = 0
    last_at: datetime = datetime.min
    sessions: dict[str, None] = field(default_factory=dict)


async def _wait(event: asyncio.Event, *, until_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until_s):
            await event.wait()

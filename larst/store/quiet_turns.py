"""The turns of quiet sessions: few at a time complete their files, the others wait.

When thousands of sessions become quiet together, the files of all would otherwise be written at
once, and every write of a busy session would wait for them. Must never hold up a session itself:
one that is erased, loaded or put to sleep leaves the queue and completes its files at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

MAX_AT_ONCE = 2
"""Enough to use a disk; writes have the other threads."""

Done = Callable[[], None]


class QuietTurns:
    """Starts work in the order of its arrival, so much at once; for one event loop."""

    def __init__(self, max_at_once: int = MAX_AT_ONCE) -> None:
        self._free = max_at_once
        self._waiting: dict[Hashable, Callable[[Done], None]] = {}

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def add(self, key: Hashable, start: Callable[[Done], None]) -> None:
        """Call `start` when it is the turn of `key`; `start` has its argument called at the end."""
        self._waiting[key] = start
        self._start_next()

    def discard(self, key: Hashable) -> None:
        """Drop the work of `key` if it waits."""
        self._waiting.pop(key, None)

    def _start_next(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            self._waiting.pop(next(iter(self._waiting)))(self._end)

    def _end(self) -> None:
        self._free += 1
        self._start_next()

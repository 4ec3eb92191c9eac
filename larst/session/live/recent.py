"""The latest changes of a session, within bounds, for all who follow it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from larst.store.changes import MAX_CHANGES, MAX_HISTORY_BYTES, CommittedChanges


class RecentChanges:
    """The latest transactions of a session, without a gap, within bounds."""

    def __init__(self) -> None:
        self.end = 0
        self._items: deque[CommittedChanges] = deque()
        self._changes = self._bytes = 0

    def clear(self, end: int) -> None:
        """Go on behind a transaction, without the earlier ones."""
        self.end = end
        self._items.clear()
        self._changes = self._bytes = 0

    def add(self, committed: CommittedChanges) -> None:
        """Add the next transaction; one that cannot be followed drops the earlier ones."""
        if committed.changes is None or committed.number != self.end + 1:
            self.clear(committed.number if committed.changes is None else committed.number - 1)
        if committed.changes is None:
            return
        self.end = committed.number
        self._items.append(committed)
        self._changes += len(committed.changes)
        self._bytes += committed.size_bytes
        while self._changes > MAX_CHANGES or self._bytes > MAX_HISTORY_BYTES:
            oldest = self._items.popleft()
            self._changes -= len(oldest.changes or ())
            self._bytes -= oldest.size_bytes

    def items(self) -> Sequence[CommittedChanges]:
        """Return the transactions, the oldest first."""
        return tuple(self._items)

    def at(self, number: int) -> CommittedChanges | None:
        """Return the transaction of that number; None if it is not among them."""
        index = number - self.end - 1 + len(self._items)
        return self._items[index] if 0 <= index < len(self._items) else None

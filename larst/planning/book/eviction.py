"""Which learned plan leaves a full plan book: never one that a user decided on. Pure."""

from __future__ import annotations

from collections import OrderedDict

from larst.planning.book.files import BookEntry


class EvictionOrder:
    """The eviction order of learned plans: least frequently used, then least recently used.

    Constant time for each use (O(1) LFU: Shah, Mitra and Matani, 2010). Not `cachetools.LFUCache`,
    which can neither restore the counts of earlier runs nor exempt pinned plans.
    """

    def __init__(self) -> None:
        self._by_uses: dict[int, OrderedDict[str, None]] = {}

    def add(self, entry: BookEntry) -> None:
        """Add a plan, unless a user decided on it; call `discard` before its uses change."""
        if entry.state in ("tried", "learned", "refused"):
            self._by_uses.setdefault(entry.uses, OrderedDict())[entry.key] = None

    def discard(self, entry: BookEntry) -> None:
        """Remove a plan, if it is there."""
        if (keys := self._by_uses.get(entry.uses)) is not None:
            keys.pop(entry.key, None)
            if not keys:
                del self._by_uses[entry.uses]

    def first(self) -> str | None:
        """Return the key of the plan to evict next, or None."""
        return next(iter(self._by_uses[min(self._by_uses)])) if self._by_uses else None

"""The memory of the indexes of all sessions: the least recently used ones make room.

Must never drop an index of a session that works in a thread, which may be reading it: so indexes
are dropped on the event loop only, where the work of all other sessions stands still. Dropped ones
are freed elsewhere, a part at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Protocol
from weakref import WeakSet

MAX_BYTES = 512 * 2**20
"""About the memory that all indexes of the process may take, without the values that they share
with the records."""


class Freeable(Protocol):
    """A dropped index."""

    def free_some(self) -> bool:
        """Free a part of it; return whether more is left."""


class Holder(Protocol):
    """The indexes of one resource."""

    @property
    def size_bytes(self) -> int:
        """About the memory of all its indexes."""

    @property
    def is_in_use(self) -> bool:
        """Whether a thread may be reading them."""

    def uses(self) -> Sequence[tuple[float, str]]:
        """Return when each index was last used, and its name."""

    def drop(self, name: str) -> Freeable:
        """Drop an index."""


class IndexMemory:
    """The indexes of all resources in memory; a lock protects it, since threads build and free.

    `is_full`: when the last index was added, all of them took more than MAX_BYTES.
    """

    def __init__(self) -> None:
        self.is_full = False
        self._holders: WeakSet[Holder] = WeakSet()
        self._lock = Lock()

    def add(self, holder: Holder) -> None:
        """Note that a resource has one more index."""
        with self._lock:
            self._holders.add(holder)
            self.is_full = self._size_bytes() > MAX_BYTES

    def discard(self, holder: Holder) -> None:
        """Forget a resource whose memory is freed: from then on, nothing of it is dropped here."""
        with self._lock:
            self._holders.discard(holder)

    def make_room(self) -> list[Freeable]:
        """Drop the least recently used indexes while all take too much memory; return them.

        Called on the event loop. Indexes in use stay until the next call.
        """
        with self._lock:
            excess = self._size_bytes() - MAX_BYTES
            idle = [holder for holder in self._holders if not holder.is_in_use]
            oldest = sorted(
                ((used_s, name, holder) for holder in idle for used_s, name in holder.uses()),
                key=lambda use: use[:2],
            )
            dropped: list[Freeable] = []
            for _, name, holder in oldest:
                if excess <= 0:
                    break
                before = holder.size_bytes
                dropped.append(holder.drop(name))
                excess -= before - holder.size_bytes
            self.is_full = excess > 0
            return dropped

    def _size_bytes(self) -> int:
        return sum(holder.size_bytes for holder in self._holders)


def free(dropped: Sequence[Freeable]) -> None:
    """Free dropped indexes, a part at a time: to free one at once would stop every thread."""
    for index in dropped:
        while index.free_some():
            pass

"""One open stream of events, as its session sees it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larst.session.live.frames import Place

if TYPE_CHECKING:
    from larst.session.live.view import View

WRITE_BYTES = 64 * 1024
"""The events that a watcher takes at once, unless a single one is larger."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a stream: a stable reason, and a detail that says what to do."""

    reason: str
    detail: str


SLOW = Cut(
    "slow",
    "the reader was so far behind that events had to be dropped; connect again with the"
    " Last-Event-ID, and read faster",
)
STOPPING = Cut("stopping", "the service is stopping; connect again")
TOKENS_CHANGED = Cut("tokens changed", "the tokens were read again; connect again with yours")


class Watcher:
    """Takes the events of a view, in order, each of them once.

    `is_stale`: the state has changed in a way that events do not say; open the watch again.
    """

    def __init__(self) -> None:
        self.has_news = asyncio.Event()
        self.is_stale = False
        self.view: View | None = None
        self._next = 0
        self._after: Place | None = None
        self._cut: Cut | None = None

    def join(self, view: View, start: int, after: Place) -> None:
        """Begin at the event `start` of a view, and leave out those that are not behind `after`."""
        self.leave()
        self.view, self._next, self._after = view, start, after
        self.is_stale = False
        view.watchers.add(self)
        if start < view.end:
            self.has_news.set()

    def leave(self) -> None:
        """Take no more events."""
        if self.view is not None:
            self.view.watchers.discard(self)

    def cut(self, reason: Cut) -> None:
        """End the stream."""
        self._cut = reason
        self.has_news.set()

    def mark_stale(self) -> None:
        """Make the stream begin again with the state."""
        self.is_stale = True
        self.has_news.set()

    @property
    def is_behind(self) -> bool:
        """Whether its view has events that it has not taken."""
        return self.view is not None and self._next < self.view.end

    def take(self) -> bytes | Cut:
        """Return the next encoded events, which may be empty, or the reason why the stream ends."""
        if self._cut is not None:
            return self._cut
        view = self.view
        if view is None or self.is_stale:
            return b""
        self._skip(view)
        taken = view.events(self._next, WRITE_BYTES)
        if taken is None:
            return SLOW
        data, self._next = taken
        if self._next == view.end:
            self.has_news.clear()
        return data

    def _skip(self, view: View) -> None:
        """Leave out the events that the client has: its state was made after them."""
        if self._after is None:
            return
        start = view.next_after(self._after)
        if start is not None and start > self._next:
            self._next = start
        if view.number >= self._after.number:
            self._after = None

"""The live changes of all sessions: their feeds, and how many watchers there may be.

Must never create a feed for a session that is not watched: most sessions never are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from larst.domain import SessionKey, tenant_of
from larst.errors import TooManyWatchersError, WatchersFullError
from larst.session.live.feed import Feed, InThread
from larst.session.live.view import MAX_VIEW_BYTES, View
from larst.session.live.watcher import Cut, Watcher
from larst.store.changes import NO_POSITION, CommittedChanges, Position

Key = TypeVar("Key")

MAX_BYTES = 64 * 1024 * 1024
"""The events that all views together hold; beyond, a view that grows drops its own oldest."""

MAX_OPENING = 16
"""Watches that a session opens at the same time; the others wait outside its mailbox, where a
crowd that connects again would leave no room for requests."""

MAX_UNWATCHED = 16
"""Feeds that go on recording after their last watcher has left."""


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """How many watchers there may be of one session, of one tenant, and in all."""

    per_session: int
    per_tenant: int
    total: int


class SessionObserver:
    """Passes what a session commits to its feed, if it has one."""

    __slots__ = ("_feeds", "_key")

    def __init__(self, feeds: Feeds, key: SessionKey) -> None:
        self._feeds, self._key = feeds, key

    @property
    def is_recording(self) -> bool:
        """Whether the session is watched, or was recently."""
        feed = self._feeds.find(self._key)
        return feed is not None and feed.is_recording

    def begin(self, position: Position, history: Sequence[CommittedChanges]) -> None:
        """Go on from what the session loaded."""
        feed = self._feeds.find(self._key)
        if feed is None and history:  # it was watched before a restart
            feed = self._feeds.open(self._key, NO_POSITION)
        if feed is not None:
            feed.begin(position, history)

    def advance(self, position: Position, committed: Sequence[CommittedChanges]) -> None:
        """All transactions up to `position` are durable."""
        feed = self._feeds.find(self._key)
        if feed is not None:
            feed.advance(position, committed)


class Feeds:
    """The feeds of the sessions that are watched, or were recently."""

    def __init__(
        self,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        in_thread: InThread,
    ) -> None:
        self._now, self._sleep, self._in_thread = now, sleep, in_thread
        self._feeds: dict[SessionKey, Feed] = {}
        self._bytes = 0

    def find(self, key: SessionKey) -> Feed | None:
        """Return the feed of a session, if it has one."""
        return self._feeds.get(key)

    def open(self, key: SessionKey, position: Position) -> Feed:
        """Return the feed of a session, which is at `position`."""
        if (feed := self._feeds.get(key)) is None:
            self._drop_unwatched()
            feed = self._feeds[key] = Feed(self._now, self._sleep, self._in_thread, self._make_room)
            feed.begin(position, ())
        return feed

    def leave(self, key: SessionKey, watcher: Watcher) -> None:
        """Remove a watcher."""
        if (feed := self._feeds.get(key)) is not None:
            self._bytes -= feed.leave(watcher)

    def watchers(self) -> Iterator[Watcher]:
        """Yield all watchers."""
        for feed in self._feeds.values():
            for view in feed.views.values():
                yield from view.watchers

    async def close(self) -> None:
        """End all feeds."""
        tasks = {task for feed in self._feeds.values() if (task := feed.cancel()) is not None}
        self._feeds.clear()
        if tasks:
            await asyncio.wait(tasks)

    def _make_room(self, view: View, grown_bytes: int) -> None:
        excess_bytes = max(0, self._bytes + grown_bytes - MAX_BYTES)
        limit_bytes = min(MAX_VIEW_BYTES, max(0, view.size_bytes - excess_bytes))
        self._bytes += grown_bytes - view.trim(limit_bytes)

    def _drop_unwatched(self) -> None:
        unwatched = [key for key, feed in self._feeds.items() if not feed.is_watched]
        surplus = len(unwatched) - MAX_UNWATCHED + 1
        for index, key in enumerate(unwatched):  # the oldest first
            if index < surplus or not self._feeds[key].is_recording:
                del self._feeds[key]


class LiveHub:
    """Watchers and feeds; `now` is a monotonic clock in seconds, `sleep` waits on it.

    `in_thread` runs work that computes for long.
    """

    def __init__(
        self,
        limits: LiveLimits,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        in_thread: InThread,
    ) -> None:
        self.feeds = Feeds(now, sleep, in_thread)
        self._limits = limits
        self._by_session: Counter[SessionKey] = Counter()
        self._by_tenant: Counter[str | None] = Counter()
        self._turns: dict[SessionKey, asyncio.Semaphore] = {}

    @property
    def count(self) -> int:
        """The number of watchers."""
        return self._by_session.total()

    def observer(self, key: SessionKey) -> SessionObserver:
        """Return what follows the changes of a session."""
        return SessionObserver(self.feeds, key)

    @contextmanager
    def watcher(self, key: SessionKey) -> Iterator[Watcher]:
        """Yield a new watcher of a session, which leaves it at the end.

        Raises:
            TooManyWatchersError: the session or its tenant has too many.
            WatchersFullError: the service has too many.
        """
        self._check(key)
        watcher, tenant = Watcher(), tenant_of(key)
        self._by_session[key] += 1
        self._by_tenant[tenant] += 1
        try:
            yield watcher
        finally:
            self.feeds.leave(key, watcher)
            _count_down(self._by_session, key)
            if key not in self._by_session:
                self._turns.pop(key, None)
            _count_down(self._by_tenant, tenant)

    def turn(self, key: SessionKey) -> asyncio.Semaphore:
        """Return the turns by which the watchers of a session open their watches."""
        return self._turns.setdefault(key, asyncio.Semaphore(MAX_OPENING))

    def end_all(self, cut: Cut) -> None:
        """End all streams with a reason; clients may connect again."""
        for watcher in list(self.feeds.watchers()):
            watcher.cut(cut)

    async def close(self) -> None:
        """End all feeds."""
        await self.feeds.close()

    def _check(self, key: SessionKey) -> None:
        limits, close = self._limits, "close a stream first"
        if self.count >= limits.total:
            raise WatchersFullError(
                f"the service has {limits.total} watchers (LARS_MAX_WATCHERS); {close}"
            )
        if self._by_session[key] >= limits.per_session:
            raise TooManyWatchersError(
                f"the session has {limits.per_session} watchers"
                f" (LARS_MAX_WATCHERS_PER_SESSION); {close}"
            )
        if self._by_tenant[tenant_of(key)] >= limits.per_tenant:
            raise TooManyWatchersError(
                f"the tenant has {limits.per_tenant} watchers"
                f" (LARS_MAX_WATCHERS_PER_TENANT); {close}"
            )


def _count_down(counter: Counter[Key], key: Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]

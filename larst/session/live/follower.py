"""One receiver of a session's changes that takes them one by one, at its own speed.

The feed's latest changes are its queue: it holds none itself. What the feed does not have any more
is a gap, which it reports instead of leaving changes out in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from larst.domain import Criteria, Record
from larst.session.live.feed import Feed
from larst.session.live.frames import LAST, LastEvent, Place
from larst.session.live.view import event_of
from larst.store.changes import CommittedChanges
from larst.store.query.criteria import compile_criteria
from larst.store.searching import test_steps

GAP = "gap"

_LOOK_STEPS = 250
"""Steps to look at changes in one turn of the event loop, if one change does not take more."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The changes that a follower gets: of these resources (empty: all), of matching records."""

    resources: Collection[str] = ()
    criteria: Criteria = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FollowedChange:
    """A change of a record, as an event stream names it, or a `gap` without resource and record.

    `place` is that of the change; a follower that has it goes on behind `after`, which is the end
    of the transaction if nothing follows in it.
    """

    name: str
    place: LastEvent
    after: LastEvent
    resource: str = ""
    record: Record | None = None


class Follower:
    """Takes the changes of a session behind the event `after`; `has_news` says when to look."""

    def __init__(self, selection: Selection, feed: Feed, after: LastEvent) -> None:
        self.after = after
        self.has_news = asyncio.Event()
        self._resources = selection.resources
        self._matches = compile_criteria(selection.criteria) if selection.criteria else None
        self._steps = test_steps(selection.criteria)
        self._feed = feed
        feed.follow(self.has_news)
        self.has_news.set()

    @property
    def is_behind(self) -> bool:
        """Whether there are durable changes that it has not looked at."""
        position = self._feed.position
        return bool(position.history) and self._resolved() != (
            position.history,
            Place(position.number),
        )

    def leave(self) -> None:
        """Follow no more."""
        self._feed.unfollow(self.has_news)

    def look(self) -> FollowedChange | None:
        """Return the next change that it is to get; `after` stays where it was.

        None: not among the next ones, and `after` is behind those. Looks at few changes, so call it
        again while it `is_behind`.
        """
        position, last = self._feed.position, self._resolved()
        if last.history != position.history or last.place.number > position.number:
            return self._gap()
        number, part = last.place
        if part == LAST:
            number, part = number + 1, -1
        committed = self._feed.recent.at(number)
        if committed is None:
            return self._gap()
        return self._look_at(committed, part + 1)

    def _look_at(self, committed: CommittedChanges, start: int) -> FollowedChange | None:
        changes, history = committed.changes or (), self._feed.position.history
        count = self._count_per_turn(committed)
        for part in range(start, min(start + count, len(changes))):
            change = changes[part]
            if self._resources and change.resource not in self._resources:
                continue
            if (event := event_of(change, self._matches)) is None:
                continue
            place = LastEvent(history, Place(committed.number, part))
            after = _behind(history, committed, part)
            return FollowedChange(event[0], place, after, change.resource, event[1])
        self.after = _behind(history, committed, start + count - 1)
        return None

    def _count_per_turn(self, committed: CommittedChanges) -> int:
        """Return how many changes of a transaction to look at in one turn, by their mean size."""
        changes = max(1, len(committed.changes or ()))
        steps = (1 + committed.size_bytes // (1024 * changes)) * self._steps
        return max(1, _LOOK_STEPS // steps)

    def _gap(self) -> FollowedChange:
        position = self._feed.position
        place = LastEvent(position.history, Place(position.number))
        return FollowedChange(GAP, place, place)

    def _resolved(self) -> LastEvent:
        """Return where it is; a session has no history before its first write."""
        return LastEvent(self.after.history or self._feed.position.history, self.after.place)


def _behind(history: str, committed: CommittedChanges, part: int) -> LastEvent:
    """Return the place behind a change; behind the last one, that of the whole transaction."""
    is_last = part >= len(committed.changes or ()) - 1
    return LastEvent(history, Place(committed.number, LAST if is_last else part))

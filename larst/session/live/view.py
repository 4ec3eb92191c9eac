"""A view: what its watchers see of a session. Each event of it is encoded once, for all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import orjson

from larst.domain import Criteria, Record
from larst.session.live.frames import (
    ADDED,
    CREATED,
    DELETED,
    REMOVED,
    UPDATED,
    Frame,
    Place,
    encode_change,
)
from larst.session.live.watcher import Watcher
from larst.store.changes import CommittedChanges, RecordChange
from larst.store.query.criteria import Predicate, compile_criteria
from larst.store.searching import test_steps

MAX_VIEW_BYTES = 1024 * 1024
"""The latest events of a view that are held for watchers that are behind."""

MAX_EFFORT = 25_000
"""Steps to make events on the event loop for a watcher that resumes: about 10 ms."""


@dataclass(frozen=True, slots=True)
class Question:
    """The subject of a watch: a resource or one record of it, and the criteria of its records."""

    resource: str
    identifier: str | None = None
    criteria: Criteria = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str | None, bytes]:
        """Equal questions have equal keys."""
        criteria = orjson.dumps(self.criteria, option=orjson.OPT_SORT_KEYS)
        return self.resource, self.identifier, criteria


class View:
    """The events of one question, and its watchers.

    `number` is the transaction up to which it has all events behind `floor`.
    """

    def __init__(self, question: Question, number: int) -> None:
        self.question = question
        self.number, self.floor = number, Place(number)
        self.watchers: set[Watcher] = set()
        self.size_bytes = 0
        self.state: tuple[int, bytes] | None = None
        """The event with the state, and the transaction that it was made after."""
        self._matches = compile_criteria(question.criteria) if question.criteria else None
        self._steps = test_steps(question.criteria)
        self._frames: list[Frame] = []
        self._first = 0  # frames that were dropped
        self._joined: tuple[tuple[int, int], bytes] | None = None

    def effort(self, committed: CommittedChanges) -> int:
        """Return about how many steps it takes to make the events of a transaction."""
        return (len(committed.changes or ()) + committed.size_bytes // 1024) * self._steps

    def events_of(self, history: str, committed: CommittedChanges) -> Sequence[Frame]:
        """Return the events of a transaction, without adding them."""
        return [*_events_of(history, committed, self.question, self._matches)]

    def add(self, number: int, events: Sequence[Frame]) -> int:
        """Add the events of a transaction; return the bytes that the view has grown by.

        It has no effect if the view has gone on behind that transaction.
        """
        if number <= self.number:
            return 0
        self.number = number
        self._frames += events
        grown_bytes = sum(len(frame.data) for frame in events)
        self.size_bytes += grown_bytes
        return grown_bytes

    def trim(self, limit_bytes: int = MAX_VIEW_BYTES) -> int:
        """Drop the oldest events beyond the limit, but not the last; return the dropped bytes."""
        dropped = count = 0
        while self.size_bytes - dropped > limit_bytes and count < len(self._frames) - 1:
            self.floor = self._frames[count].place
            dropped += len(self._frames[count].data)
            count += 1
        if count:
            del self._frames[:count]
            self._first += count
            self.size_bytes -= dropped
        return dropped

    def reset(self, number: int) -> None:
        """Go on behind a transaction that events do not describe; earlier ones stay numbered."""
        self.number, self.floor, self.state = number, Place(number), None

    def extend_back(self, history: str, earlier: Sequence[CommittedChanges]) -> int:
        """Add events before the floor, the latest first, within the limits; return their bytes."""
        frames: list[Frame] = []
        size_bytes = effort = 0
        floor = self.floor
        for committed in reversed(earlier):
            if committed.number > floor.number:
                continue
            effort += self.effort(committed)
            if effort > MAX_EFFORT:
                break
            events = self.events_of(history, committed)
            older = [frame for frame in events if frame.place <= floor]
            added_bytes = sum(len(frame.data) for frame in older)
            if self.size_bytes + size_bytes + added_bytes > MAX_VIEW_BYTES:
                break
            size_bytes += added_bytes
            frames = older + frames
            self.floor = Place(committed.number - 1)
        self._frames[:0] = frames
        self._first -= len(frames)
        self.size_bytes += size_bytes
        return size_bytes

    @property
    def end(self) -> int:
        """The number of events that the view has ever had."""
        return self._first + len(self._frames)

    def next_after(self, place: Place) -> int | None:
        """Return the number of the first event behind a place; None if some were dropped."""
        if place < self.floor:
            return None
        return self._first + bisect_right(self._frames, place, key=lambda frame: frame.place)

    def events(self, start: int, limit_bytes: int) -> tuple[bytes, int] | None:
        """Return encoded events from a number on, and the number behind them.

        At least one, then as many as fit into the limit. None if the first was dropped.
        """
        if start < self._first:
            return None
        if self._joined is not None and self._joined[0] == (start, self.end):
            return self._joined[1], self.end
        parts: list[bytes] = []
        size_bytes, index = 0, start - self._first
        for frame in islice(self._frames, index, None):
            size_bytes += len(frame.data)
            if parts and size_bytes > limit_bytes:
                break
            parts.append(frame.data)
            index += 1
        end, joined = self._first + index, b"".join(parts)
        if end == self.end:  # most watchers ask for the same
            self._joined = (start, end), joined
        return joined, end


def _events_of(
    history: str,
    committed: CommittedChanges,
    question: Question,
    matches: Predicate | None,
) -> Iterable[Frame]:
    """Yield the events that a transaction makes in a view; the last has the end as its place."""
    events: list[tuple[int, tuple[str, Record]]] = []
    for part, change in enumerate(committed.changes or ()):
        if change.resource != question.resource:
            continue
        if question.identifier not in (None, change.key):
            continue
        if (event := event_of(change, matches)) is not None:
            events.append((part, event))
    for part, event in events[:-1]:
        yield encode_change(history, Place(committed.number, part), *event)
    for _, event in events[-1:]:
        yield encode_change(history, Place(committed.number), *event)


def event_of(change: RecordChange, matches: Predicate | None) -> tuple[str, Record] | None:
    """Return the name of the event that a change makes among matching records, and its record."""
    before, after = change.before, change.after
    was_in = before is not None and (matches is None or matches(before))
    is_in = after is not None and (matches is None or matches(after))
    if is_in and after is not None:
        if was_in:
            return UPDATED, after
        return (CREATED if before is None else ADDED), after
    if not was_in or before is None:
        return None
    return (DELETED, before) if after is None else (REMOVED, after)


def present(records: Sequence[Record], question: Question, limit_bytes: int) -> bytes | None:
    """Return the state as JSON: what GET returns; None if it is over the limit."""
    if question.identifier is not None:
        data = orjson.dumps(records[0] if records else None)
        return data if len(data) <= limit_bytes else None
    parts: list[bytes] = []
    size_bytes = 0
    for record in records:
        parts.append(orjson.dumps(record))
        size_bytes += len(parts[-1]) + 1
        if size_bytes > limit_bytes:
            return None
    page = orjson.dumps({"total": len(records), "limit": None, "offset": 0})
    return b'{"items":[%b],"page":%b}' % (b",".join(parts), page)

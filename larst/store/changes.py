"""The committed changes of a session, for those that follow them: what each record was before.

A change has a position: the number of its transaction in the history of the session's journals.
Positions only grow, also across restarts; a session that was erased, or whose journal was removed,
has another history. While a session is followed, its journal also holds what the records were
before (`was`), so that a restart goes on where the process ended.

Must never report a change before it is durable, nor cost a session anything that is not followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from larst.domain import Record, value_object
from larst.store.collection import Change, Collection
from larst.store.records import is_hidden, key_of
from larst.store.run_changes import replaced_records

MAX_CHANGES = 5_000
"""The changes of the latest transactions that a history holds."""

MAX_HISTORY_BYTES = 4 * 1024 * 1024

_Line = Mapping[str, Any]


class Position(NamedTuple):
    """The number of a transaction in a history; `history` is empty before the first write."""

    history: str
    number: int


NO_POSITION = Position("", 0)


@value_object
class RecordChange:
    """A record before and after a transaction; None: it did not exist."""

    resource: str
    key: str
    before: Record | None
    after: Record | None


@value_object
class CommittedChanges:
    """The changes of a transaction, in a fixed order.

    None: it replaced whole resources, or is too large to follow: read the resources again.
    """

    number: int
    changes: Sequence[RecordChange] | None
    size_bytes: int = 0


class ChangeObserver(Protocol):
    """Follows the changes of a session; each method is called on the event loop."""

    @property
    def is_recording(self) -> bool:
        """Whether it needs the changes of commits."""

    def begin(self, position: Position, history: Sequence[CommittedChanges]) -> None:
        """Go on from the loaded files; `history` ends with the transaction at `position`."""

    def advance(self, position: Position, committed: Sequence[CommittedChanges]) -> None:
        """All transactions up to `position` are durable; `committed` are those that it recorded."""


class NotFollowed:
    """The observer of a session that cannot be followed."""

    is_recording = False

    def begin(self, position: Position, history: Sequence[CommittedChanges]) -> None:
        """Do nothing."""

    def advance(self, position: Position, committed: Sequence[CommittedChanges]) -> None:
        """Do nothing."""


class ChangeRecorder:
    """Numbers the transactions of a session, and passes on their changes once they are durable."""

    __slots__ = ("_observer", "_pending", "number")

    def __init__(self, observer: ChangeObserver) -> None:
        self.number = 0
        """The number of the latest transaction, which may not be durable yet."""
        self._observer = observer
        self._pending: list[CommittedChanges] = []

    def reset(self, position: Position, history: Sequence[CommittedChanges]) -> None:
        """Continue from the loaded files."""
        self.number, self._pending = position.number, []
        self._observer.begin(position, history)

    def record(
        self, changes: Mapping[str, Change], collections: Mapping[str, Collection]
    ) -> dict[str, dict[str, Record]] | None:
        """Record a transaction that is about to be applied to the collections.

        Returns the records that it replaces or deletes, by resource and id, for the journal; None
        if the session is not followed.
        """
        self.number += 1
        if not self._observer.is_recording:
            return None
        was = replaced_records(changes, collections)
        visible = {name: change for name, change in changes.items() if not is_hidden(name)}
        rows = ((n, change.put, change.deleted, was[n]) for n, change in visible.items())
        committed = committed_changes(self.number, rows)
        self._pending.append(committed)
        return None if committed.changes is None else was

    def record_replacement(self) -> None:
        """Record a transaction that replaces whole resources."""
        self.number += 1
        if self._observer.is_recording:
            self._pending.append(CommittedChanges(self.number, None))

    def flushed(self, position: Position) -> None:
        """Pass on the changes up to a position, which are durable now."""
        durable = [item for item in self._pending if item.number <= position.number]
        if durable:
            self._pending = self._pending[len(durable) :]
        self._observer.advance(position, durable)


def history_of(lines: Sequence[_Line], last: int) -> list[CommittedChanges]:
    """Return the latest transactions of a journal, as far as it says what the records were.

    `last` is the number of its last transaction.
    """
    history: list[CommittedChanges] = []
    size_bytes = count = 0
    for line in reversed(lines):
        if "tx" not in line:
            continue
        if (committed := _committed(last - len(history), line["resources"])) is None:
            break
        size_bytes += committed.size_bytes
        count += len(committed.changes or ())
        if size_bytes > MAX_HISTORY_BYTES or count > MAX_CHANGES:
            break
        history.append(committed)
    history.reverse()
    return history


_Row = tuple[str, Sequence[Record], Sequence[str], Mapping[str, Record]]
"""A resource, what a transaction puts and deletes in it, and what that replaces."""


def committed_changes(number: int, rows: Iterable[_Row]) -> CommittedChanges:
    """Return the changes of a transaction."""
    changes: list[RecordChange] = []
    size_bytes = 0
    for name, put, deleted, was in rows:
        size_bytes += len(orjson.dumps([put, was]))
        stored = {key_of(record["id"]): record for record in put}
        gone = [key for key in deleted if key in was and key not in stored]
        changes += [RecordChange(name, key, was[key], None) for key in gone]
        changes += [RecordChange(name, key, was.get(key), new) for key, new in stored.items()]
    if len(changes) > MAX_CHANGES or size_bytes > MAX_HISTORY_BYTES:
        return CommittedChanges(number, None)
    return CommittedChanges(number, changes, size_bytes)


def _committed(number: int, resources: _Line) -> CommittedChanges | None:
    """Return the changes of a line in the journal; None if it does not say all of them."""
    visible = [(name, entry) for name, entry in resources.items() if not is_hidden(name)]
    if any("was" not in entry or entry.get("replace") for _, entry in visible):
        return None
    rows = ((name, entry["put"], entry["del"], entry["was"]) for name, entry in visible)
    return committed_changes(number, rows)

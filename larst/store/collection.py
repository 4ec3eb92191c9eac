"""One resource in memory, and the view of it that a program gets.

A collection changes only by a committed transaction. The view keeps a program's changes aside:
to drop the view is the rollback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from larst.errors import IdTakenError, ProgramFailedError
from larst.model import Criteria, Json, Record, RecordId
from larst.store.order import aggregate, page
from larst.store.records import (
    MAX_AUTO_ID,
    checked,
    key_of,
    own_id,
    patched,
    with_id,
)
from larst.store.schema import fits, learn
from larst.store.search import compile_criteria


@dataclass(slots=True)
class Collection:
    """A resource's records by key, in order of insertion; `auto_id` is the last id given out.

    `learned` is the schema file's content, None before the first write.
    """

    records: dict[str, Record] = field(default_factory=dict)
    auto_id: int = 0
    learned: dict[str, Any] | None = None
    fields: frozenset[str] = frozenset()

    def learn(self, record: Record, now: datetime) -> None:
        """Widen the schema where the record does not fit it."""
        self.learned = learned_with(self.learned, record, now)
        self.fields = frozenset(self.learned["fields"])

    def apply(self, change: Change) -> None:
        """Take a committed change in; a record that is replaced keeps its place."""
        for key in change.deleted:
            self.records.pop(key, None)
        for record in change.put:
            self.records[key_of(record["id"])] = record
        self.auto_id = change.auto_id
        if change.learned is not None:
            self.learned = change.learned
            self.fields = frozenset(change.learned["fields"])


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction does to one resource. `learned` is None where nothing was learned."""

    put: list[Record]
    deleted: list[str]
    auto_id: int
    learned: dict[str, Any] | None = None


def learned_with(learned: dict[str, Any] | None, record: Record, now: datetime) -> dict[str, Any]:
    """Return the schema file's content, widened so that the record fits (SPEC section 7)."""
    if learned is not None and fits(learned["json_schema"], record):
        return learned
    schema = learn(learned["json_schema"] if learned else None, record)
    return {
        "fields": sorted(schema["properties"]),
        "example": learned["example"] if learned else record,
        "updated_at": now.isoformat(),
        "json_schema": schema,
    }


class CollectionView:
    """A resource as one program sees it: what is stored, under what it changed itself."""

    def __init__(self, name: str, base: Collection) -> None:
        self.name = name
        self._base = base
        self._changed: dict[str, Record | None] = {}  # None: deleted
        self._auto_id = base.auto_id

    def insert(self, obj: Record) -> Record:
        """Keep a new record, with a new id where it has none.

        Raises:
            BadRecordError: it cannot be kept.
            IdTakenError: a record has that id.
        """
        record = checked(obj)
        identifier = own_id(record)
        if identifier is None:
            identifier = self._next_id()
        elif self.get(identifier) is not None:
            raise IdTakenError(f"{self.name} has a record {identifier!r:.80} already")
        else:
            self._move_past(identifier)
        return self._put(with_id(identifier, record))

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None."""
        key = key_of(id)
        if key in self._changed:
            return self._changed[key]
        return self._base.records.get(key)

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Put `obj` in the record's place.

        Raises:
            BadRecordError: it cannot be kept.
        """
        record = checked(obj)
        before = self.get(id)
        return None if before is None else self._put(with_id(before["id"], record))

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch given as a list.

        Raises:
            BadRecordError: the result cannot be kept.
            BadRequestError: the list is no JSON Patch.
            PatchConflictError: the patch does not apply.
        """
        before = self.get(id)
        if isinstance(changes, list | tuple):
            return None if before is None else self._put(patched(before, list(changes)))
        merged = checked(changes)
        return None if before is None else self._put(with_id(before["id"], {**before, **merged}))

    def delete(self, id: RecordId) -> bool:
        """Remove the record; tell whether there was one."""
        if self.get(id) is None:
            return False
        self._changed[key_of(id)] = None
        return True

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records and the number of all of them."""
        records = [*self._records()] if self._changed else self._base.records.values()
        return page(records, limit, offset, sort), len(records)

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that meet all criteria."""
        return page(self._matching(criteria), limit, offset, sort)

    def count(self, criteria: Criteria | None = None) -> int:
        """Return how many records meet all criteria."""
        return sum(1 for _ in self._matching(criteria or {}))

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return `sum avg min max count` of a field, or that by the values of another."""
        return aggregate(self._matching(criteria or {}), op, field, by)

    def get_schema(self) -> Json | None:
        """Return what was learned from committed records, or None."""
        return self._base.learned

    def change(self) -> Change | None:
        """Return what was changed in the view, or None."""
        if not self._changed:
            return None
        return Change(
            put=[record for record in self._changed.values() if record is not None],
            deleted=[
                key
                for key, record in self._changed.items()
                if record is None and key in self._base.records
            ],
            auto_id=self._auto_id,
        )

    def _matching(self, criteria: Criteria) -> Iterator[Record]:
        matches = compile_criteria(criteria)
        identifier = criteria.get("id")
        if isinstance(identifier, int | str) and not isinstance(identifier, bool):
            found = self.get(identifier)
            return iter([found] if found is not None and matches(found) else [])
        return filter(matches, self._records())

    def _records(self) -> Iterator[Record]:
        if not self._changed:
            yield from self._base.records.values()
            return
        for key, record in self._base.records.items():
            current = self._changed.get(key, record)
            if current is not None:
                yield current
        for key, changed in self._changed.items():
            if changed is not None and key not in self._base.records:
                yield changed

    def _put(self, record: Record) -> Record:
        self._changed[key_of(record["id"])] = record
        return record

    def _next_id(self) -> int:
        identifier = self._auto_id + 1
        while self.get(identifier) is not None:
            identifier += 1
        if identifier > MAX_AUTO_ID:
            raise ProgramFailedError(f"{self.name} has given out every id there is")
        self._auto_id = identifier
        return identifier

    def _move_past(self, identifier: RecordId) -> None:
        """Never give out an id that a client has used: its record may be deleted one day."""
        text = str(identifier)
        if text.isascii() and text.isdigit() and int(text) <= MAX_AUTO_ID:
            self._auto_id = max(self._auto_id, int(text))

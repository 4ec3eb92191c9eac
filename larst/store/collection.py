"""One resource in memory, and the view of it that a program gets.

A collection changes only by a committed transaction. The view keeps a program's changes aside:
to drop the view is the rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, ValuesView
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from larst.domain import Criteria, Json, Record, RecordId
from larst.errors import IdTakenError
from larst.store.query.criteria import compile_criteria, requested_id, validate_criteria
from larst.store.query.sorting import aggregate, paginate
from larst.store.records import (
    MAX_AUTO_ID,
    apply_patch,
    copy_with_id,
    key_of,
    validate_id,
    validate_record,
)
from larst.store.schema.learning import accepts, widen_schema


@dataclass(slots=True)
class Collection:
    """A resource's records by key, in order of insertion; `auto_id` is the last id given out.

    `learned` is the schema file's content, None before the first write.
    """

    records: dict[str, Record] = field(default_factory=dict)
    auto_id: int = 0
    schema: dict[str, Any] | None = None
    fields: frozenset[str] = frozenset()

    def learn(self, record: Record, now: datetime) -> None:
        """Widen the schema where the record does not fit it."""
        self.schema = learn_schema(self.schema, record, now)
        self.fields = frozenset(self.schema["fields"])

    def snapshot(self) -> Collection:
        """Return it as it is now; what is changed later does not show in it."""
        return replace(self, records=dict(self.records))

    def derive_metadata(self, now: datetime, *, learns: bool = True) -> None:
        """Find out from the records what no file says: records that were put here by hand."""
        for key in self.records:
            self.auto_id = max(self.auto_id, numeric_id(key))
        if learns and self.schema is None:
            for record in self.records.values():
                self.learn(record, now)

    def apply(self, change: Change) -> None:
        """Take a committed change in; a record that is replaced keeps its place."""
        self.apply_records(change.put, change.deleted)
        self.auto_id = change.auto_id
        if change.schema is not None:
            self.set_schema(change.schema)

    def apply_records(self, put: Iterable[Record], deleted: Iterable[str]) -> None:
        """Take in what a change does to the records."""
        for key in deleted:
            self.records.pop(key, None)
        for record in put:
            self.records[key_of(record["id"])] = record

    def set_schema(self, learned: dict[str, Any] | None) -> None:
        """Take in what the schema file is to hold."""
        self.schema = learned
        self.fields = frozenset(learned["fields"]) if learned else frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction does to one resource. `learned` is None where nothing was learned."""

    put: list[Record]
    deleted: list[str]
    auto_id: int
    schema: dict[str, Any] | None = None


def numeric_id(key: str) -> int:
    """Return the id as an integer that could have been given out, or 0."""
    if key.isascii() and key.isdigit() and len(key) <= len(str(MAX_AUTO_ID)):
        return int(key) if int(key) <= MAX_AUTO_ID else 0
    return 0


def learn_schema(learned: dict[str, Any] | None, record: Record, now: datetime) -> dict[str, Any]:
    """Return the schema file's content, widened so that the record fits (SPEC section 7)."""
    if learned is not None and accepts(learned["json_schema"], record):
        return learned
    schema = widen_schema(learned["json_schema"] if learned else None, record)
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
        self._changed: dict[str, Record | None] = {}  # of the base; None: deleted
        self._added: dict[str, Record] = {}  # in the order that they will have behind the base
        self._auto_id = base.auto_id

    def insert(self, obj: Record) -> Record:
        """Keep a new record, with a new id where it has none.

        Raises:
            BadRecordError: it cannot be kept.
            IdTakenError: a record has that id.
        """
        record = validate_record(obj)
        identifier = validate_id(record)
        if identifier is None:
            identifier = self._next_id()
        elif self.get(identifier) is not None:
            raise IdTakenError(f"{self.name} has a record {identifier!r:.80} already")
        else:
            # Never give it out, also when this record is deleted one day.
            self._auto_id = max(self._auto_id, numeric_id(key_of(identifier)))
        record = copy_with_id(record, identifier)
        self._added[key_of(identifier)] = record
        return record

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None.

        Raises:
            ProgramFailedError: `id` can be no id.
        """
        key = key_of(id)
        if key in self._added:
            return self._added[key]
        if key in self._changed:
            return self._changed[key]
        return self._base.records.get(key)

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Put `obj` in the record's place.

        Raises:
            BadRecordError: it cannot be kept.
        """
        record = validate_record(obj)
        before = self.get(id)
        return None if before is None else self._put(copy_with_id(record, before["id"]))

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch given as a list.

        Raises:
            BadRecordError: the result cannot be kept.
            BadRequestError: the list is no JSON Patch.
            PatchConflictError: the patch does not apply.
        """
        before = self.get(id)
        if isinstance(changes, list | tuple):
            return None if before is None else self._put(apply_patch(before, list(changes)))
        merged = validate_record(changes)
        return (
            None if before is None else self._put(copy_with_id({**before, **merged}, before["id"]))
        )

    def delete(self, id: RecordId) -> bool:
        """Remove the record; tell whether there was one."""
        if self.get(id) is None:
            return False
        key = key_of(id)
        self._added.pop(key, None)
        if key in self._base.records:
            self._changed[key] = None
        return True

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records and the number of all of them."""
        records = self._records()
        return paginate(records, limit, offset, sort), len(records)

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that meet all criteria."""
        return paginate(self._matching(criteria), limit, offset, sort)

    def count(self, criteria: Criteria | None = None) -> int:
        """Return how many records meet all criteria."""
        return len(list(self._matching(criteria))) if criteria else len(self._records())

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return `sum avg min max count` of a field, or that by the values of another."""
        return aggregate(self._matching({} if criteria is None else criteria), op, field, by)

    def get_schema(self) -> Json | None:
        """Return what was learned from committed records, or None."""
        return self._base.schema

    def change(self) -> Change | None:
        """Return what was changed in the view, or None."""
        replaced = [record for record in self._changed.values() if record is not None]
        put = [*replaced, *self._added.values()]
        deleted = [key for key, record in self._changed.items() if record is None]
        if not put and not deleted and self._auto_id == self._base.auto_id:
            return None
        return Change(put, deleted, self._auto_id)

    def _matching(self, criteria: Criteria) -> Iterable[Record]:
        identifier = requested_id(validate_criteria(criteria))
        if identifier is None:
            return filter(compile_criteria(criteria), self._records())
        others = {key: wanted for key, wanted in criteria.items() if key != "id"}
        found = self.get(identifier)
        return filter(compile_criteria(others), [] if found is None else [found])

    def _records(self) -> Sequence[Record] | ValuesView[Record]:
        if not self._changed and not self._added:
            return self._base.records.values()
        return [*self._kept(), *self._added.values()]

    def _kept(self) -> Iterator[Record]:
        for key, record in self._base.records.items():
            current = self._changed.get(key, record)
            if current is not None:
                yield current

    def _put(self, record: Record) -> Record:
        """Put a record in the place of the one that has its id."""
        key = key_of(record["id"])
        if key in self._added:
            self._added[key] = record
        else:
            self._changed[key] = record
        return record

    def _next_id(self) -> int:
        identifier = self._auto_id + 1
        while self.get(identifier) is not None:
            identifier += 1
        if identifier > MAX_AUTO_ID:
            raise IdTakenError(
                f"{self.name} has given out every number there is; give the record an id of its own"
            )
        self._auto_id = identifier
        return identifier

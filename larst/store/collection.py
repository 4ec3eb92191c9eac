"""A resource in memory. Must change only by a committed transaction, or by loading files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from larst.domain import DataState, Record, value_object
from larst.store.query.indexes import Indexes
from larst.store.query.unique_values import UniqueValues
from larst.store.records import MAX_AUTO_ID, key_of
from larst.store.schema.learning import LearnedSchema, learn_schema


@dataclass(slots=True)
class Collection:
    """The records of a resource by key, in order of insertion.

    `next_id` is the next id to generate. Before the first write, `schema` has the value None.
    """

    records: dict[str, Record] = field(default_factory=dict)
    next_id: int = 1
    schema: LearnedSchema | None = None
    fields: frozenset[str] = frozenset()
    state: DataState = field(default_factory=DataState, compare=False, repr=False)
    indexes: Indexes = field(default_factory=Indexes, compare=False, repr=False)
    uniques: UniqueValues = field(default_factory=UniqueValues, compare=False, repr=False)

    def learn(self, record: Record, now: datetime) -> None:
        """Widen the schema if the record does not conform to it."""
        self.set_schema(learn_schema(self.schema, record, now))

    def snapshot(self) -> Collection:
        """Return a copy that later changes do not affect."""
        return replace(
            self,
            records=dict(self.records),
            state=DataState(),
            indexes=Indexes(),
            uniques=UniqueValues(),
        )

    def derive_metadata(self, now: datetime, *, learns: bool = True) -> None:
        """Derive the next id, and the schema if it is missing, from records added by hand."""
        self.next_id = max(self.next_id, max(map(numeric_id, self.records), default=0) + 1)
        if learns and self.schema is None:
            for record in self.records.values():
                self.learn(record, now)

    def apply(self, change: Change) -> None:
        """Apply a committed change; a replaced record keeps its place in the order."""
        self.state = self.state.replaced()
        self.apply_records(change.put, change.deleted)
        self.next_id = change.next_id
        if change.schema is not None:
            self.set_schema(change.schema)

    def apply_records(self, put: Iterable[Record], deleted: Iterable[str]) -> None:
        """Delete and store records."""
        for key in deleted:
            if (old := self.records.pop(key, None)) is not None:
                self.indexes.delete(key, old)
                self.uniques.delete(key, old)
        for record in put:
            key = key_of(record["id"])
            old = self.records.get(key)
            self.indexes.put(key, old, record)
            self.uniques.put(key, old, record)
            self.records[key] = record

    def set_schema(self, schema: LearnedSchema | None) -> None:
        """Replace the learned schema."""
        self.schema = schema
        self.fields = frozenset(schema["fields"]) if schema else frozenset()


@value_object
class RecordState:
    """A record as it was read, or None: a commit replaces a record, and never changes it.

    It does not keep the records of a released session in memory: those leave the collection.
    """

    collection: Collection
    key: str
    record: Record | None

    @property
    def is_current(self) -> bool:
        """Whether no commit has replaced, deleted or created the record."""
        return self.collection.records.get(self.key) is self.record


@value_object
class Change:
    """The changes of one transaction to one resource; `schema`: None means unchanged."""

    put: list[Record]
    deleted: list[str]
    next_id: int
    schema: LearnedSchema | None = None

    def learn_from(self, base: LearnedSchema | None, now: datetime) -> Change:
        """Return the change with the schema that its records widen `base` to."""
        schema = base
        for record in self.put:
            schema = learn_schema(schema, record, now)
        return self if schema is base else replace(self, schema=schema)


def numeric_id(key: str) -> int:
    """Return the id as an integer if it is one that can be generated, else 0."""
    if key.isascii() and key.isdigit() and len(key) <= len(str(MAX_AUTO_ID)):
        return int(key) if int(key) <= MAX_AUTO_ID else 0
    return 0

"""A resource as one program sees it. Must never change the collection before a commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, ValuesView

from larst.domain import Criteria, Json, Record, RecordId
from larst.errors import IdTakenError
from larst.store.collection import Change, Collection, numeric_id
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


class CollectionView:
    """The stored records of a resource, overlaid with the changes of one transaction.

    Implements `larst.domain.ResourceStore`.
    """

    def __init__(self, name: str, base: Collection) -> None:
        self.name = name
        self._base = base
        self._changed: dict[str, Record | None] = {}  # records of the base; None: deleted
        self._added: dict[str, Record] = {}  # in the order in which they will follow the base
        self._next_id = base.next_id
        self.write_count = 0

    @property
    def stored_count(self) -> int:
        """How many records a search looks at, before the changes of this view."""
        return len(self._base.records)

    def insert(self, obj: Record) -> Record:
        """Store a new record, with a generated id if it has none.

        Raises:
            BadRecordError: the record cannot be stored.
            IdTakenError: a record with this id exists.
        """
        record = validate_record(obj)
        identifier = validate_id(record)
        if identifier is None:
            identifier = self._allocate_id()
        elif self.get(identifier) is not None:
            raise IdTakenError(f"{self.name} has a record {identifier!r:.80} already")
        else:
            # Never generate this id, even after the record is deleted.
            self._next_id = max(self._next_id, numeric_id(key_of(identifier)) + 1)
        record = copy_with_id(record, identifier)
        self._added[key_of(identifier)] = record
        self.write_count += 1
        return record

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None if it does not exist.

        Raises:
            ProgramFailedError: `id` is neither a string nor an integer.
        """
        key = id if type(id) is str else key_of(id)
        if key in self._added:
            return self._added[key]
        if key in self._changed:
            return self._changed[key]
        return self._base.records.get(key)

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Replace the whole record except its id; return it, or None if it does not exist.

        Raises:
            BadRecordError: the new record cannot be stored.
        """
        record = validate_record(obj)
        current = self.get(id)
        return None if current is None else self._put(copy_with_id(record, current["id"]))

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch if `changes` is a list.

        Raises:
            BadRecordError: the result cannot be stored.
            BadRequestError: the list is not a JSON Patch.
            PatchConflictError: the patch does not apply.
        """
        current = self.get(id)
        if isinstance(changes, list | tuple):
            return None if current is None else self._put(apply_patch(current, list(changes)))
        fields = validate_record(changes)
        if current is None:
            return None
        return self._put(copy_with_id({**current, **fields}, current["id"]))

    def delete(self, id: RecordId) -> bool:
        """Delete the record; return whether it existed."""
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
        """Return a page of the records, and the number of all records."""
        records = self._records()
        return paginate(records, limit, offset, sort), len(records)

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that match all criteria."""
        return paginate(self._matching(criteria), limit, offset, sort)

    def count(self, criteria: Criteria | None = None) -> int:
        """Return the number of records that match all criteria."""
        return len(list(self._matching(criteria))) if criteria else len(self._records())

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return the `sum`, `avg`, `min`, `max` or `count` of a field, in groups if `by` is set."""
        return aggregate(self._matching({} if criteria is None else criteria), op, field, by)

    def get_schema(self) -> Json | None:
        """Return the schema learned from committed records, or None."""
        return self._base.schema

    def change(self) -> Change | None:
        """Return the changes made in this view; None if nothing was changed."""
        if not self._changed and not self._added and self._next_id == self._base.next_id:
            return None  # the usual case: a request that only reads
        replaced = [record for record in self._changed.values() if record is not None]
        put = [*replaced, *self._added.values()]
        deleted = [key for key, record in self._changed.items() if record is None]
        return Change(put, deleted, self._next_id)

    def _matching(self, criteria: Criteria) -> Iterable[Record]:
        identifier = requested_id(validate_criteria(criteria))
        if identifier is None:
            return filter(compile_criteria(criteria), self._records())
        remaining = {key: operand for key, operand in criteria.items() if key != "id"}
        record = self.get(identifier)
        return filter(compile_criteria(remaining), [] if record is None else [record])

    def _records(self) -> Sequence[Record] | ValuesView[Record]:
        if not self._changed and not self._added:
            return self._base.records.values()
        return [*self._base_records(), *self._added.values()]

    def _base_records(self) -> Iterator[Record]:
        for key, record in self._base.records.items():
            current = self._changed.get(key, record)
            if current is not None:
                yield current

    def _put(self, record: Record) -> Record:
        """Put a record in the place of the record with the same id."""
        key = key_of(record["id"])
        self.write_count += 1
        if key in self._added:
            self._added[key] = record
        else:
            self._changed[key] = record
        return record

    def _allocate_id(self) -> int:
        identifier = self._next_id
        while self.get(identifier) is not None:
            identifier += 1
        if identifier > MAX_AUTO_ID:
            raise IdTakenError(
                f"{self.name} has used every id that can be generated; send the record with your"
                " own id"
            )
        self._next_id = identifier + 1
        return identifier

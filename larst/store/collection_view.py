"""A resource as one program sees it. Must never change the collection before a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, ValuesView
from itertools import islice

from larst.domain import Criteria, Json, Record, RecordId, Standing
from larst.errors import IdTakenError
from larst.store.collection import Change, Collection, RecordState, numeric_id
from larst.store.patching import apply_patch
from larst.store.query.candidates import candidates
from larst.store.query.criteria import compile_criteria, requested_id, validate_criteria
from larst.store.query.sorting import aggregate, page_bounds
from larst.store.record_rules import RecordRules
from larst.store.records import (
    MAX_AUTO_ID,
    copy_with_id,
    count_values,
    key_of,
    validate_id,
    validate_record,
)
from larst.store.searching import check_criteria, matching, sorted_page, sorted_within, test_steps
from larst.store.work import Work

_WRITE_STEPS = 10
"""Steps to check and copy a record."""

_PATCH_STEPS = 50
"""Steps of an operation of a JSON Patch."""

_COPY_STEPS = 4
_MAX_COUNTED = 10_000
"""Values of a record to copy: with more, the work leaves the event loop."""

_FEW_VALUES = 100
"""A record of at most so many values costs no more than any other."""

_DELETE_STEPS = 2

_MANY_RECORDS = 1_000
"""From here on, the matches of a search are kept for a count of the same ones."""


class CollectionView:
    """The stored records of a resource, overlaid with the changes of one transaction.

    Implements `larst.domain.ResourceStore`. `written_values` is how many values the written records
    consist of at most. `rules`: the settings of the resource, for records that are written.
    """

    def __init__(
        self,
        name: str,
        base: Collection,
        work: Work | None = None,
        on_read: Callable[[Standing], None] | None = None,
        rules: RecordRules | None = None,
    ) -> None:
        self.name = name
        self._base = base
        self._work = work or Work.unlimited()
        self._on_read = on_read
        self._rules = rules
        self._changed: dict[str, Record | None] = {}  # records of the base; None: deleted
        self._added: dict[str, Record] = {}  # in the order in which they will follow the base
        self._next_id = base.next_id
        self._last_matches: tuple[str, Sequence[Record]] | None = None
        self.write_count = 0
        self.written_values = 0

    @property
    def change_count(self) -> int:
        """How many records the view stores, changes or deletes."""
        return len(self._changed) + len(self._added)

    @property
    def has_changes(self) -> bool:
        """Whether records were stored, changed or deleted, or an id was used up."""
        return bool(self._changed or self._added) or self._next_id != self._base.next_id

    def insert(self, obj: Record) -> Record:
        """Store a new record, with a generated id if it has none.

        Raises:
            BadRecordError: the record cannot be stored.
            IdTakenError: a record with this id exists.
            FieldRefusedError, ValueTakenError: the settings of the resource do not allow it.
        """
        self._spend_write(obj)
        record = validate_record(obj)
        identifier = validate_id(record)
        if identifier is not None and self.get(identifier) is not None:
            raise IdTakenError(f"{self.name} has a record {identifier!r:.80} already")
        if self._rules is not None:
            self._rules.prepare(self._work)
            record = self._rules.completed(record)
            self._rules.check_new(record, identifier, self._changed)
        if identifier is None:
            identifier = self._new_id()
        else:
            # Never generate this id, even after the record is deleted.
            self._next_id = max(self._next_id, numeric_id(key_of(identifier)) + 1)
        record = copy_with_id(record, identifier)
        if self._rules is not None:
            self._rules.note(key_of(identifier), None, record)
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
        record = self._base.records.get(key)
        if self._on_read is not None:
            self._on_read(RecordState(self._base, key, record))
        return record

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Replace the whole record except its id; return it, or None if it does not exist.

        Raises:
            BadRecordError: the new record cannot be stored.
            FieldRefusedError, ValueTakenError: as in `insert`.
        """
        self._spend_write(obj)
        record = validate_record(obj)
        current = self.get(id)
        return None if current is None else self._put(copy_with_id(record, current["id"]), current)

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch if `changes` is a list.

        Raises:
            BadRecordError: the result cannot be stored.
            BadRequestError: the list is not a JSON Patch.
            PatchConflictError: the patch does not apply.
            FieldRefusedError, ValueTakenError: as in `insert`.
        """
        current = self.get(id)
        if current is None:
            if not isinstance(changes, list | tuple):
                self._spend_write(changes)
                validate_record(changes)
            return None
        return self._put(self._updated(current, changes), current)

    def delete(self, id: RecordId) -> bool:
        """Delete the record; return whether it existed."""
        current = self.get(id)
        if current is None:
            return False
        key = key_of(id)
        if self._rules is not None:
            self._rules.note(key, current, None)
        self._added.pop(key, None)
        if key in self._base.records:
            self._changed[key] = None
        return True

    def update_where(
        self, criteria: Criteria, changes: Record | Sequence[Json]
    ) -> Sequence[Record]:
        """Update all records that match, as `update` does; return them as they are now.

        Raises:
            BadRecordError, BadRequestError, PatchConflictError: as in `update`.
            FieldRefusedError, ValueTakenError: as in `insert`.
        """
        matches = [*self._matching(criteria)]
        self._work.require(_WRITE_STEPS * len(matches))
        # First all of them, then the puts: the call may leave the event loop and begin again.
        updated = [self._updated(record, changes) for record in matches]
        if self._rules is not None:
            self._rules.prepare(self._work)
        return [self._put(record, old) for record, old in zip(updated, matches, strict=True)]

    def delete_where(self, criteria: Criteria) -> Sequence[Record]:
        """Delete all records that match; return them."""
        matches = [*self._matching(criteria)]
        self._work.spend(_DELETE_STEPS * len(matches))
        for record in matches:
            self.delete(record["id"])
        return matches

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records, and the number of all records."""
        records = self._records()
        return self._page({}, limit, offset, sort), len(records)

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that match all criteria."""
        return self._page(criteria, limit, offset, sort)

    def count(self, criteria: Criteria | None = None) -> int:
        """Return the number of records that match all criteria."""
        return len(self._matches(criteria)) if criteria else len(self._records())

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
        if not self.has_changes:
            return None  # the usual case: a request that only reads
        replaced = [record for record in self._changed.values() if record is not None]
        put = [*replaced, *self._added.values()]
        deleted = [key for key, record in self._changed.items() if record is None]
        return Change(put, deleted, self._next_id)

    def _page(
        self, criteria: Criteria, limit: int | None, offset: int, sort: str | None
    ) -> Sequence[Record]:
        start, stop = bounds = page_bounds(limit, offset)
        if validate_criteria(criteria):
            check_criteria(criteria, self._work)
        elif sort is None:
            records = self._records()
            self._work.spend(min(stop or len(records), len(records)) // 32)
            return [*islice(records, start, stop)]
        if sort is None:
            return [*islice(self._matches(criteria), start, stop)]
        self._note_all()
        is_indexed = not self.change_count and requested_id(criteria) is None
        if is_indexed:
            return sorted_page(self._base, criteria, sort, bounds, self._work)
        return sorted_within(self._matching(criteria), sort, self._work)[start:stop]

    def _matches(self, criteria: Criteria) -> Sequence[Record]:
        """Return all matches; programs ask for a page of them, and then for their number."""
        if self.change_count or len(self._base.records) < _MANY_RECORDS:
            return [*self._matching(criteria)]
        check_criteria(criteria, self._work)
        key = repr(criteria)  # the program may change the dict
        if self._last_matches is None or self._last_matches[0] != key:
            self._last_matches = key, [*self._matching(criteria)]
        return self._last_matches[1]

    def _matching(self, criteria: Criteria) -> Iterator[Record]:
        if not validate_criteria(criteria):
            return self._work.paced(self._records())
        check_criteria(criteria, self._work)
        identifier = requested_id(criteria)
        if identifier is not None:
            remaining = {key: operand for key, operand in criteria.items() if key != "id"}
            record = self.get(identifier)
            test = compile_criteria(remaining, self._work.look)
            return filter(test, [] if record is None else [record])
        self._note_all()
        if not self.change_count:
            return matching(self._base, criteria, self._work)
        return filter(
            compile_criteria(criteria, self._work.look),
            self._work.paced(self._candidates(criteria), steps=test_steps(criteria)),
        )

    def _candidates(self, criteria: Criteria) -> Iterable[Record]:
        """Return the records that can match, as this view has changed them."""
        base, indexes = self._base.records, self._base.indexes
        keys = candidates(indexes, criteria, base, self._base.fields, self._work)
        if keys is None:
            return self._records()
        ordered = indexes.in_order({*keys, *self._changed}, base, self._work)
        current = (self._changed.get(key, base[key]) for key in ordered)
        return [*(record for record in current if record is not None), *self._added.values()]

    def _records(self) -> Sequence[Record] | ValuesView[Record]:
        self._note_all()
        if not self.change_count:
            return self._base.records.values()
        return [*self._base_records(), *self._added.values()]

    def _note_all(self) -> None:
        if self._on_read is not None:
            self._on_read(self._base.state)

    def _base_records(self) -> Iterator[Record]:
        for key, record in self._base.records.items():
            current = self._changed.get(key, record)
            if current is not None:
                yield current

    def _updated(self, current: Record, changes: Record | Sequence[Json]) -> Record:
        """Return a record with changes; nothing is stored."""
        if isinstance(changes, list | tuple):
            # A patch is applied to a copy of the record, and its tests compare values.
            steps = _COPY_STEPS * count_values(current, _MAX_COUNTED) + _PATCH_STEPS * len(changes)
            self._work.spend(_WRITE_STEPS + steps)
            updated = apply_patch(current, list(changes))
            self.written_values += count_values(updated, _MAX_COUNTED)
            return updated
        self._spend_write(changes)
        self.written_values += count_values(current, _MAX_COUNTED)
        return copy_with_id({**current, **validate_record(changes)}, current["id"])

    def _put(self, record: Record, current: Record) -> Record:
        """Put a record in the place of the record with the same id."""
        key = key_of(record["id"])
        if self._rules is not None:
            self._rules.prepare(self._work)
            record = self._rules.continued(record, current)
            self._rules.check(record, self._changed)
            self._rules.note(key, current, record)
        self.write_count += 1
        if key in self._added:
            self._added[key] = record
        else:
            self._changed[key] = record
        return record

    def _spend_write(self, values: Json) -> None:
        """Spend the steps to check and copy the values of a record, and count these."""
        count = count_values(values, _MAX_COUNTED)
        steps = _WRITE_STEPS if count <= _FEW_VALUES else _WRITE_STEPS + _COPY_STEPS * count
        self._work.spend(steps)
        self.written_values += count

    def _new_id(self) -> RecordId:
        """Return an id for a new record: the next number, or one of the declared kind."""
        identifier = None if self._rules is None else self._rules.new_id()
        while identifier is not None and self._rules is not None:
            if self.get(identifier) is None:
                return identifier
            identifier = self._rules.new_id()
        return self._allocate_id()

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

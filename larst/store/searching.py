"""Searches in the committed records of a resource, within the work that a message may do.

Each gives what a scan of all records would give, in the same order. Must never change a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from larst.domain import AND, OR, Criteria, Json, Record
from larst.errors import ProgramFailedError
from larst.store.collection import Collection
from larst.store.query.candidates import candidates
from larst.store.query.criteria import compile_criteria, field_value
from larst.store.query.sorting import sort_keys, sort_records
from larst.store.work import Work

SORT_STEPS = 8
"""Steps to sort one record by one field."""

_TEXT_STEPS = 8
"""Steps to look for a text in all fields of a record."""


MAX_CRITERIA_DEPTH = 50
"""Levels of criteria within criteria; each takes several frames of the stack to test."""

_MAX_KEY_CHARACTERS = 16 * 1024
_FEW_VALUES = 64
_COMPILE_STEPS = 10


def test_steps(criteria: Criteria) -> int:
    """Return how many steps it takes to test a record."""
    steps = 1
    for key, operand in criteria.items():
        operands = operand if isinstance(operand, list) else [operand]
        nested = [item for item in operands if isinstance(item, Mapping)]
        if nested:
            steps += sum(map(test_steps, nested))
        else:  # a list of choices is a set, but each text of a list is looked for
            needles = 1 if key.endswith("__in") else max(1, len(operands))
            steps += needles * (_TEXT_STEPS if key.startswith("*") else 1)
    return steps


def check_criteria(criteria: Criteria, work: Work) -> None:
    """Check the depth of criteria, and that they can be compiled on the event loop.

    Raises:
        ProgramFailedError: they are nested too deeply, or a field has a very long name.
        LeaveLoopError: they have very many values; see `Work.require`.
    """
    values, level, depth = 0, [criteria], 0
    while level:
        deeper: list[Criteria] = []
        for part in level:
            for key, operand in part.items():
                values += _size_of(key, operand)
                deeper += _parts_of(operand)
        level, depth = deeper, depth + 1
        if depth > MAX_CRITERIA_DEPTH:
            raise ProgramFailedError(
                f"criteria must not be nested deeper than {MAX_CRITERIA_DEPTH} levels"
            )
    if values > _FEW_VALUES:
        work.require(_COMPILE_STEPS * values)


def _size_of(key: str, operand: Json) -> int:
    """Return how many values a criterion has, about."""
    if len(key) > _MAX_KEY_CHARACTERS:
        raise ProgramFailedError(
            f"a field in criteria has a name of over {_MAX_KEY_CHARACTERS} characters"
        )
    if isinstance(operand, str):
        return len(operand) // 64  # it may be a list with commas, or a pattern
    if not isinstance(operand, list | tuple):
        return 0
    if key in (AND, OR) and not all(isinstance(item, Mapping) for item in operand):
        raise ProgramFailedError(f"{key!r} in criteria needs a list of criteria")
    return len(operand)


def _parts_of(operand: Json) -> list[Criteria]:
    if isinstance(operand, Mapping):
        return [operand]
    if isinstance(operand, list | tuple):
        return [item for item in operand if isinstance(item, Mapping)]
    return []


def matching(collection: Collection, criteria: Criteria, work: Work) -> Iterator[Record]:
    """Yield the records that meet the criteria, in the order of insertion.

    Raises:
        LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
    """
    records, test = collection.records, compile_criteria(criteria, work.look)
    steps = test_steps(criteria)
    keys = candidates(collection.indexes, criteria, records, collection.fields, work)
    if keys is None:
        work.require(steps * len(records))
        return filter(test, work.paced(records.values(), steps=steps))
    return filter(test, work.paced(map(records.__getitem__, keys), steps=steps))


def sorted_page(
    collection: Collection,
    criteria: Criteria,
    sort: str,
    bounds: tuple[int, int | None],
    work: Work,
) -> list[Record]:
    """Return the matches from one position up to another, in the order of `sort`.

    Raises:
        ProgramFailedError: sort is not a string.
        LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
    """
    start, stop = bounds
    records, indexes = collection.records, collection.indexes
    keys = candidates(indexes, criteria, records, collection.fields, work) if criteria else None
    if keys is None:
        index = indexes.order(sort, records, work)
        if index is not None and not criteria:
            page = indexes.keys_at(work.paced(index.places(start, stop)))
            return [records[key] for key in page]
        if index is not None and stop is not None and index.holds_for_parts:
            steps = test_steps(criteria)
            ordered = map(records.__getitem__, indexes.keys_at(index.places()))
            test = compile_criteria(criteria, work.look)
            matches = filter(test, work.paced(ordered, steps=steps))
            return list(islice(matches, start, stop))
    return sorted_within(matching(collection, criteria, work), sort, work)[start:stop]


def sorted_within(records: Iterable[Record], sort: str, work: Work) -> list[Record]:
    """Return the records sorted.

    Raises:
        ProgramFailedError: sort is not a string.
        LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
    """
    listed = list(records)
    work.spend(SORT_STEPS * len(listed) * len(sort_keys(sort)))
    return sort_records(listed, sort, work.paced)


def has_value(collection: Collection, field: str, text: str, work: Work) -> bool:
    """Return whether a record has exactly this text in this field, alone or in a list.

    Dots in the field reach into nested objects, as they do in criteria.

    Raises:
        LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
    """
    records: Iterable[Record] = collection.records.values()
    index = collection.indexes.equality(field, collection.records, work)
    if index is not None and (groups := index.keys_of(text)) is not None:
        records = (collection.records[key] for group in groups for key in group)
    values = (field_value(record, field) for record in work.paced(records))
    return any(_has_text(value, text) for value in values)


def position_of(
    collection: Collection, criteria: Criteria, sort: str | None, id: str, work: Work
) -> int | None:
    """Return the place of a record in the sorted list of matches; None if it is not there.

    Raises:
        LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
    """
    record = collection.records.get(id)
    if record is None:
        return None
    if not criteria and sort is not None:
        index = collection.indexes.order(sort, collection.records, work)
        if index is not None:
            return index.position(record, collection.indexes.place_of(id))
    matches: Iterable[Record] = matching(collection, criteria, work)
    ordered = matches if sort is None else sorted_within(matches, sort, work)
    return next((place for place, other in enumerate(ordered) if other is record), None)


def _has_text(value: Json, text: str) -> bool:
    return text in value if isinstance(value, list) else bool(value == text)

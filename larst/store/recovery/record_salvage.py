"""Salvaging the whole records of a damaged document. Pure.

A document is a list of objects, each of them a record. A record keeps its id, unless another one
has it or its own is damaged: then it gets a new id.
"""

from __future__ import annotations

import contextlib
import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from larst.domain import Json, Record
from larst.errors import BadRequestError
from larst.store.collection import numeric_id
from larst.store.records import MAX_AUTO_ID, copy_with_id, key_of, validate_id, validate_record
from larst.store.recovery.damaged_list import DamagedList


@dataclass(frozen=True, slots=True)
class SalvagedRecords:
    """A document's whole records by key, the number lost, and the number given a new id."""

    records: dict[str, Record]
    lost: int
    renumbered: int


def salvage_records(content: bytes, next_id: int) -> SalvagedRecords:
    """Return the whole records of a document.

    New ids, for records without one or with that of another record, are `next_id` at least.
    """
    items, damaged_parts = _items_of(content)
    candidates = [candidate for item in items if (candidate := _candidate(item)) is not None]
    owners = _owners([key for key, _ in candidates])
    records: dict[str, Record] = {}
    without_id: list[Record] = []
    for index, (key, record) in enumerate(candidates):
        if key is None or owners[key] != index:
            without_id.append(record)
        else:
            records[key] = copy_with_id(record, record["id"])
    first = max(next_id, *(numeric_id(key) + 1 for key in records), 1)
    for number, record in enumerate(without_id, first):
        records[str(number)] = copy_with_id(record, number)
    lost = damaged_parts + len(items) - len(candidates)
    return SalvagedRecords(records, lost, len(without_id))


def _items_of(content: bytes) -> tuple[list[Json], int]:
    """Return the readable items of a document, and the number of unreadable parts."""
    with contextlib.suppress(ValueError):
        value = orjson.loads(content)
        return (value, 0) if isinstance(value, list) else ([value], 0)
    return DamagedList(content).read()


def _candidate(item: Json) -> tuple[str | None, Record] | None:
    """Return an item's key and record; None if it cannot be a record."""
    try:
        record = validate_record(item)
        identifier = validate_id(record)
    except BadRequestError:
        return None
    return (None if identifier is None else key_of(identifier)), record


def _owners(keys: list[str | None]) -> dict[str, int]:
    """Return the position of the record that owns each key.

    Of two records with a key the first owns it, unless the order of the ids proves the second.
    Records stand in the order of their insertion, and ids are given out in ascending order.
    """
    counts = Counter(keys)
    places = [index for index, key in enumerate(keys) if key is not None and counts[key] == 1]
    numbers = [0, *(numeric_id(keys[index] or "") for index in places), MAX_AUTO_ID]
    is_ascending = all(low < high for low, high in itertools.pairwise(numbers[:-1]))
    owners: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key is None or owners.setdefault(key, index) == index or not is_ascending:
            continue
        first = _interval(places, numbers, owners[key])
        second = _interval(places, numbers, index)
        if _is_second(numeric_id(key), first, second):
            owners[key] = index
    return owners


def _interval(places: Sequence[int], numbers: Sequence[int], index: int) -> tuple[int, int]:
    """Return the ids of the nearest records, before and after the position, that are unique."""
    place = bisect_left(places, index)
    return numbers[place], numbers[place + 1]


def _is_second(number: int, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Return whether the id fits the second place only, by the ids around both places.

    It fits a place if it lies between the ids around it, and leaves a number for the record in
    the other place.
    """
    fits_first = first[0] < number < first[1] and second[1] - max(number, second[0]) > 1
    fits_second = second[0] < number < second[1] and min(number, first[1]) - first[0] > 1
    return fits_second and not fits_first

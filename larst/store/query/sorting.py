"""Sorting, pagination and aggregation of records. Pure; must never fail on mixed types."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from larst.domain import BY_CODE_POINTS, Json, Record
from larst.errors import ProgramFailedError
from larst.store.query.comparing import MISSING, is_number, parse_number
from larst.store.query.criteria import field_value
from larst.store.query.instants import instant_of
from larst.store.query.sorted_blocks import SortedBlocks
from larst.store.records import type_name

_OPERATIONS = frozenset({"sum", "avg", "min", "max", "count"})
Rank: TypeAlias = tuple[Any, ...]
"""The kind of a value, then what orders values of that kind."""

_SORTED_AT_ONCE = 4_096

_MAX_SORT_CHARACTERS = 16 * 1024
"""As many as a request target has."""

_MAX_COUNT = 2**53
"""More records than any store holds, and an index that every slice accepts."""


def page_bounds(limit: int | None, offset: int) -> tuple[int, int | None]:
    """Return the positions between which a page lies; the end is None if it has no limit.

    Raises:
        ProgramFailedError: limit or offset is not a whole number from 0.
    """
    start = _validate_count("offset", offset)
    return start, None if limit is None else start + _validate_count("limit", limit)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field of an order; `rank` gives the sort key of a value in it."""

    field: str
    is_descending: bool
    rank: Callable[[Json], Rank]


def sort_keys(sort: str) -> list[SortKey]:
    """Return the fields of an order such as `a,-b`; `-` sorts descending.

    Texts sort without case, or by code points where `=` stands before the field: `-=b`.

    Raises:
        ProgramFailedError: sort is not a string.
    """
    if not isinstance(sort, str):
        raise ProgramFailedError("sort must be a string such as 'name' or '-age,name'")
    if len(sort) > _MAX_SORT_CHARACTERS:
        raise ProgramFailedError(f"sort must have at most {_MAX_SORT_CHARACTERS} characters")
    return [_sort_key(part.strip()) for part in sort.split(",") if part.strip("- ")]


def _sort_key(part: str) -> SortKey:
    field = part.removeprefix("-")
    rank = _rank_by_code_points if field.startswith(BY_CODE_POINTS) else _rank
    return SortKey(field.removeprefix(BY_CODE_POINTS), part.startswith("-"), rank)


Paced: TypeAlias = Callable[[Iterable[Record]], Iterable[Record]]
"""Yields records, and takes care of the time meanwhile."""


def sort_records(records: Iterable[Record], sort: str, paced: Paced = iter) -> list[Record]:
    """Return the records sorted by the fields in `sort`; see `sort_keys`.

    The sort is stable. Records without the field, or with null in it, come last in either
    direction.

    Raises:
        ProgramFailedError: sort is not a string.
    """
    ordered = list(records)
    for key in reversed(sort_keys(sort)):
        ranked: list[tuple[Rank, Record]] = []
        unranked: list[Record] = []
        for record in paced(ordered):
            value = field_value(record, key.field)
            if value is None or value is MISSING:
                unranked.append(record)
            else:
                ranked.append((key.rank(value), record))
        if (numbered := _by_number(ranked)) is not None:
            ranked = numbered
        ordered = _sorted(ranked, is_descending=key.is_descending) + unranked
    return ordered


def _sorted(ranked: list[tuple[Rank, Record]], *, is_descending: bool) -> list[Record]:
    """Return the records by their ranks; those with the same rank keep their order."""
    if len(ranked) <= _SORTED_AT_ONCE:
        ranked.sort(key=lambda pair: pair[0], reverse=is_descending)
        return [record for _, record in ranked]
    # In blocks: one long sort would hold the interpreter's lock.
    sign = -1 if is_descending else 1
    blocks = SortedBlocks([(rank, sign * n) for n, (rank, _) in enumerate(ranked)])
    entries = blocks.backwards(0, None) if is_descending else blocks.between(0, None)
    return [ranked[sign * entry[1]][1] for entry in entries]


def aggregate(records: Iterable[Record], op: str, field: str, by: str | None) -> Json:
    """Return the `sum`, `avg`, `min`, `max` or `count` of a field, in groups by the field `by`.

        >>> orders = [{"item": "tea", "price": 2}, {"item": "tea", "price": 3}]
        >>> aggregate(orders, "sum", "price", by="item")
        {'tea': 5}

    Values that are not numbers are skipped, with two exceptions: `min` and `max` compare strings
    in a group without numbers, and `count` counts all values except null, or all records for the
    field `*`. Without values, `sum` and `count` are 0 and the others None. The key of a group is
    its value as JSON text; strings are not quoted.

    Raises:
        ProgramFailedError: unknown operation, a field is not a string, or the sum overflows.
    """
    _validate_arguments(op, field, by)
    if by is None:
        return _total(op, [_value(record, field) for record in records])
    groups: dict[str, list[Json]] = {}
    for record in records:
        group = field_value(record, by)
        name = group if isinstance(group, str) else _json(None if group is MISSING else group)
        groups.setdefault(name, []).append(_value(record, field))
    return {name: _total(op, values) for name, values in groups.items()}


def _validate_arguments(op: object, field: object, by: object) -> None:
    if not isinstance(op, str) or op not in _OPERATIONS:
        name = repr(op[:40]) if isinstance(op, str) else type_name(op)
        operations = ", ".join(sorted(_OPERATIONS))
        raise ProgramFailedError(f"unknown operation {name}; known operations: {operations}")
    if not isinstance(field, str) or not isinstance(by, str | None):
        raise ProgramFailedError("field and by must be strings")


def _value(record: Record, field: str) -> Json:
    return True if field == "*" else field_value(record, field)


def _total(op: str, values: Sequence[Json]) -> Json:
    present = [value for value in values if value is not None and value is not MISSING]
    if op == "count":
        return len(present)
    numbers = [value for value in present if is_number(value)]
    if op in ("sum", "avg"):
        return _sum(op, numbers)
    comparable: list[Any] = numbers or [value for value in present if isinstance(value, str)]
    if not comparable:
        return None
    return min(comparable) if op == "min" else max(comparable)


def _sum(op: str, numbers: Sequence[int | float]) -> int | float | None:
    total = sum(numbers)
    if not math.isfinite(total):
        raise ProgramFailedError("the sum is too large for a JSON number")
    if op == "sum":
        return total
    return total / len(numbers) if numbers else None


def _rank(value: Json) -> Rank:
    """Return a sort key: numbers first, then strings, booleans, and lists and objects."""
    if isinstance(value, bool):
        return 2, value, 0
    if isinstance(value, int | float):
        return 0, value, 0
    if isinstance(value, str):
        return 1, instant_of(value) or value.casefold(), value
    return 3, _json(value), 0


def _rank_by_code_points(value: Json) -> Rank:
    return (1, instant_of(value) or value, value) if isinstance(value, str) else _rank(value)


def _by_number(ranked: list[tuple[Rank, Record]]) -> list[tuple[Rank, Record]] | None:
    """Return the ranks by number if every value is a number or a string that is one."""
    numbers: list[tuple[Rank, Record]] = []
    has_text = False
    for rank, record in ranked:
        kind, key, value = rank
        if kind == 0:
            numbers.append(((0, key, 0), record))
            continue
        if kind != 1 or (number := parse_number(value)) is None:
            return None
        has_text = True
        numbers.append(((0, number, 0), record))
    return numbers if has_text else None


def _json(value: Json) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _validate_count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProgramFailedError(f"{name} must be a whole number from 0, not {type_name(value)}")
    if value < 0:
        raise ProgramFailedError(f"{name} must be a whole number from 0, not a negative one")
    return min(value, _MAX_COUNT)

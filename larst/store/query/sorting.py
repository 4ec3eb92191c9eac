"""Sorting, paging and aggregation of records. Pure; never fails on mixed types."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson

from larst.domain import Json, Record
from larst.errors import ProgramFailedError
from larst.store.query.comparing import MISSING, is_number
from larst.store.query.criteria import field_value
from larst.store.records import type_name

_OPERATIONS = frozenset({"sum", "avg", "min", "max", "count"})
_MOST = 2**53
"""More than any store holds, and few enough for every slice."""


def paginate(
    records: Iterable[Record], limit: int | None, offset: int, sort: str | None
) -> list[Record]:
    """Return the records from `offset` on, at most `limit` of them, sorted if asked.

    Raises:
        ProgramFailedError: limit or offset is no whole number from 0, or sort is no text.
    """
    start = _count("offset", offset)
    end = None if limit is None else start + _count("limit", limit)
    ordered = records if sort is None else sort_records(records, sort)
    return list(islice(ordered, start, end))


def sort_records(records: Iterable[Record], sort: str) -> list[Record]:
    """Return the records by the fields of `sort` (`a,-b`); missing and null come last always.

    Equal ones, and all where no record has the field, stay in the order they had.

    Raises:
        ProgramFailedError: sort is no text.
    """
    if not isinstance(sort, str):
        raise ProgramFailedError("sort must be text such as 'name' or '-age,name'")
    ordered = list(records)
    for key in reversed([part.strip() for part in sort.split(",") if part.strip("- ")]):
        field = key.removeprefix("-")
        there: list[tuple[Any, Record]] = []
        absent: list[Record] = []
        for record in ordered:
            value = field_value(record, field)
            if value is None or value is MISSING:
                absent.append(record)
            else:
                there.append((_rank(value), record))
        there.sort(key=lambda pair: pair[0], reverse=key.startswith("-"))
        ordered = [record for _, record in there] + absent
    return ordered


def aggregate(records: Iterable[Record], op: str, field: str, by: str | None) -> Json:
    """Return `sum avg min max count` of a field, or that for each value of the field `by`.

    Of nothing, sum and count are 0 and the others None. Values that are no numbers are left out
    (count counts every value that is there, and records for the field `*`; min and max compare
    texts where there is no number). A group's name is its text, or the JSON text of its value.

    Raises:
        ProgramFailedError: there is no such operation, a field is no text, or a sum is too large.
    """
    if not isinstance(op, str) or op not in _OPERATIONS:
        told = repr(op[:40]) if isinstance(op, str) else type_name(op)
        raise ProgramFailedError(f"no operation {told}; there are {', '.join(sorted(_OPERATIONS))}")
    if not isinstance(field, str) or not isinstance(by, str | None):
        raise ProgramFailedError("aggregate needs field, and by if given, as text")
    if by is None:
        return _total(op, [_value(record, field) for record in records])
    groups: dict[str, list[Json]] = {}
    for record in records:
        group = field_value(record, by)
        name = group if isinstance(group, str) else _json(None if group is MISSING else group)
        groups.setdefault(name, []).append(_value(record, field))
    return {name: _total(op, values) for name, values in groups.items()}


def _value(record: Record, field: str) -> Json:
    return True if field == "*" else field_value(record, field)


def _total(op: str, values: Sequence[Json]) -> Json:
    there = [value for value in values if value is not None and value is not MISSING]
    if op == "count":
        return len(there)
    numbers = [value for value in there if is_number(value)]
    if op in ("sum", "avg"):
        return _sum(op, numbers)
    comparable: list[Any] = numbers or [value for value in there if isinstance(value, str)]
    if not comparable:
        return None
    return min(comparable) if op == "min" else max(comparable)


def _sum(op: str, numbers: Sequence[int | float]) -> int | float | None:
    total = sum(numbers)
    if not math.isfinite(total):
        raise ProgramFailedError("the sum is larger than a number in JSON can be")
    if op == "sum":
        return total
    return total / len(numbers) if numbers else None


def _rank(value: Json) -> tuple[int, Any, Any]:
    """Return what orders a value among values of every type: numbers, texts, booleans, others."""
    if isinstance(value, bool):
        return 2, value, 0
    if isinstance(value, int | float):
        return 0, value, 0
    if isinstance(value, str):
        return 1, value.casefold(), value
    return 3, _json(value), 0


def _json(value: Json) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProgramFailedError(f"{name} must be a whole number from 0, not {type_name(value)}")
    if value < 0:
        raise ProgramFailedError(f"{name} must be a whole number from 0, not a negative one")
    return min(value, _MOST)

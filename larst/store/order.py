"""Sorting, paging and aggregation of records. Pure; never fails on mixed types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from larst.errors import ProgramFailedError
from larst.model import Json, Record
from larst.store.search import is_missing, value_at

_OPERATIONS = frozenset({"sum", "avg", "min", "max", "count"})


def page(
    records: Iterable[Record], limit: int | None, offset: int, sort: str | None
) -> list[Record]:
    """Return the records from `offset` on, at most `limit` of them, sorted if asked.

    Raises:
        ProgramFailedError: limit or offset is no whole number from 0, or sort is no text.
    """
    if limit is not None:
        _require_count("limit", limit)
    _require_count("offset", offset)
    ordered = sorted_by(records, sort) if sort else list(records)
    if limit is None:
        return ordered[offset:] if offset else ordered
    return ordered[offset : offset + limit]


def sorted_by(records: Iterable[Record], sort: str) -> list[Record]:
    """Return the records by the fields of `sort` (`a,-b`); missing and null come last always.

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
            value = value_at(record, field)
            if value is None or is_missing(value):
                absent.append(record)
            else:
                there.append((_rank(value), record))
        there.sort(key=lambda pair: pair[0], reverse=key.startswith("-"))
        ordered = [record for _, record in there] + absent
    return ordered


def aggregate(records: Iterable[Record], op: str, field: str, by: str | None) -> Json:
    """Return `sum avg min max count` of a field, or that for each value of the field `by`.

    Of nothing, sum and count are 0 and the others None. Values that are no numbers are left out
    (count counts every value that is there; min and max compare texts where there is no number).

    Raises:
        ProgramFailedError: there is no such operation.
    """
    if op not in _OPERATIONS:
        raise ProgramFailedError(f"no operation {op!r}; there are {', '.join(sorted(_OPERATIONS))}")
    if by is None:
        return _total(op, [value_at(record, field) for record in records])
    groups: dict[str, list[Json]] = {}
    for record in records:
        group = value_at(record, by)
        name = group if isinstance(group, str) else _json(None if is_missing(group) else group)
        groups.setdefault(name, []).append(value_at(record, field))
    return {name: _total(op, values) for name, values in groups.items()}


def _total(op: str, values: Sequence[Json]) -> Json:
    there = [value for value in values if value is not None and not is_missing(value)]
    if op == "count":
        return len(there)
    numbers = [
        value for value in there if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if op == "sum":
        return sum(numbers)
    if op == "avg":
        return sum(numbers) / len(numbers) if numbers else None
    comparable: list[Any] = numbers or [value for value in there if isinstance(value, str)]
    if not comparable:
        return None
    return min(comparable) if op == "min" else max(comparable)


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


def _require_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ProgramFailedError(f"{name} must be a whole number from 0, not {value!r:.40}")

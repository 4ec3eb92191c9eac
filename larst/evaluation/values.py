"""Compares values of replies and of records as their users do. Pure.

An expected value is equal to the value, or an object with one key: `{"$in": [...]}` (any of
these), or `{"$set": true}` (anything but null, false and empty). Numbers agree to a thousandth,
because sums of prices are not exact in binary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from larst.domain import Json

TOLERANCE = 0.0011

_MAX_DEPTH = 3
"""How far below the top of a reply its answer may be: `{"data": {"orders": [...]}}`."""


def agrees(value: Json, expected: Json) -> bool:
    """Return whether a value is as expected."""
    if isinstance(expected, Mapping) and len(expected) == 1:
        if "$in" in expected:
            return any(agrees(value, option) for option in expected["$in"])
        if "$set" in expected:
            return value not in (None, False, "", [], {})
    if is_number(value) and is_number(expected):
        return bool(abs(value - expected) < TOLERANCE)
    return type(value) is type(expected) and bool(value == expected)


def is_number(value: Json) -> bool:
    """Return whether a value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def has_fields(record: Json, fields: Mapping[str, Json]) -> bool:
    """Return whether a record has all these fields, as expected."""
    return isinstance(record, Mapping) and all(
        name in record and agrees(record[name], value) for name, value in fields.items()
    )


def identifies(item: Json, marks: Mapping[str, Json]) -> bool:
    """Return whether an item is the record with these marks, or a view of it.

    A view has at least one of the marks, and no other value of any; or it is one of their values.
    """
    if isinstance(item, Mapping):
        shared = [name for name in marks if name in item]
        return bool(shared) and all(agrees(item[name], marks[name]) for name in shared)
    return any(agrees(item, value) for value in marks.values())


def same_items(items: Json, marks: Sequence[Any], *, is_ordered: bool) -> bool:
    """Return whether a list has these items and no others; marks are objects or plain values."""
    if not isinstance(items, list) or len(items) != len(marks):
        return False
    expected = [mark if isinstance(mark, Mapping) else {"": mark} for mark in marks]
    if is_ordered:
        return all(map(identifies, items, expected))
    for item in items:
        match = next((mark for mark in expected if identifies(item, mark)), None)
        if match is None:
            return False
        expected.remove(match)
    return True


def parts_of(value: Json, depth: int = _MAX_DEPTH) -> Iterator[Json]:
    """Yield a reply, and what its objects hold, the outermost first; never the items of lists."""
    yield value
    if isinstance(value, Mapping) and depth:
        for part in value.values():
            yield from parts_of(part, depth - 1)


def groups_of(value: Json) -> Mapping[str, Json] | None:
    """Return a table of groups as an object: from an object, from rows, or from pairs.

    A row is an object with one text and one number or list: `{"genre": "crime", "count": 2}`.
    """
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list):
        return None
    pairs = [_pair_of(row) for row in value]
    return dict(pair for pair in pairs if pair) if all(pairs) else None


def _pair_of(row: Json) -> tuple[str, Json] | None:
    cells = list(row.values()) if isinstance(row, Mapping) else row
    if not isinstance(cells, list) or len(cells) != 2:
        return None
    names = [cell for cell in cells if isinstance(cell, str)]
    values = [cell for cell in cells if is_number(cell) or isinstance(cell, list)]
    if len(values) == 2 and is_number(cells[0]):  # a group may have a number for a name
        return str(cells[0]), cells[1]
    return (names[0], values[0]) if len(names) == len(values) == 1 else None

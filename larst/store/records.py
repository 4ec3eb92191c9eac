"""Validation of records, ids and resource names. Pure.

Must never accept a value that the session's files cannot return exactly as it was stored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json, Record, RecordId
from larst.errors import (
    BadRecordError,
    BadResourceNameError,
    ProgramFailedError,
)

MAX_DEPTH = 200
"""Levels of nesting that every JSON reader and writer in use supports."""

MAX_AUTO_ID = 2**53 - 1
"""The largest id that is generated: JavaScript represents larger integers inexactly."""

REPLIES = ".replies"
"""The hidden collection of replies that were stored by their Idempotency-Key."""

CONTRACT = ".contract"
"""The hidden collection of the session's contract: one record, which no import or reset changes."""


_CHARACTERS_PER_VALUE = 64
"""So many characters of a text count like a value more."""

_CONTAINERS = frozenset({dict, list, tuple})
_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_ID = re.compile(r"[^\x00-\x1f\x7f]{1,255}")


def validate_resource_name(name: object) -> str:
    """Return `name` if it is a valid resource name.

    Raises:
        BadResourceNameError: the name is not `[A-Za-z0-9_-]{1,64}`.
    """
    if not isinstance(name, str) or not _RESOURCE_NAME.fullmatch(name):
        shown = repr(name[:80]) if isinstance(name, str) else type_name(name)
        raise BadResourceNameError(
            f"{shown:.80} is not a valid resource name: use 1 to 64 of the characters"
            " A-Z a-z 0-9 _ and -"
        )
    return name


def is_hidden(name: str) -> bool:
    """Return whether a collection is LARST's own; the name of a resource has no dot."""
    return name in (REPLIES, CONTRACT)


def key_of(identifier: RecordId) -> str:
    """Return the key of a record in its collection: `1` and `"1"` are the same id.

    Raises:
        ProgramFailedError: the id is neither a string nor a 64-bit integer.
    """
    if isinstance(identifier, str):
        return identifier
    is_integer = isinstance(identifier, int) and not isinstance(identifier, bool)
    if is_integer and INTEGER_MIN <= identifier <= INTEGER_MAX:  # `str` fails on huge ones
        return str(identifier)
    raise ProgramFailedError(
        f"an id must be a string or a 64-bit integer, not {type_name(identifier)}"
    )


def validate_id(record: Record) -> RecordId | None:
    """Return the id in a client's record; None if it has no id, or null.

    Raises:
        BadRecordError: the id is neither an integer nor a string of 1 to 255 characters.
    """
    identifier = record.get("id")
    if identifier is None:
        return None
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return identifier
    if isinstance(identifier, str) and _TEXT_ID.fullmatch(identifier):
        return identifier
    raise BadRecordError(
        "an id must be a 64-bit integer, or a string of 1 to 255 characters without control"
        " characters"
    )


def copy_with_id(record: Record, identifier: RecordId) -> Record:
    """Return a copy of the record with this id as its first field."""
    copied = {"id": identifier, **record}
    copied["id"] = identifier
    return copied


def validate_record(record: object) -> Record:
    """Return a deep copy of the record, with tuples converted to lists.

    Raises:
        BadRecordError: the record is not an object, or JSON cannot represent it exactly.
    """
    if not isinstance(record, dict):
        raise BadRecordError(f"a record must be a JSON object, not {type_name(record)}")
    try:
        return _validate_object(record, 0)
    except _UnsupportedValueError as error:
        path = error.path.encode(errors="replace").decode()
        raise BadRecordError(f"${path[:300]}: {error.reason}") from error


def type_name(value: object) -> str:
    """Return the type of a value for an error text; the value itself may be huge."""
    return {
        list: "a list",
        tuple: "a list",
        str: "a string",
        bool: "a boolean",
        type(None): "null",
    }.get(type(value), f"a value of type {type(value).__name__}")


def count_values(value: Json, limit: int) -> int:
    """Return how many values a value consists of, counting itself; stop at `limit` or soon after.

    Long texts count as several.
    """
    total = 0
    stack: list[Any] = [(value,)]
    while stack:
        container = stack.pop()
        total += len(container)
        if total >= limit:
            break
        for item in container.values() if type(container) is dict else container:
            kind = type(item)
            if kind is str:
                if len(item) >= _CHARACTERS_PER_VALUE:
                    total += len(item) // _CHARACTERS_PER_VALUE
            elif kind in _CONTAINERS:
                stack.append(item)
    return total


class _UnsupportedValueError(Exception):
    """A value cannot be stored. Each level that the error passes adds its part of the path."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = ""


def _validate(value: Json, depth: int) -> Json:
    """Return a copy of the value. Hot code: paths are built only for errors."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _validate_string(value)
    if kind is bool or value is None:
        return value
    if kind is int or kind is float:
        return _validate_number(value)
    if depth >= MAX_DEPTH and kind in (dict, list, tuple):
        raise _UnsupportedValueError(f"a record must not nest deeper than {MAX_DEPTH} levels")
    if kind is dict:
        return _validate_object(value, depth)
    if kind is list or kind is tuple:
        return _validate_list(value, depth)
    raise _UnsupportedValueError(f"{type_name(value)} cannot be stored, only JSON values can")


def _validate_object(value: Mapping[Any, Json], depth: int) -> dict[str, Json]:
    copied: dict[Any, Json] = {}
    name: object = ""
    try:
        for name, item in value.items():
            if type(name) is not str or not name.isascii():
                _validate_name(name)
            if (kind := type(item)) is bool or (kind is str and item.isascii()):
                copied[name] = item  # as `_validate` does, without a call for each field
            else:
                copied[name] = _validate(item, depth + 1)
    except _UnsupportedValueError as error:
        if isinstance(name, str):
            error.path = f".{name[:80]}{error.path}"
        raise
    return copied


def _validate_list(value: Sequence[Json], depth: int) -> list[Json]:
    copied: list[Json] = []
    try:
        for item in value:
            copied.append(_validate(item, depth + 1))  # noqa: PERF401 - its length is the index
    except _UnsupportedValueError as error:
        error.path = f"[{len(copied)}]{error.path}"
        raise
    return copied


def _validate_name(name: object) -> str:
    if type(name) is not str:
        raise _UnsupportedValueError(f"field names must be strings, not {type_name(name)}")
    return name if name.isascii() else _validate_string(name)


def _validate_number(number: int | float) -> int | float:
    if isinstance(number, float):
        if not math.isfinite(number):
            raise _UnsupportedValueError(f"{_float_name(number)} cannot be stored: it is not JSON")
    elif not INTEGER_MIN <= number <= INTEGER_MAX:
        raise _UnsupportedValueError("an integer of more than 64 bits cannot be stored")
    return number


def _validate_string(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _UnsupportedValueError("a lone surrogate cannot be stored") from None
    return text


def _float_name(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"

"""What can be a record, and what can be its id. Pure.

Whatever passes here comes back from the files exactly as it went in.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json, Record, RecordId
from larst.errors import (
    BadRecordError,
    BadRequestError,
    BadResourceNameError,
    PatchConflictError,
    ProgramFailedError,
)

MAX_DEPTH = 200
"""Levels of nesting that the JSON readers and writers on the way all bear."""

MAX_AUTO_ID = 2**53 - 1
"""Ids are given out up to here: JavaScript's readers keep integers exactly no further."""

MAX_COPIED_VALUES = 100_000
"""Values that one patch may copy: thirty `copy` operations double a record to any size."""

_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_ID = re.compile(r"[^\x00-\x1f\x7f]{1,255}")


def validate_resource_name(name: object) -> str:
    """Return the name, if a resource can have it.

    Raises:
        BadResourceNameError: it cannot; no file was touched.
    """
    if not isinstance(name, str) or not _RESOURCE_NAME.fullmatch(name):
        raise BadResourceNameError(
            f"{name!r:.80} cannot be a resource's name:"
            " 1 to 64 of the characters A-Z a-z 0-9 _ and - are allowed"
        )
    return name


def key_of(identifier: RecordId) -> str:
    """Return the text by which a record is found: `1` and `"1"` are the same id.

    Raises:
        ProgramFailedError: it is neither an integer of 64 bits nor text.
    """
    if isinstance(identifier, str):
        return identifier
    is_integer = isinstance(identifier, int) and not isinstance(identifier, bool)
    if is_integer and INTEGER_MIN <= identifier <= INTEGER_MAX:  # `str` refuses endless ones
        return str(identifier)
    raise ProgramFailedError(f"an id is text or an integer of 64 bits, not {type_name(identifier)}")


def validate_id(record: Record) -> RecordId | None:
    """Return the id that a client gave its record, or None where it gave none.

    Raises:
        BadRecordError: it is neither an integer of 64 bits nor a short text.
    """
    identifier = record.get("id")
    if identifier is None:
        return None
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return identifier
    if isinstance(identifier, str) and _TEXT_ID.fullmatch(identifier):
        return identifier
    raise BadRecordError(
        "an id must be an integer of at most 64 bits, or a text of 1 to 255 characters"
    )


def copy_with_id(record: Record, identifier: RecordId) -> Record:
    """Return the record with the id, which stands first."""
    return {"id": identifier, **{name: item for name, item in record.items() if name != "id"}}


def validate_record(record: object) -> Record:
    """Return the record as it can be kept: tuples become lists, the rest stays as it is.

    Raises:
        BadRecordError: it is no object, or holds what JSON cannot say exactly.
    """
    if not isinstance(record, dict):
        raise BadRecordError(f"a record must be a JSON object, not {type_name(record)}")
    try:
        return _kept_object(record, 0)
    except _UnkeptError as error:
        path = error.path.encode(errors="replace").decode()
        raise BadRecordError(f"${path[:300]}: {error.reason}") from error


def apply_patch(record: Record, operations: Sequence[Json]) -> Record:
    """Return the record after a JSON Patch (RFC 6902); the record itself stays as it is.

    Raises:
        BadRecordError: the result cannot be kept.
        BadRequestError: the operations are no JSON Patch, or copy without measure.
        PatchConflictError: they do not apply to this record, or would change its id.
    """
    identifier = record["id"]
    try:
        result = _apply(record, operations)
    except jsonpatch.InvalidJsonPatch as error:
        raise BadRequestError(f"no JSON Patch (RFC 6902): {error}"[:500]) from error
    except jsonpatch.JsonPatchTestFailed as error:
        raise PatchConflictError(
            "a test in the patch failed: the record has another value there, or none"
        ) from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise PatchConflictError(str(error)[:500]) from error
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        # The library checks only part of an operation's form before it runs it.
        raise BadRequestError(f"no JSON Patch (RFC 6902): {error}"[:500]) from error
    # By type too: in Python true is 1, and 1.0 is.
    if not isinstance(result, dict) or [type(result.get("id")), result.get("id")] != [
        type(identifier),
        identifier,
    ]:
        raise PatchConflictError("a patch must leave an object with the same id")
    return copy_with_id(validate_record(result), identifier)


def type_name(value: object) -> str:
    """Return what a value is, in words; never the value, whose text may be endless."""
    return {list: "a list", str: "text", bool: "a boolean", type(None): "null"}.get(
        type(value), f"a value of type {type(value).__name__}"
    )


def _apply(record: Record, operations: Sequence[Json]) -> Json:
    """Apply the operations one by one, so that what they copy can be counted before."""
    patch = jsonpatch.JsonPatch(operations)
    result: Json = copy.deepcopy(record)
    left = MAX_COPIED_VALUES
    for operation in patch:
        if operation["op"] == "copy":
            source = jsonpatch.JsonPointer(operation["from"]).resolve(result)
            left -= _count(source, left)
            if left <= 0:
                raise BadRequestError(f"a patch may copy at most {MAX_COPIED_VALUES} values")
        result = jsonpatch.JsonPatch([operation]).apply(result, in_place=True)
    return result


def _count(value: Json, enough: int) -> int:
    """Return how many values are in this one, itself included; stop at `enough`."""
    total, waiting = 0, [value]
    while waiting and total < enough:
        item = waiting.pop()
        total += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return total


class _UnkeptError(Exception):
    """A value cannot be kept; the path to it grows as this rises."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = ""


def _kept(value: Json, depth: int) -> Json:
    """Return the value as it can be kept. Hot: paths are made only for what is refused."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _kept_text(value)
    if kind is bool or value is None:
        return value
    if kind is int or kind is float:
        return _kept_number(value)
    if depth >= MAX_DEPTH and kind in (dict, list, tuple):
        raise _UnkeptError(f"a record must not nest deeper than {MAX_DEPTH} levels")
    if kind is dict:
        return _kept_object(value, depth)
    if kind is list or kind is tuple:
        return _kept_list(value, depth)
    raise _UnkeptError(f"{type_name(value)} cannot be kept, only what JSON can say")


def _kept_object(value: Mapping[Any, Json], depth: int) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    name: object = ""
    try:
        for name, item in value.items():
            kept[_kept_name(name)] = _kept(item, depth + 1)
    except _UnkeptError as error:
        if isinstance(name, str):
            error.path = f".{name[:80]}{error.path}"
        raise
    return kept


def _kept_list(value: Sequence[Json], depth: int) -> list[Json]:
    kept: list[Json] = []
    try:
        for item in value:
            kept.append(_kept(item, depth + 1))  # noqa: PERF401 - its length is the index
    except _UnkeptError as error:
        error.path = f"[{len(kept)}]{error.path}"
        raise
    return kept


def _kept_name(name: object) -> str:
    if type(name) is not str:
        raise _UnkeptError(f"field names must be text, not {type_name(name)}")
    return name if name.isascii() else _kept_text(name)


def _kept_number(number: int | float) -> int | float:
    if isinstance(number, float):
        if not math.isfinite(number):
            raise _UnkeptError(f"{_spelled(number)} cannot be kept, JSON has no word for it")
    elif not INTEGER_MIN <= number <= INTEGER_MAX:
        raise _UnkeptError("an integer of more than 64 bits cannot be kept")
    return number


def _kept_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _UnkeptError("a lone surrogate is no text that can be kept") from None
    return text


def _spelled(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"

"""What can be a record, and what can be its id. Pure.

Whatever passes here comes back from the files exactly as it went in.
"""

from __future__ import annotations

import math
import re

import jsonpatch

from larst.errors import (
    BadRecordError,
    BadRequestError,
    BadResourceNameError,
    PatchConflictError,
)
from larst.model import INTEGER_MAX, INTEGER_MIN, Json, Record, RecordId

MAX_DEPTH = 200
"""Levels of nesting that the JSON readers and writers on the way all bear."""

MAX_AUTO_ID = 2**53 - 1
"""Ids are given out up to here: JavaScript's readers keep integers exactly no further."""

_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_ID = re.compile(r"[^\x00-\x1f\x7f]{1,255}")


def resource_name(name: object) -> str:
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
    """Return the text by which a record is found: `1` and `"1"` are the same id."""
    return str(identifier)


def own_id(record: Record) -> RecordId | None:
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


def with_id(identifier: RecordId, record: Record) -> Record:
    """Return the record with the id, which stands first."""
    return {"id": identifier, **{name: item for name, item in record.items() if name != "id"}}


def checked(record: object) -> Record:
    """Return the record as it can be kept: tuples become lists, the rest stays as it is.

    Raises:
        BadRecordError: it is no object, or holds what JSON cannot say exactly.
    """
    if not isinstance(record, dict):
        raise BadRecordError(f"a record must be a JSON object, not {_kind(record)}")
    kept: Record = _kept(record, "$", 0)
    return kept


def patched(record: Record, operations: list[Json]) -> Record:
    """Return the record after a JSON Patch (RFC 6902); the record itself stays as it is.

    Raises:
        BadRequestError: the operations are no JSON Patch.
        PatchConflictError: they do not apply to this record, or would change its id.
    """
    try:
        patch = jsonpatch.JsonPatch(operations)
        result = patch.apply(record)
    except jsonpatch.InvalidJsonPatch as error:
        raise BadRequestError(f"no JSON Patch (RFC 6902): {error}") from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise PatchConflictError(str(error)[:500]) from error
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        # The library checks only part of an operation's form before it runs it.
        raise BadRequestError(f"no JSON Patch (RFC 6902): {error}"[:500]) from error
    if not isinstance(result, dict) or result.get("id") != record["id"]:
        raise PatchConflictError("a patch must leave an object with the same id")
    return checked(result)


def _kept(value: Json, path: str, depth: int) -> Json:
    if isinstance(value, str):
        return _kept_text(value, path)
    if isinstance(value, int | float):
        return _kept_number(value, path)
    if value is None:
        return None
    if depth >= MAX_DEPTH:
        raise BadRecordError(f"a record must not nest deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {
            _kept_name(name, path): _kept(item, f"{path}.{name}", depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_kept(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    raise BadRecordError(f"{path}: {_kind(value)} cannot be kept, only what JSON can say")


def _kept_number(value: float, path: str) -> float:
    if isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise BadRecordError(f"{path}: an integer of more than 64 bits cannot be kept")
    elif not math.isfinite(value):
        raise BadRecordError(f"{path}: {value} cannot be kept, JSON has no word for it")
    return value


def _kept_name(name: object, path: str) -> str:
    if not isinstance(name, str):
        raise BadRecordError(f"{path}: field names must be text, not {_kind(name)}")
    return _kept_text(name, path)


def _kept_text(text: str, path: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadRecordError(f"{path}: a lone surrogate is no text that can be kept") from error
    return text


def _kind(value: object) -> str:
    return {list: "a list", str: "text", bool: "a boolean", type(None): "null"}.get(
        type(value), f"a value of type {type(value).__name__}"
    )

"""JSON Patch (RFC 6902) and merge patches (RFC 7396) of records. Pure.

Must never copy values without a bound, nor show a value of a record in an error.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import jsonpatch

from larst.domain import MERGE, Json, Record, RecordId
from larst.errors import BadRequestError, PatchConflictError
from larst.store.query.comparing import is_equal
from larst.store.records import copy_with_id, count_values, validate_record

MAX_COPIED_VALUES = 10_000
"""Values that one patch may copy: each `copy` operation can double the size of a record."""


def apply_patch(record: Record, operations: Sequence[Json]) -> Record:
    """Return a copy of the record with a JSON Patch (RFC 6902) applied, or with a merge patch.

    Raises:
        BadRecordError: the result cannot be stored.
        BadRequestError: the operations are not a JSON Patch, or copy too many values.
        PatchConflictError: the patch does not apply to this record, or would change its id.
    """
    identifier = record["id"]
    if (patch := _merge_patch_of(operations)) is not None:
        return copy_with_id(validate_record(merged(record, patch)), identifier)
    try:
        result = _apply(record, operations)
    except jsonpatch.InvalidJsonPatch as error:
        raise BadRequestError(f"not a JSON Patch (RFC 6902): {error}"[:500]) from error
    except jsonpatch.JsonPatchTestFailed as error:
        raise PatchConflictError(
            "a test in the patch failed: the value in the record is different or missing"
        ) from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise PatchConflictError(str(error)[:500]) from error
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        # The library validates only part of an operation before it runs it.
        raise BadRequestError(f"not a JSON Patch (RFC 6902): {error}"[:500]) from error
    if not isinstance(result, dict) or not _is_same_id(result.get("id"), identifier):
        raise PatchConflictError("the result of a patch must be an object with the same id")
    return copy_with_id(validate_record(result), identifier)


def merged(target: Json, patch: Json) -> Json:
    """Return the target with a merge patch applied (RFC 7396 section 2); neither is changed.

    >>> merged({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'c': 4, 'd': 3}}
    """
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), item)
    return result


def _merge_patch_of(operations: Sequence[Json]) -> Record | None:
    """Return the merge patch that the operations consist of; None if they are of RFC 6902."""
    match operations:
        case [{"op": op, "path": "", "value": dict() as patch}] if op == MERGE:
            return patch
    return None


def _is_same_id(new_id: Json, identifier: RecordId) -> bool:
    # Compare the types too: in Python, True == 1 == 1.0.
    return type(new_id) is type(identifier) and bool(new_id == identifier)


def _apply(record: Record, operations: Sequence[Json]) -> Json:
    """Apply the operations one by one, so that a copy can be refused before it is made."""
    patch = jsonpatch.JsonPatch(operations)
    result: Json = copy.deepcopy(record)
    budget = MAX_COPIED_VALUES
    for operation in patch:
        if operation["op"] == "test":  # an error of the library would contain both values
            _test(result, operation)
            continue
        if operation["op"] == "copy":
            source = jsonpatch.JsonPointer(operation["from"]).resolve(result)
            budget -= count_values(source, budget)
            if budget <= 0:
                raise BadRequestError(f"a patch may copy at most {MAX_COPIED_VALUES} values")
        result = jsonpatch.JsonPatch([operation]).apply(result, in_place=True)
    return result


def _test(record: Json, operation: Mapping[str, Json]) -> None:
    try:
        value = jsonpatch.JsonPointer(operation["path"]).resolve(record)
    except jsonpatch.JsonPointerException as error:
        raise jsonpatch.JsonPatchTestFailed from error
    if not is_equal(value, operation["value"]):
        raise jsonpatch.JsonPatchTestFailed

"""What sets a record apart from its resource's learned schema, field by field. Pure.

The other side of schema.py: where learning would widen the schema, this says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from larst.domain import Json, Record
from larst.store.schema.learning import accepts, infer_schema

MAX_DRIFTS = 50
"""Drifts of one transaction that are told; a record of odd keys could have thousands."""

MAX_NAME_CHARACTERS = 80


def find_drifts(schema: Mapping[str, Any], record: Record) -> list[str]:
    """Return what does not fit, as `address.city: string expected, found integer`; [] if all does.

    A field that every record has had so far is expected; one that none had is not, unless the
    schema is open.
    """
    if accepts(schema, record):
        return []
    found: list[str] = []
    for drift in _drifts(schema, record, ""):
        found.append(drift)
        if len(found) == MAX_DRIFTS:
            break
    return found


def _drifts(schema: Mapping[str, Any], value: Json, path: str) -> Iterator[str]:
    if not schema or accepts(schema, value):
        return
    types = schema["type"]
    expected = [types] if isinstance(types, str) else types
    found = infer_schema(value)["type"]
    if found not in expected and not (found == "integer" and "number" in expected):
        yield f"{path or 'the record'}: {' or '.join(expected)} expected, found {found}"
    elif found == "string":
        yield f"{path}: {schema['format']} expected"
    elif found == "array":
        for index, item in enumerate(value):
            yield from _drifts(schema["items"], item, f"{path}[{index}]")
    else:
        yield from _in_object(schema, value, path)


def _in_object(schema: Mapping[str, Any], value: Mapping[str, Json], path: str) -> Iterator[str]:
    properties = schema["properties"]
    for name in schema["required"]:
        if name not in value:
            yield f"{_below(path, name)}: missing"
    for name, item in value.items():
        if name in properties:
            yield from _drifts(properties[name], item, _below(path, name))
        elif "additionalProperties" not in schema:
            yield f"{_below(path, name)}: unknown field"


def _below(path: str, name: str) -> str:
    """Return the path to a field; names are shown in ASCII, since a header may carry them."""
    shown = ascii(name[:MAX_NAME_CHARACTERS])[1:-1]
    return f"{path}.{shown}" if path else shown

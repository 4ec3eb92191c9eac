"""Drift: the fields in which a record differs from the learned schema of its resource. Pure.

A record has drift where `widen_schema` would widen the schema; this module describes why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from larst.domain import Json, Record
from larst.store.schema.learning import accepts, infer_schema

MAX_DRIFTS = 50
"""The most drifts reported for one transaction; a record with many new keys has thousands."""

_MAX_NAME_CHARACTERS = 80


def find_drifts(schema: Mapping[str, Any], record: Record) -> list[str]:
    """Return the differences, such as `address.city: string expected, found integer`.

        >>> schema = infer_schema({"name": "Ann"})
        >>> find_drifts(schema, {"name": 5, "age": 30})
        ['name: string expected, found integer', 'age: unknown field']

    A field that all records had so far is required. A field that no record had is unknown, unless
    the schema allows additional properties.
    """
    if accepts(schema, record):
        return []
    return list(islice(_drifts(schema, record, ""), MAX_DRIFTS))


def _drifts(schema: Mapping[str, Any], value: Json, path: str) -> Iterator[str]:
    if not schema or accepts(schema, value):
        return
    types = schema["type"]
    expected = [types] if isinstance(types, str) else types
    actual = infer_schema(value)["type"]
    if actual not in expected and not (actual == "integer" and "number" in expected):
        yield f"{path or 'the record'}: {' or '.join(expected)} expected, found {actual}"
    elif actual == "string":
        yield f"{path}: {schema['format']} expected"
    elif actual == "array":
        for index, item in enumerate(value):
            yield from _drifts(schema["items"], item, f"{path}[{index}]")
    else:
        yield from _object_drifts(schema, value, path)


def _object_drifts(
    schema: Mapping[str, Any], value: Mapping[str, Json], path: str
) -> Iterator[str]:
    properties = schema["properties"]
    for name in schema["required"]:
        if name not in value:
            yield f"{_join(path, name)}: missing"
    for name, item in value.items():
        if name in properties:
            yield from _drifts(properties[name], item, _join(path, name))
        elif "additionalProperties" not in schema:
            yield f"{_join(path, name)}: unknown field"


def _join(path: str, name: str) -> str:
    """Return the path of a field, in ASCII since it may be sent in a header."""
    escaped = ascii(name[:_MAX_NAME_CHARACTERS])[1:-1]
    return f"{path}.{escaped}" if path else escaped

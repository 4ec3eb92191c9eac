"""The learned schema: JSON Schema inferred from the records that were written. Pure.

Writing only ever widens it. On the hot path a record is first held against what is known, which
takes a few microseconds; only one that does not fit is learned from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from larst.model import Json, Record

Schema = Mapping[str, Any]

MAX_PROPERTIES = 200
"""Properties of one object that are told apart; beyond it any more are allowed, unnamed."""

_FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])").fullmatch,
    "date-time": re.compile(
        r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})"
    ).fullmatch,
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch,
    "email": re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+").fullmatch,
    "uri": re.compile(r"https?://[^\s/]+\S*").fullmatch,
}
_TYPE_NAMES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def fits(schema: Schema, value: Json) -> bool:
    """Tell whether learning from the value would change nothing."""
    kind = _TYPE_NAMES[type(value)]
    types = schema.get("type", ())
    if kind != types and kind not in _listed(types):
        return kind == "integer" and "number" in _listed(types)
    if kind == "string":
        name = schema.get("format")
        return name is None or bool(_FORMATS[name](value))
    if kind == "object":
        return _fits_object(schema, value)
    if kind == "array":
        items = schema["items"]
        return all(fits(items, item) for item in value)
    return True


def learn(schema: Schema | None, record: Record) -> Schema:
    """Return the schema, widened so that the record fits."""
    found = infer(record)
    return found if schema is None else merge(schema, found)


def infer(value: Json) -> Schema:
    """Return the schema of this one value."""
    kind = _TYPE_NAMES[type(value)]
    if kind == "string":
        name = next((name for name, matches in _FORMATS.items() if matches(value)), None)
        return {"type": kind} if name is None else {"type": kind, "format": name}
    if kind == "array":
        items: Schema = {}
        for item in value:
            if not fits(items, item):
                items = merge(items, infer(item))
        return {"type": kind, "items": items}
    if kind == "object":
        named = {name: infer(value[name]) for name in sorted(value)[:MAX_PROPERTIES]}
        return _object(named, set(named), is_open=len(value) > MAX_PROPERTIES)
    return {"type": kind}


def merge(one: Schema, other: Schema) -> Schema:
    """Return the schema that both kinds of values fit."""
    if not one or not other:
        return one or other
    types = set(_listed(one["type"])) | set(_listed(other["type"]))
    if "number" in types:
        types.discard("integer")
    merged: dict[str, Any] = {"type": min(types) if len(types) == 1 else sorted(types)}
    strings = [schema for schema in (one, other) if "string" in _listed(schema["type"])]
    formats = {schema.get("format") for schema in strings}
    if len(formats) == 1 and (name := formats.pop()) is not None:
        merged["format"] = name
    objects = [schema for schema in (one, other) if "properties" in schema]
    if objects:
        merged |= _merged_objects(objects[0], objects[-1])
    arrays = [schema["items"] for schema in (one, other) if "items" in schema]
    if arrays:
        merged["items"] = merge(arrays[0], arrays[-1])
    return merged


def _fits_object(schema: Schema, value: Mapping[str, Json]) -> bool:
    properties = schema["properties"]
    is_open = "additionalProperties" in schema
    for name, item in value.items():
        known = properties.get(name)
        if known is None:
            if not is_open:
                return False
        elif not fits(known, item):
            return False
    return all(name in value for name in schema["required"])


def _merged_objects(one: Schema, other: Schema) -> Schema:
    properties = dict(one["properties"])
    is_open = "additionalProperties" in one or "additionalProperties" in other
    for name, schema in other["properties"].items():
        if name in properties:
            properties[name] = merge(properties[name], schema)
        elif len(properties) < MAX_PROPERTIES:
            properties[name] = schema
        else:
            is_open = True
    required = set(one["required"]) & set(other["required"])
    merged = dict(_object(properties, required, is_open=is_open))
    del merged["type"]
    return merged


def _object(properties: Mapping[str, Schema], required: set[str], *, is_open: bool) -> Schema:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: properties[name] for name in sorted(properties)},
        "required": sorted(required),
    }
    if is_open:
        schema["additionalProperties"] = True
    return schema


def _listed(types: str | list[str]) -> tuple[str, ...] | list[str]:
    return (types,) if isinstance(types, str) else types

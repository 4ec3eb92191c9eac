"""The learned schema: JSON Schema inferred from the records that were written. Pure.

Writing only ever widens it. On the hot path a record is first held against what is known, which
takes a few microseconds; only one that does not fit is learned from. What odd data can make it
grow to is bounded: each transaction that widens it writes all of it to the journal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from larst.domain import Json, Record

Schema = Mapping[str, Any]

MAX_PROPERTIES = 200
"""Properties of one object that are told apart; beyond it any more are allowed, unnamed."""

MAX_TOTAL = 2_000
"""Properties in a whole schema: once it has as many, it takes up no more names."""

MAX_LEVELS = 20
"""Levels of nesting that are described. JSON writers take 254 levels; a schema has two to three
of its own for each of a record's."""

MAX_SCHEMA_LEVELS = 100
"""Levels of a schema that somebody may have edited, bounded so that it can be gone through."""

_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
PATTERNS: Mapping[str, str] = {
    "date": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "date-time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "email": rf"[^@{_BLANK}]{{1,64}}@[^@.{_BLANK}]+(\.[^@.{_BLANK}]+)+",
    "uri": rf"https?://[^/{_BLANK}]+[^{_BLANK}]*",
}
"""What texts of a format look like, for the whole text, as every kind of regular expression
understands it: what `\\s` and `\\d` mean differs from one to the other."""

_FORMATS: Mapping[str, Callable[[str], object]] = {
    name: re.compile(pattern).fullmatch for name, pattern in PATTERNS.items()
}
_MAX_FORMAT_CHARACTERS = 2_000
_TYPE_NAMES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def accepts(schema: Schema, value: Json) -> bool:
    """Tell whether learning from the value would change nothing."""
    kind = _TYPE_NAMES[type(value)]
    types = schema.get("type", ())
    if kind != types and kind not in _listed(types):
        if kind == "number":  # 1.0 is an integer (JSON Schema 2020-12, section 6.1.1)
            return "integer" in _listed(types) and value.is_integer()
        return kind == "integer" and "number" in _listed(types)
    if kind == "string":
        name = schema.get("format")
        return name is None or _has_format(name, value)
    if kind == "object":
        return _fits_object(schema, value)
    if kind == "array" and "items" in schema:
        items = schema["items"]
        for item in value:
            if not accepts(items, item):
                return False
    return True


def widen_schema(schema: Schema | None, record: Record) -> Schema:
    """Return the schema, widened so that the record fits."""
    if schema is None:
        return _inferred(record, 0)
    grows = _count_properties(schema) < MAX_TOTAL
    return _merged(schema, _inferred(record, 0), grows=grows)


def infer_schema(value: Json) -> Schema:
    """Return the schema of this one value."""
    return _inferred(value, 0)


def merge(one: Schema, other: Schema) -> Schema:
    """Return the schema that both kinds of values fit."""
    return _merged(one, other, grows=True)


def is_schema(value: Json, level: int = 0) -> bool:
    """Tell whether it is a schema as this room makes them: somebody may have edited the file."""
    if not isinstance(value, dict) or level > MAX_SCHEMA_LEVELS:
        return False
    if not value:
        return level > 0  # the items of a list that was always empty
    types, name = value.get("type"), value.get("format")
    types = [types] if isinstance(types, str) else types
    if not types or not is_string_list(types) or not {*types} <= {*_TYPE_NAMES.values()}:
        return False
    properties = value.get("properties")
    is_object = isinstance(properties, dict) and is_string_list(value.get("required"))
    if ("object" in types) != is_object or (name is not None and name not in [*_FORMATS]):
        return False
    inner = [*(properties or {}).values(), *([value["items"]] if "items" in value else [])]
    return all(is_schema(one, level + 1) for one in inner)


def is_string_list(value: Json) -> bool:
    """Tell whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _inferred(value: Json, level: int) -> Schema:
    kind = _TYPE_NAMES[type(value)]
    if kind == "string":
        name = next((name for name in _FORMATS if _has_format(name, value)), None)
        return {"type": kind} if name is None else {"type": kind, "format": name}
    if kind == "array":
        # Without `items` it is an array of anything.
        return {"type": kind} if level >= MAX_LEVELS else _inferred_array(value, level)
    if kind == "object":
        told = sorted(value)[: MAX_PROPERTIES if level < MAX_LEVELS else 0]
        named = {name: _inferred(value[name], level + 1) for name in told}
        return _object(named, named, is_open=len(value) > len(told) or level >= MAX_LEVELS)
    return {"type": kind}


def _inferred_array(value: Iterable[Json], level: int) -> Schema:
    items: Schema = {}
    for item in value:
        if not accepts(items, item):
            grows = _count_properties(items) < MAX_TOTAL
            items = _merged(items, _inferred(item, level + 1), grows=grows)
    return {"type": "array", "items": items}


def _merged(one: Schema, other: Schema, *, grows: bool) -> Schema:
    """Return the schema of both; `one` is what was known, to which names are added if it grows."""
    if not other or not one:
        return one or (other if grows else _without_names(other))
    types = set(_listed(one["type"])) | set(_listed(other["type"]))
    if "number" in types:
        types.discard("integer")
    merged: dict[str, Any] = {"type": min(types) if len(types) == 1 else sorted(types)}
    strings = [schema for schema in (one, other) if "string" in _listed(schema["type"])]
    formats = {schema.get("format") for schema in strings}
    if len(formats) == 1 and (name := formats.pop()) is not None:
        merged["format"] = name
    if "properties" in one or "properties" in other:
        merged |= _merged_objects(one, other, grows=grows)
    if (items := _merged_items(one, other, grows=grows)) is not None:
        merged["items"] = items
    return merged


def _merged_items(one: Schema, other: Schema, *, grows: bool) -> Schema | None:
    """Return the merged `items`; None where there are no arrays, or arrays of anything."""
    arrays = [schema for schema in (one, other) if "array" in _listed(schema["type"])]
    if not arrays or not all("items" in schema for schema in arrays):
        return None
    return _merged(one.get("items", {}), other.get("items", {}), grows=grows)


def _merged_objects(one: Schema, other: Schema, *, grows: bool) -> Schema:
    if "properties" not in other:
        other = one
    elif "properties" not in one:
        one = other = other if grows else _without_names(other)
    properties = dict(one["properties"])
    is_open = "additionalProperties" in one or "additionalProperties" in other
    for name, schema in other["properties"].items():
        if name in properties:
            properties[name] = _merged(properties[name], schema, grows=grows)
        elif grows and len(properties) < MAX_PROPERTIES:
            properties[name] = schema
        else:
            is_open = True
    required = set(one["required"]) & set(other["required"])
    merged = dict(_object(properties, required, is_open=is_open))
    del merged["type"]
    return merged


def _without_names(schema: Schema) -> Schema:
    """Return the schema with its objects open and their properties unnamed."""
    bare = dict(schema)
    if "properties" in bare:
        bare |= {"properties": {}, "required": [], "additionalProperties": True}
    if "items" in bare:
        bare["items"] = _without_names(bare["items"])
    return bare


def _fits_object(schema: Schema, value: Mapping[str, Json]) -> bool:
    properties = schema["properties"]
    is_open = "additionalProperties" in schema
    for name, item in value.items():
        known = properties.get(name)
        if known is None:
            if not is_open:
                return False
        elif not accepts(known, item):
            return False
    for name in schema["required"]:  # noqa: SIM110 - `all` of a generator takes twice the time
        if name not in value:
            return False
    return True


def _object(properties: Mapping[str, Schema], required: Iterable[str], *, is_open: bool) -> Schema:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: properties[name] for name in sorted(properties)},
        "required": sorted(required),
    }
    if is_open:
        schema["additionalProperties"] = True
    return schema


def _has_format(name: str, text: str) -> bool:
    return len(text) <= _MAX_FORMAT_CHARACTERS and bool(_FORMATS[name](text))


def _count_properties(schema: Schema) -> int:
    total = 0
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        properties = item.get("properties", {})
        total += len(properties)
        waiting.extend(properties.values())
        if "items" in item:
            waiting.append(item["items"])
    return total


def _listed(types: str | list[str]) -> tuple[str, ...] | list[str]:
    return (types,) if isinstance(types, str) else types

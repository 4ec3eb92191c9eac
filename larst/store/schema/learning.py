"""The learned schema: a JSON Schema inferred from the records that were written. Pure.

A write can only widen it. Most records conform to it already, and `accepts` finds that out in a
few microseconds. Its size must stay bounded for any data, because each transaction that widens the
schema writes all of it to the journal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from larst.domain import Json, Record

Schema = Mapping[str, Any]
"""A JSON Schema of the kind that this module infers."""

LearnedSchema = dict[str, Any]
"""The content of `.schemas/<resource>.json`: `fields`, `example`, `updated_at`, `json_schema`."""

MAX_PROPERTIES = 200
"""The most properties of one object; beyond it, the schema allows additional properties."""

MAX_TOTAL = 2_000
"""Properties in a whole schema; once it has this many, it gets no more."""

MAX_LEVELS = 20
"""Levels of nesting that a schema describes. orjson writes at most 254 levels, and a schema has two
or three levels for each level of the record."""

MAX_SCHEMA_LEVELS = 100
"""Levels accepted in a schema file, which may be edited by hand; a bound for the recursion."""

_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
PATTERNS: Mapping[str, str] = {
    "date": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "date-time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "email": rf"[^@{_BLANK}]{{1,64}}@[^@.{_BLANK}]+(\.[^@.{_BLANK}]+)+",
    "uri": rf"https?://[^/{_BLANK}][^{_BLANK}]*",
}
"""The regular expression for a string of each format. No `\\s` or `\\d`: their meaning differs
between regular expression engines, and OpenAPI clients use the patterns too. Each takes linear
time: they are tried on the texts of every record."""

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


_SCALAR_NAMES: Mapping[type, str] = {
    kind: name for kind, name in _TYPE_NAMES.items() if kind not in (list, dict)
}


def accepts(schema: Schema, value: Json) -> bool:
    """Return whether the value conforms to the schema, so that it would not be widened."""
    kind = _TYPE_NAMES[type(value)]
    types = schema.get("type", ())
    if kind != types and kind not in _as_list(types):
        if kind == "number":  # 1.0 is an integer (JSON Schema 2020-12, section 6.1.1)
            return "integer" in _as_list(types) and value.is_integer()
        return kind == "integer" and "number" in _as_list(types)
    if kind == "string":
        name = schema.get("format")
        return name is None or _has_format(name, value)
    if kind == "object":
        return _accepts_object(schema, value)
    if kind == "array" and "items" in schema:
        items = schema["items"]
        for item in value:
            if not _is_plain(items, item) and not accepts(items, item):
                return False
    return True


def _is_plain(schema: Schema, value: Json) -> bool:
    """Return whether a value is a scalar of the only type of its schema: most values are."""
    return schema.get("type") == _SCALAR_NAMES.get(type(value), "") and "format" not in schema


def learn_schema(learned: LearnedSchema | None, record: Record, now: datetime) -> LearnedSchema:
    """Return the learned schema, widened if the record does not conform (SPEC section 7)."""
    if learned is not None and accepts(learned["json_schema"], record):
        return learned
    schema = widen_schema(learned["json_schema"] if learned else None, record)
    return {
        "fields": sorted(schema["properties"]),
        "example": learned["example"] if learned else record,
        "updated_at": now.isoformat(),
        "json_schema": schema,
    }


def widen_schema(schema: Schema | None, record: Record) -> Schema:
    """Return the schema, widened so that it accepts the record.

    >>> schema = widen_schema(None, {"name": "Ann", "age": 30})
    >>> schema["required"]
    ['age', 'name']
    >>> widen_schema(schema, {"name": "Ben"})["required"]
    ['name']
    """
    if schema is None:
        return infer_schema(record)
    grows = _count_properties(schema) < MAX_TOTAL
    return _merge(schema, infer_schema(record), grows=grows)


def infer_schema(value: Json) -> Schema:
    """Return the narrowest schema that accepts the value."""
    return _infer(value, 0)


def is_schema(value: Json, level: int = 0) -> bool:
    """Return whether a value, such as the content of an edited file, is a schema of this kind."""
    if not isinstance(value, dict) or level > MAX_SCHEMA_LEVELS:
        return False
    if not value:
        return level > 0  # the items of arrays that were always empty
    types, name = value.get("type"), value.get("format")
    types = [types] if isinstance(types, str) else types
    if not types or not is_string_list(types) or not {*types} <= {*_TYPE_NAMES.values()}:
        return False
    properties = value.get("properties")
    is_object = isinstance(properties, dict) and is_string_list(value.get("required"))
    if ("object" in types) != is_object or (name is not None and name not in [*_FORMATS]):
        return False
    subschemas = [*(properties or {}).values(), *([value["items"]] if "items" in value else [])]
    return all(is_schema(subschema, level + 1) for subschema in subschemas)


def is_string_list(value: Json) -> bool:
    """Return whether the value is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _infer(value: Json, level: int) -> Schema:
    kind = _TYPE_NAMES[type(value)]
    if kind == "string":
        name = next((name for name in _FORMATS if _has_format(name, value)), None)
        return {"type": kind} if name is None else {"type": kind, "format": name}
    if kind == "array":
        # Without `items`, the schema accepts arrays of anything.
        return {"type": kind} if level >= MAX_LEVELS else _infer_array(value, level)
    if kind == "object":
        names = sorted(value)[: MAX_PROPERTIES if level < MAX_LEVELS else 0]
        properties = {name: _infer(value[name], level + 1) for name in names}
        is_open = len(value) > len(names) or level >= MAX_LEVELS
        return _object_schema(properties, properties, is_open=is_open)
    return {"type": kind}


def _infer_array(value: Iterable[Json], level: int) -> Schema:
    items: Schema = {}
    for item in value:
        if not accepts(items, item):
            grows = _count_properties(items) < MAX_TOTAL
            items = _merge(items, _infer(item, level + 1), grows=grows)
    return {"type": "array", "items": items}


def _merge(base: Schema, addition: Schema, *, grows: bool) -> Schema:
    """Return the schema that accepts the values of both; `grows`: `base` may get new properties."""
    if not addition or not base:
        return base or (addition if grows else _without_names(addition))
    types = set(_as_list(base["type"])) | set(_as_list(addition["type"]))
    if "number" in types:
        types.discard("integer")
    merged: dict[str, Any] = {"type": min(types) if len(types) == 1 else sorted(types)}
    strings = [schema for schema in (base, addition) if "string" in _as_list(schema["type"])]
    formats = {schema.get("format") for schema in strings}
    if len(formats) == 1 and (name := formats.pop()) is not None:
        merged["format"] = name
    if "properties" in base or "properties" in addition:
        merged |= _merge_objects(base, addition, grows=grows)
    if (items := _merge_items(base, addition, grows=grows)) is not None:
        merged["items"] = items
    return merged


def _merge_items(base: Schema, addition: Schema, *, grows: bool) -> Schema | None:
    """Return the merged `items`; None without arrays, or with arrays of anything."""
    arrays = [schema for schema in (base, addition) if "array" in _as_list(schema["type"])]
    if not arrays or not all("items" in schema for schema in arrays):
        return None
    return _merge(base.get("items", {}), addition.get("items", {}), grows=grows)


def _merge_objects(base: Schema, addition: Schema, *, grows: bool) -> Schema:
    if "properties" not in addition:
        addition = base
    elif "properties" not in base:
        base = addition = addition if grows else _without_names(addition)
    properties = dict(base["properties"])
    is_open = "additionalProperties" in base or "additionalProperties" in addition
    for name, schema in addition["properties"].items():
        if name in properties:
            properties[name] = _merge(properties[name], schema, grows=grows)
        elif grows and len(properties) < MAX_PROPERTIES:
            properties[name] = schema
        else:
            is_open = True
    required = set(base["required"]) & set(addition["required"])
    merged = dict(_object_schema(properties, required, is_open=is_open))
    del merged["type"]
    return merged


def _without_names(schema: Schema) -> Schema:
    """Return the schema with all properties of its objects replaced by additional properties."""
    bare = dict(schema)
    if "properties" in bare:
        bare |= {"properties": {}, "required": [], "additionalProperties": True}
    if "items" in bare:
        bare["items"] = _without_names(bare["items"])
    return bare


def _accepts_object(schema: Schema, value: Mapping[str, Json]) -> bool:
    properties = schema["properties"]
    is_open = "additionalProperties" in schema
    scalar_name = _SCALAR_NAMES.get
    for name, item in value.items():
        subschema = properties.get(name)
        if subschema is None:
            if not is_open:
                return False
        elif (  # `_is_plain`, without a call for each field
            subschema.get("type") != scalar_name(type(item), "") or "format" in subschema
        ) and not accepts(subschema, item):
            return False
    if not is_open and len(value) == len(properties):
        return True  # each has a field, also those that are required
    for name in schema["required"]:  # noqa: SIM110 - `all` of a generator takes twice the time
        if name not in value:
            return False
    return True


def _object_schema(
    properties: Mapping[str, Schema], required: Iterable[str], *, is_open: bool
) -> Schema:
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
    total, stack = 0, [schema]
    while stack:
        item = stack.pop()
        properties = item.get("properties", {})
        total += len(properties)
        stack.extend(properties.values())
        if "items" in item:
            stack.append(item["items"])
    return total


def _as_list(types: str | list[str]) -> tuple[str, ...] | list[str]:
    return (types,) if isinstance(types, str) else types

"""JSON Schemas of records, request bodies and pages, from the learned schema. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from larst.dialects.forms import FORMS, PLAIN_FORMS
from larst.domain import INTEGER_MAX, INTEGER_MIN, SINGLETON_OWN_ID, Json
from larst.openapi.declared import required_of_new
from larst.store.schema.learning import PATTERNS

Schema = Mapping[str, Any]

INTEGER: Schema = {"type": "integer", "format": "int64"}
"""Integers are stored exactly within 64 bits; a longer one is refused with 400."""

_BOUNDS = {"minimum": INTEGER_MIN, "maximum": INTEGER_MAX}
"""Numbers have them too: clients write a whole number without a fraction, as an integer."""

ANY: Schema = {}
"""Any JSON. A schema cannot limit integers to 64 bits here without limiting floats as well."""

ANY_OBJECT: Schema = {"type": "object"}

TEXT: Schema = {"type": "string"}

COUNT: Schema = {"type": "integer", "minimum": 0}

POSITION: Schema = {"type": "integer", "minimum": 0}

SIZE: Schema = {"type": ["integer", "null"], "minimum": -1}
"""The number of records of a page; -1 and null mean all."""

POSITION_BOUND: Schema = {"exclusiveMaximum": 1e16}
"""Of a limit, an offset or a page: up to sixteen digits are read as a number."""

PROBLEM: Schema = {
    "type": "object",
    "title": "Problem",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "A short name of the error. Stable."},
        "detail": {"type": "string", "description": "What went wrong and what to do about it."},
        "request_id": {"type": "string", "description": "Identifies the log line and the trace."},
    },
}
RFC9457_PROBLEM: Schema = {
    "type": "object",
    "title": "Problem (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
PAGE: Schema = {
    "type": "object",
    "title": "Page",
    "required": ["total", "limit", "offset"],
    "properties": {
        "total": {**COUNT, "description": "The number of matches on all pages."},
        "limit": {"type": ["integer", "null"], "description": "The limit of the request, if any."},
        "offset": {"type": "integer"},
    },
    "examples": [{"total": 1, "limit": None, "offset": 0}],
}
COUNTERS: Mapping[str, Schema] = {
    name: {
        "type": "object",
        "required": [name],
        "properties": {name: COUNT},
        "examples": [{name: 1}],
    }
    for name in ("updated", "deleted", "count")
}
"""The replies that count records: updated, deleted or matching."""

_POINTER: Schema = {"type": "string", "pattern": "^(/([^~/]|~[01])*)+$"}
JSON_PATCH: Schema = {
    "title": "JSON Patch",
    "description": "RFC 6902. All operations are applied, or none.",
    "type": "array",
    "items": {
        "oneOf": [
            {
                "type": "object",
                "required": ["op", "path", "value"],
                "properties": {
                    "op": {"enum": ["add", "replace", "test"]},
                    "path": _POINTER,
                    "value": ANY,
                },
            },
            {
                "type": "object",
                "required": ["op", "path"],
                "properties": {"op": {"const": "remove"}, "path": _POINTER},
            },
            {
                "type": "object",
                "required": ["op", "path", "from"],
                "properties": {
                    "op": {"enum": ["move", "copy"]},
                    "path": _POINTER,
                    "from": _POINTER,
                },
            },
        ]
    },
}


@dataclass(frozen=True, slots=True)
class LearnedSchema:
    """What a session has learned about the records of a resource."""

    schema: Schema
    example: Json

    @classmethod
    def of(cls, learned: Mapping[str, Json]) -> LearnedSchema:
        """Return the schema and the example from the content of `.schemas/<resource>.json`."""
        return cls(learned["json_schema"], learned["example"])

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The fields of the records."""
        properties: Mapping[str, Schema] = self.schema["properties"]
        return properties

    @property
    def required(self) -> list[str]:
        """The fields that every record has had so far."""
        return list(self.schema["required"])

    @property
    def is_open(self) -> bool:
        """Whether records may have fields that the schema does not name."""
        return "additionalProperties" in self.schema


def record(learned: LearnedSchema, *, is_enforced: bool) -> Schema:
    """Return the schema of a stored record."""
    schema = _published(learned.schema, is_enforced=is_enforced)
    schema["required"] = sorted({"id", *learned.required})
    identifier = _published(learned.properties.get("id", {}))
    schema["properties"]["id"] = {**identifier, "description": "Never changes."}
    return {**schema, "examples": [learned.example]}


def new_record(
    learned: LearnedSchema, *, is_enforced: bool, from_path: Collection[str] = ()
) -> Schema:
    """Return the schema of a POST or PUT body: it requires the fields that every record has had.

    If schemas are not enforced, the service accepts any other record as well. `from_path` names
    the fields that the path sets, so the body does not need them.
    """
    needed = required_of_new(learned.schema, learned.required)
    required = [name for name in needed if name != "id" and name not in from_path]
    schema = _body(learned, required, is_enforced=is_enforced)
    for name in from_path:
        if name in schema["properties"]:
            schema["properties"][name] = {"description": "Set from the path; the body cannot."}
    return schema


def changes(learned: LearnedSchema, *, is_enforced: bool) -> Schema:
    """Return the schema of a merge patch: any fields except the id."""
    return _body(learned, [], is_enforced=is_enforced)


def singleton(learned: LearnedSchema, *, is_enforced: bool) -> Schema:
    """Return the schema of a singleton: an object without the id that the service gives it."""
    own = {name: "id" if name == SINGLETON_OWN_ID else name for name in learned.properties}
    properties = {
        own[name]: _published(schema, is_enforced=is_enforced)
        for name, schema in learned.properties.items()
        if name != "id"
    }
    values = learned.example.items()
    example = {own.get(name, name): value for name, value in values if name != "id"}
    is_closed = is_enforced and not learned.is_open
    closed = {"additionalProperties": False} if is_closed else {}
    return {"type": "object", "properties": properties, **closed, "examples": [example]}


def page_of(items: Schema) -> dict[str, Any]:
    """Return the schema of a page of items, in LARST's own form."""
    page = {"$ref": "#/components/schemas/Page"}
    return {
        "type": "object",
        "required": ["items", "page"],
        "properties": {"items": {"type": "array", "items": items}, "page": page},
    }


def list_in(form: str, items: Schema) -> Schema:
    """Return the schema of a list of items in a form of replies, by the name of the form."""
    if form == "larst":
        return page_of(items)
    if form == "jsonapi":
        return {"type": "object", "required": ["data"]}
    plain = PLAIN_FORMS.get(form, form)
    if plain == form:
        return _filled_in(FORMS[form], items)
    return {"anyOf": [_filled_in(FORMS[plain], items), _filled_in(FORMS[form], items)]}


def record_in(form: str, record: Schema) -> Schema:
    """Return the schema of one record in a form of replies, by the name of the form."""
    if form in ("data", "strapi"):
        return {"type": "object", "required": ["data"], "properties": {"data": record}}
    if form == "jsonapi":
        return {"type": "object", "required": ["data"]}
    return record  # PocketBase adds only what a query asks for


def _filled_in(template: Json, items: Schema) -> Schema:
    """Return the schema of a template of a list; see `larst.dialects.forms`."""
    if template == "$items":
        return {"type": "array", "items": items}
    if template == "$by_id":
        return {"type": "object", "additionalProperties": items}
    if not isinstance(template, dict):
        return ANY
    return {
        "type": "object",
        "required": [key for key in template if not key.startswith("?")],
        "properties": {
            key.removeprefix("?"): _filled_in(part, items) for key, part in template.items()
        },
    }


def integer(*, is_enforced: bool) -> dict[str, Any]:
    """Return the schema of an integer; an enforced one has the bounds in figures.

    Readers see `int64`, and tests that are made from an enforced schema know where it ends.
    """
    return {"type": "integer", **_BOUNDS} if is_enforced else dict(INTEGER)


def listed(types: str | Iterable[str]) -> tuple[str, ...]:
    """Return the types of a schema as a tuple; JSON Schema allows one name or a list."""
    return (types,) if isinstance(types, str) else tuple(types)


def _body(learned: LearnedSchema, required: list[str], *, is_enforced: bool) -> dict[str, Any]:
    properties = {
        name: _published(schema, is_enforced=is_enforced)
        for name, schema in learned.properties.items()
        if name != "id" and not schema.get("readOnly")
    }
    example = {name: value for name, value in learned.example.items() if name in properties}
    is_closed = is_enforced and not learned.is_open
    closed = {"additionalProperties": False} if is_closed else {}
    body = {"type": "object", "properties": properties, **closed, "examples": [example]}
    return {**body, "required": required} if required else body


def _published(schema: Schema, *, is_enforced: bool = False) -> dict[str, Any]:
    """Return a learned schema with the size of integers.

    Enforced schemas are strict: they name the bounds of numbers and the exact pattern of each
    format, and allow no other fields, because the service refuses everything else.
    """
    published = dict(schema)
    types = set(listed(published.get("type", ())))
    if is_enforced and {"integer", "number"} & types:
        published |= _BOUNDS
    elif "integer" in types and not {"number", "string"} & types:
        published["format"] = INTEGER["format"]
    if is_enforced and "format" in published:
        published["pattern"] = f"^{PATTERNS[published.pop('format')]}$"
    if "items" in published:
        published["items"] = _published(published["items"], is_enforced=is_enforced)
    if "properties" in published:
        published |= _published_object(published, is_enforced=is_enforced)
    return published


def _published_object(schema: Schema, *, is_enforced: bool) -> dict[str, Any]:
    properties = {
        name: _published(inner, is_enforced=is_enforced)
        for name, inner in schema["properties"].items()
    }
    is_closed = is_enforced and "additionalProperties" not in schema
    return {"properties": properties, **({"additionalProperties": False} if is_closed else {})}

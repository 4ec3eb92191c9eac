"""From what was learned of a resource to the schemas of its records, bodies and pages. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json
from larst.store.schema.learning import PATTERNS

Schema = Mapping[str, Any]

INTEGER: Schema = {"type": "integer", "minimum": INTEGER_MIN, "maximum": INTEGER_MAX}
"""What is kept exactly; longer integers are 400."""

_BOUNDS = {name: bound for name, bound in INTEGER.items() if name != "type"}
"""Also of numbers: a whole one is taken for an integer by most who write it."""

ANY: Schema = {}
"""Any JSON. That integers have at most 64 bits cannot be said here without shutting out floats."""

ANY_OBJECT: Schema = {"type": "object"}

COUNT: Schema = {"type": "integer", "minimum": 0}

PLACE: Schema = {"type": "integer", "minimum": 0, "exclusiveMaximum": 1e20}
"""A limit or an offset: twenty digits at most are read as a number."""

PROBLEM: Schema = {
    "type": "object",
    "title": "Problem",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What went wrong: short, and always the same."},
        "detail": {"type": "string", "description": "What exactly, and what to do."},
        "request_id": {"type": "string", "description": "Finds the log line and the trace."},
    },
}
RFC9457_PROBLEM: Schema = {
    "type": "object",
    "title": "Problem of RFC 9457",
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
        "total": {**COUNT, "description": "How many records match, on all pages."},
        "limit": {"type": ["integer", "null"], "description": "As it was asked for."},
        "offset": {"type": "integer"},
    },
}


@dataclass(frozen=True, slots=True)
class Learned:
    """What a session knows of a resource, taken apart."""

    schema: Schema
    example: Json

    @classmethod
    def of(cls, learned: Mapping[str, Json]) -> Learned:
        """Take apart what was learned, as `.schemas/<resource>.json` holds it."""
        return cls(learned["json_schema"], learned["example"])

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The fields of the records."""
        found: Mapping[str, Schema] = self.schema["properties"]
        return found

    @property
    def required(self) -> list[str]:
        """The fields that every record had so far."""
        return list(self.schema["required"])

    @property
    def is_open(self) -> bool:
        """Whether records may have further fields, which are not named."""
        return "additionalProperties" in self.schema


def record(learned: Learned, *, is_enforced: bool) -> Schema:
    """Return the schema of a stored record."""
    made = _described(learned.schema, is_enforced=is_enforced)
    made["required"] = sorted({"id", *learned.required})
    identifier = _described(learned.properties.get("id", {}))
    made["properties"]["id"] = {**identifier, "description": "Never changes."}
    return {**made, "examples": [learned.example]}


def new_record(learned: Learned, *, is_enforced: bool, given: Collection[str] = ()) -> Schema:
    """Return the schema of what is posted or put: what every record had so far, and has to have.

    Where it is not enforced, anything else is taken too, and changes what clients can rely on.
    `given` are fields that the path says, and the body need not.
    """
    required = [name for name in learned.required if name != "id" and name not in given]
    made = _sent(learned, required, is_enforced=is_enforced)
    for name in given:
        if name in made["properties"]:
            made["properties"][name] = {"description": "As the path says, whatever is sent."}
    return made


def changes(learned: Learned, *, is_enforced: bool) -> Schema:
    """Return the schema of a merge: any of the fields but the id."""
    return _sent(learned, [], is_enforced=is_enforced)


def _sent(learned: Learned, required: list[str], *, is_enforced: bool) -> dict[str, Any]:
    properties = {
        name: _described(schema, is_enforced=is_enforced)
        for name, schema in learned.properties.items()
        if name != "id"
    }
    example = {name: value for name, value in learned.example.items() if name != "id"}
    is_closed = is_enforced and not learned.is_open
    closed = {"additionalProperties": False} if is_closed else {}
    made = {"type": "object", "properties": properties, **closed, "examples": [example]}
    return {**made, "required": required} if required else made


def _described(schema: Schema, *, is_enforced: bool = False) -> dict[str, Any]:
    """Return a learned schema as a reader needs it: with the bounds of integers.

    `is_enforced`: formats and names are held to, so the schema says just what they are.
    """
    made = dict(schema)
    if {"integer", "number"} & set(listed(made.get("type", ()))):
        made |= _BOUNDS
    if is_enforced and "format" in made:
        made["pattern"] = f"^{PATTERNS[made.pop('format')]}$"
    if "items" in made:
        made["items"] = _described(made["items"], is_enforced=is_enforced)
    if "properties" in made:
        made |= _described_object(made, is_enforced=is_enforced)
    return made


def _described_object(schema: Schema, *, is_enforced: bool) -> dict[str, Any]:
    properties = {
        name: _described(inner, is_enforced=is_enforced)
        for name, inner in schema["properties"].items()
    }
    is_closed = is_enforced and "additionalProperties" not in schema
    return {"properties": properties, **({"additionalProperties": False} if is_closed else {})}


def listed(types: str | Iterable[str]) -> tuple[str, ...]:
    """Return a schema's types, of which there may be one or several."""
    return (types,) if isinstance(types, str) else tuple(types)

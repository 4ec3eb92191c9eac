"""The fields of a resource, from its learned schema and its records. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from larst.domain import Json, Record
from larst.eject.description import Field, Kind
from larst.openapi.names import Names, snake_case

_KINDS: Mapping[frozenset[str], Kind] = {
    frozenset({"integer"}): "integer",
    frozenset({"number"}): "number",
    frozenset({"integer", "number"}): "number",
    frozenset({"boolean"}): "boolean",
    frozenset({"string"}): "text",
    frozenset({"integer", "string"}): "any",
    frozenset({"number", "string"}): "any",
    frozenset({"integer", "number", "string"}): "any",
}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = frozenset(dir(BaseModel)) | frozenset(
    "id_ int str float bool list dict object type Any Field None True False".split()
)
"""Attributes of every model, and names that annotations use after a field of that name."""


def fields_of(
    schema: Mapping[str, Json], records: Sequence[Record], more: Sequence[str]
) -> tuple[Field, ...]:
    """Return the fields: the id first, the others in the order in which records show them.

    `more` are fields that only programs write.
    """
    json_schema = schema.get("json_schema") or {}
    properties = dict(json_schema.get("properties") or {})
    properties.setdefault("id", {"type": "integer"})
    for name in more:
        properties.setdefault(name, {})
    required = {*json_schema.get("required", ()), "id"}
    attributes = Names()
    return tuple(
        _field(name, properties[name], is_required=name in required, attributes=attributes)
        for name in _ordered(properties, schema.get("example") or {}, records)
    )


def _ordered(
    properties: Mapping[str, Json], example: Record, records: Sequence[Record]
) -> Iterator[str]:
    yield "id"
    yielded = {"id"}
    for record in (example, *records[:100], properties):
        for name in record:
            if name in properties and name not in yielded:
                yielded.add(name)
                yield name


def _field(name: str, schema: Mapping[str, Json], *, is_required: bool, attributes: Names) -> Field:
    types = types_of(schema)
    kind = _KINDS.get(frozenset(types - {"null"}), "json")
    is_nullable = "null" in types or not types
    if name == "id":
        kind = "integer" if kind == "integer" else "any"
    elif is_nullable and not is_required:
        kind = "json"  # NULL is an absent field, the JSON text `null` is null
    return Field(
        name, attributes.claim(attribute_name(name)), kind, is_required, is_nullable, schema
    )


def types_of(schema: Mapping[str, Json]) -> set[str]:
    """Return the JSON types of a schema; empty: any."""
    types = schema.get("type", ())
    return {types} if isinstance(types, str) else set(types)


def attribute_name(name: str) -> str:
    """Return the name as an attribute of a model.

    >>> attribute_name("first-name"), attribute_name("class"), attribute_name("price")
    ('first_name', 'class_', 'price')
    """
    if not _IDENTIFIER.fullmatch(name):
        name = snake_case(name)
    if keyword.iskeyword(name) or name in _TAKEN or name.startswith("model_"):
        return f"{name}_"
    return name

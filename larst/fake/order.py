"""An order of fake data: how many records of each resource, and their schemas. Pure.

A given schema is JSON Schema, of which the keywords below are understood; all others are refused,
since a record that ignored them would not fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larst.domain import Json
from larst.errors import BadRequestError

MAX_RECORDS = 10_000
MAX_RESOURCES = 50
MAX_VALUES = 400_000
"""The values of all records of one request together: about ten seconds of work."""

MAX_FIELDS = 200
MAX_LEVELS = 8
MAX_ITEMS = 20
MAX_CHARACTERS = 2_000

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYWORDS = frozenset(
    "type format enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength"
    " maxLength properties required additionalProperties items minItems maxItems uniqueItems"
    " nullable title description default example examples deprecated readOnly writeOnly"
    " $schema $id $comment xml externalDocs".split()
)
_TYPES = frozenset("string integer number boolean array object null".split())
_LIMITS = {"minItems": MAX_ITEMS, "minLength": MAX_CHARACTERS}
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_FORM = 'send {"users": 50}, or {"books": {"count": 20, "fields": ["title", "price"]}}'


@dataclass(frozen=True, slots=True)
class ResourceOrder:
    """How many records of one resource; `schema` was given, or `fields` by their names."""

    name: str
    count: int
    schema: Mapping[str, Any] | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FakeOrder:
    """What to make: resources in the order of the request, and the seed of all choices."""

    resources: tuple[ResourceOrder, ...]
    seed: int


def parse_order(body: Json, seed: int) -> FakeOrder:
    """Return the order in a request body, such as `{"users": 50, "posts": {"count": 200}}`.

    Raises:
        BadRequestError: it cannot be understood, or asks for too much.
    """
    if not isinstance(body, dict) or not body:
        raise BadRequestError(f"name the resources to fill: {_FORM}")
    if len(body) > MAX_RESOURCES:
        raise BadRequestError(f"{len(body)} resources; one request fills at most {MAX_RESOURCES}")
    resources = tuple(_resource(name, value) for name, value in body.items())
    total = sum(resource.count for resource in resources)
    if total > MAX_RECORDS:
        raise BadRequestError(
            f"{total} records; one request makes at most {MAX_RECORDS}: send several"
        )
    return FakeOrder(resources, seed)


def _resource(name: str, value: Json) -> ResourceOrder:
    if not _NAME.fullmatch(name):
        raise BadRequestError(f"{name[:80]!r} is not a name of a resource; {_FORM}")
    if not isinstance(value, dict):
        return ResourceOrder(name, _count(name, value))
    unknown = sorted(value.keys() - {"count", "schema", "fields"})
    if unknown:
        raise BadRequestError(
            f"{name}: {unknown[0][:80]!r} is unknown; use count, and schema or fields"
        )
    schema, fields = value.get("schema"), value.get("fields", [])
    if schema is not None:
        _check_record_schema(name, schema)
    is_list = isinstance(fields, list) and all(isinstance(item, str) and item for item in fields)
    if not is_list or len(fields) > MAX_FIELDS or (fields and schema is not None):
        raise BadRequestError(
            f"{name}: fields is a list of at most {MAX_FIELDS} names, in place of a schema"
        )
    return ResourceOrder(name, _count(name, value.get("count")), schema, tuple(fields))


def _count(name: str, value: Json) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_RECORDS:
        raise BadRequestError(f"{name}: the count is a whole number from 0 to {MAX_RECORDS}")
    return int(value)


def _check_record_schema(name: str, schema: Json) -> None:
    """Check the schema of a record.

    Raises:
        BadRequestError: it is not that of an object, or not understood.
    """
    is_object = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    if not is_object or schema.get("type", "object") != "object":
        raise BadRequestError(
            f'{name}: the schema is that of an object: {{"type": "object", "properties": {{…}}}}'
        )
    count = _check(schema, name, 0)
    if count > MAX_FIELDS:
        raise BadRequestError(f"{name}: {count} fields; a schema has at most {MAX_FIELDS}")


def _check(schema: Json, place: str, level: int) -> int:
    """Check a schema at a place in the order; return how many fields it has."""
    place = place[:200]
    if not isinstance(schema, dict) or level > MAX_LEVELS:
        raise BadRequestError(f"{place}: a schema is an object of at most {MAX_LEVELS} levels")
    for keyword in schema:
        if keyword not in _KEYWORDS and not keyword.startswith("x-"):
            raise BadRequestError(
                f"{place}: the keyword {keyword[:40]!r} is not supported for fake data; use type,"
                " format, enum, limits, properties and items"
            )
    _check_type(schema, place)
    _check_limits(schema, place)
    properties = schema.get("properties", {})
    if not isinstance(properties, dict) or len(properties) > MAX_FIELDS:
        raise BadRequestError(f"{place}: properties is an object of at most {MAX_FIELDS} fields")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise BadRequestError(f"{place}: required is a list of names")
    count = sum(_check(item, f"{place}.{key}", level + 1) for key, item in properties.items())
    if "items" in schema:
        count += _check(schema["items"], f"{place}[]", level + 1)
    return count + len(properties)


def _check_type(schema: Mapping[str, Json], place: str) -> None:
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else types
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name in _TYPES for name in names
    ):
        raise BadRequestError(f"{place}: type is among {', '.join(sorted(_TYPES))}")
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        raise BadRequestError(f"{place}: enum is a list of at least one value")
    if not isinstance(schema.get("format", ""), str):
        raise BadRequestError(f"{place}: format is a name")


def _check_limits(schema: Mapping[str, Json], place: str) -> None:
    for keyword in _NUMBERS:
        if keyword in schema and not _is_number(schema[keyword]):
            raise BadRequestError(f"{place}: {keyword} is a number of at most 15 digits")
    for keyword in ("minItems", "maxItems", "minLength", "maxLength"):
        value = schema.get(keyword, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadRequestError(f"{place}: {keyword} is a whole number from 0")
        if value > _LIMITS.get(keyword, value):
            raise BadRequestError(f"{place}: {keyword} is at most {_LIMITS[keyword]}")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**15

"""Query parameters of a resource: paging, sorting, and filters on its fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from larst.openapi.schemas import (
    POSITION,
    POSITION_BOUND,
    SIZE,
    TEXT,
    LearnedSchema,
    Schema,
    listed,
)

MAX_FILTERED_FIELDS = 30
"""Fields of a resource whose filters are named; filters on all other fields work as well."""

MAX_FILTERED_FIELDS_IN_ALL = 1500
"""The limit for a whole document: with hundreds of resources it would become unreadable."""

_RESERVED = frozenset("limit offset sort page per_page q fields embed filter".split())
"""Query keys that do not filter on a field, and the name of the generic filter parameter."""

_NUMBER_OR_EMPTY: Schema = {"type": ["number", "string"], "maxLength": 0}
"""A number to compare with; an empty value does not filter."""

Parameter = Mapping[str, Any]

_COMPARISONS = "(gt|gte|lt|lte)"
_LIKE_A_COMPARISON = re.compile(r"[A-Za-z0-9_]+_(gt|gte|lt|lte|ne|in)")
_SIMPLE_TYPES = frozenset({"string", "integer", "number", "boolean", "null"})

_FILTER: Parameter = {
    "name": "filter",
    "in": "query",
    "required": True,
    "description": "Selects the records, with the filters of the list. At least one is required.",
    "style": "form",
    "explode": True,
    "schema": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "string"},
    },
    "example": {"id_in": "1,2"},
}


def query_parameter(name: str, schema: Schema, description: str) -> Parameter:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


_SHARED: Mapping[str, Parameter] = {
    "Limit": query_parameter(
        "limit", SIZE, "The maximum number of records to return; -1 or null: all."
    ),
    "Offset": query_parameter("offset", POSITION, "The number of records to skip."),
    "Sort": query_parameter(
        "sort", TEXT, "The field to sort by. `-name` sorts descending; `a,-b` sorts by several."
    ),
    "Text": query_parameter("q", TEXT, "Text that occurs in any field."),
    "Filter": _FILTER,
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Replies 304 if the stored version has this ETag.",
        "schema": TEXT,
    },
}


def shared(is_enforced: bool) -> Mapping[str, Parameter]:
    """Return the parameters of every document, by component name; enforced ones have bounds."""
    if not is_enforced:
        return _SHARED
    bounded = {
        name: {**_SHARED[name], "schema": {**_SHARED[name]["schema"], **POSITION_BOUND}}
        for name in ("Limit", "Offset")
    }
    return {**_SHARED, **bounded}


def filter_parameter(schema: Schema) -> Parameter:
    """Return the parameter that stands for the filters on the fields of a resource."""
    return {
        "name": "filter",
        "in": "query",
        "description": "Filters on the fields, as the introduction lists them.",
        "style": "form",
        "explode": True,
        "schema": schema,
        "example": {},
    }


def filters_on(
    learned: LearnedSchema, max_fields: int = MAX_FILTERED_FIELDS, *, is_enforced: bool
) -> Schema:
    """Return the schema of an object of filters on the first `max_fields` fields, by name.

    A field whose name looks like a comparison, `age_gte`, is that field. Filters on other fields
    work as well; an enforced schema names only the filters that it can describe.
    """
    fields = {
        name: listed(schema.get("type", ()))
        for name, schema in sorted(learned.properties.items())
        if _is_filterable(name, schema)
    }
    fields = dict(islice(fields.items(), max_fields))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": dict.fromkeys(fields, TEXT),
        "additionalProperties": TEXT,
    }
    numbers = [name for name, types in fields.items() if _is_number(types)]
    if numbers:
        pattern = f"^{_but(learned)}({'|'.join(numbers)})_{_COMPARISONS}$"
        schema["patternProperties"] = {pattern: _NUMBER_OR_EMPTY}
    if is_enforced:
        schema["propertyNames"] = {"pattern": _names_pattern([*fields], numbers, learned)}
    return schema


def _names_pattern(fields: Sequence[str], numbers: Sequence[str], learned: LearnedSchema) -> str:
    """Return the pattern of the filters that are certain to be understood."""
    alternatives = [*fields]
    if fields:
        alternatives.append(f"{_but(learned)}({'|'.join(fields)})_(ne|in)")
    if numbers:
        alternatives.append(f"{_but(learned)}({'|'.join(numbers)})_{_COMPARISONS}")
    return f"^({'|'.join(alternatives)})$"


def _but(learned: LearnedSchema) -> str:
    """Return the beginning of a pattern that matches no field named like a comparison."""
    names = [name for name in sorted(learned.properties) if _LIKE_A_COMPARISON.fullmatch(name)]
    return f"(?!({'|'.join(names)})$)" if names else ""


def max_filtered_fields(resource_count: int) -> int:
    """Return how many fields of each resource get filters in one document."""
    share = MAX_FILTERED_FIELDS_IN_ALL // max(1, resource_count)
    return min(MAX_FILTERED_FIELDS, max(1, share))


def _is_filterable(name: str, schema: Schema) -> bool:
    """Return whether a query can name the field without quoting and ambiguity."""
    types = set(listed(schema.get("type", ())))
    is_name = name.isascii() and name.replace("_", "").isalnum() and name not in _RESERVED
    return is_name and bool(types) and types <= _SIMPLE_TYPES


def _is_number(types: Collection[str]) -> bool:
    return bool({"integer", "number"} & set(types)) and "string" not in types

"""Query parameters of a resource: paging, sorting, and filters on each field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from larst.openapi.schemas import POSITION, SIZE, TEXT, LearnedSchema, Schema, listed

MAX_FILTERED_FIELDS = 30
"""Fields of a resource that get documented filters; filters on all other fields work as well."""

MAX_FILTERED_FIELDS_IN_ALL = 1500
"""The limit for a whole document: with hundreds of resources it would become unreadable."""

_RESERVED = frozenset("limit offset sort page per_page q fields embed filter".split())
"""Query keys that do not filter on a field, and the name of the generic filter parameter."""

NUMBER_OR_EMPTY: Schema = {"type": ["number", "string"], "maxLength": 0}
"""A number to compare with; an empty value does not filter."""

Parameter = Mapping[str, Any]

_COMPARISONS: Mapping[str, str] = {
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
}
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


SHARED: Mapping[str, Parameter] = {
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
"""The parameters of every document, by component name."""


def field_filters(
    learned: LearnedSchema, max_fields: int = MAX_FILTERED_FIELDS
) -> Iterator[Parameter]:
    """Yield the filters on the first `max_fields` fields, in order of name.

    A field whose name looks like a comparison, `age_gte`, is that field.
    """
    names = [name for name in sorted(learned.properties) if _is_filterable(name)]
    for name in names[:max_fields]:
        schema = learned.properties[name]
        for parameter in _filters_on(name, listed(schema.get("type", ())), schema.get("format")):
            if parameter["name"] == name or parameter["name"] not in learned.properties:
                yield parameter


def max_filtered_fields(resource_count: int) -> int:
    """Return how many fields of each resource get filters in one document."""
    share = MAX_FILTERED_FIELDS_IN_ALL // max(1, resource_count)
    return min(MAX_FILTERED_FIELDS, max(1, share))


def _is_filterable(name: str) -> bool:
    """Return whether a query can name the field without quoting and ambiguity."""
    is_name = name.isascii() and name.replace("_", "").isalnum()
    return is_name and name not in _RESERVED


@lru_cache(maxsize=4096)
def _filters_on(name: str, types: tuple[str, ...], form: str | None) -> tuple[Parameter, ...]:
    return tuple(_make_filters(name, types, form))


def _make_filters(name: str, types: tuple[str, ...], form: str | None) -> Iterator[Parameter]:
    if not types or not set(types) <= _SIMPLE_TYPES:
        return
    is_text, is_number = "string" in types, "integer" in types or "number" in types
    wildcards = " `A*` matches a prefix, `*e` a suffix, `*li*` any part." if is_text else ""
    yield query_parameter(name, TEXT, f"`{name}` equals this value.{wildcards}")
    if is_number or form in ("date", "date-time"):
        value = NUMBER_OR_EMPTY if is_number and not is_text else TEXT
        for suffix, comparison in _COMPARISONS.items():
            yield query_parameter(f"{name}_{suffix}", value, f"`{name}` {comparison} this value.")
    yield query_parameter(f"{name}_ne", TEXT, f"`{name}` differs from this value.")
    yield query_parameter(f"{name}_in", TEXT, f"`{name}` equals one of these values: `a,b`.")

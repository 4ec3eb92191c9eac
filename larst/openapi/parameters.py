"""The query of a resource: paging, sorting, and a filter for each field with its suffixes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from larst.openapi.schemas import PLACE, Learned, Schema, listed
from larst.planning.shapes.binding import PAGING

MAX_FILTERED_FIELDS = 30
"""Fields of a resource whose filters are told; all others are filtered on just the same."""

MAX_FILTERED_FIELDS_IN_ALL = 1500
"""The same of a document, so that one of very many resources stays readable."""

_OWN = frozenset({*PAGING, "q", "filter", "filters"})
"""What a query says besides filters on fields, or is called so in a document."""

Parameter = Mapping[str, Any]

_ORDERED: Mapping[str, str] = {
    "gt": "greater than",
    "gte": "at least",
    "lt": "less than",
    "lte": "at most",
}
_SIMPLE = frozenset({"string", "integer", "number", "boolean", "null"})


def paging() -> dict[str, Parameter]:
    """Return the parameters of every list, by their names as components."""
    return {
        "Limit": _query("limit", PLACE, "At most so many records."),
        "Offset": _query("offset", PLACE, "Leave out so many of the first."),
        "Sort": _query(
            "sort", {"type": "string"}, "A field; `-name` descending, `a,-b` several fields."
        ),
        "Text": _query("q", {"type": "string"}, "Text that occurs in any field."),
    }


def filters(learned: Learned, most: int = MAX_FILTERED_FIELDS) -> Iterator[Parameter]:
    """Return the filters of a resource's fields, those of the first `most` fields by name.

    A field that is called like a comparison, `age_gte`, is that field.
    """
    names = [name for name in sorted(learned.properties) if _is_plain(name)]
    for name in names[:most]:
        schema = learned.properties[name]
        for parameter in _of_field(name, listed(schema.get("type", ())), schema.get("format")):
            if parameter["name"] == name or parameter["name"] not in learned.properties:
                yield parameter


def filtered_fields(resources: int) -> int:
    """Return of how many fields of each resource the filters are told in one document."""
    share = MAX_FILTERED_FIELDS_IN_ALL // max(1, resources)
    return min(MAX_FILTERED_FIELDS, max(1, share))


def _is_plain(name: str) -> bool:
    """Tell whether a field can be named in a query as it is, and means a filter there."""
    is_name = name.isascii() and name.replace("_", "").isalnum()
    return is_name and name not in _OWN


@lru_cache(maxsize=4096)
def _of_field(name: str, types: tuple[str, ...], form: str | None) -> tuple[Parameter, ...]:
    return tuple(_filters_on(name, types, form))


def _filters_on(name: str, types: tuple[str, ...], form: str | None) -> Iterator[Parameter]:
    if not types or not set(types) <= _SIMPLE:
        return
    is_text, is_number = "string" in types, "integer" in types or "number" in types
    how = "`A*` a prefix, `*e` a suffix, `*li*` anywhere." if is_text else ""
    yield _query(name, {"type": "string"}, f"{name} is this. {how}".strip())
    if is_number or form in ("date", "date-time"):
        for suffix, said in _ORDERED.items():
            # What is no number is taken, too, and compared as text.
            value = {"type": ["number", "string"] if is_number else "string"}
            yield _query(f"{name}_{suffix}", value, f"{name} is {said} this.")
    yield _query(f"{name}_ne", {"type": "string"}, f"{name} is not this.")
    yield _query(f"{name}_in", {"type": "string"}, f"{name} is one of these: `a,b`.")


def _query(name: str, schema: Schema, description: str) -> Parameter:
    return {"name": name, "in": "query", "description": description, "schema": schema}

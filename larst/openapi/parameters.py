"""The query of a resource: paging, sorting, and a filter for each field with its suffixes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from larst.openapi.schemas import PLACE, Learned, Schema, listed
from larst.planning.binding import PAGING

MAX_FILTERED_FIELDS = 30
"""Fields of a resource whose filters are told; all others are filtered on just the same."""

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


def filters(learned: Learned) -> Iterator[Parameter]:
    """Return the filters of a resource's fields, those of the first fields by name."""
    names = [name for name in sorted(learned.properties) if _is_plain(name)]
    for name in names[:MAX_FILTERED_FIELDS]:
        yield from _of_field(name, learned.properties[name])


def _is_plain(name: str) -> bool:
    """Tell whether a field can be named in a query as it is, and means a filter there."""
    is_name = name.isascii() and name.replace("_", "").isalnum()
    return is_name and name not in PAGING and name != "q"


def _of_field(name: str, schema: Schema) -> Iterator[Parameter]:
    types = listed(schema.get("type", ()))
    if not types or not set(types) <= _SIMPLE:
        return
    is_text, is_number = "string" in types, "integer" in types or "number" in types
    how = "`A*` a prefix, `*e` a suffix, `*li*` anywhere." if is_text else ""
    yield _query(name, {"type": "string"}, f"{name} is this. {how}".strip())
    if is_number or schema.get("format") in ("date", "date-time"):
        for suffix, said in _ORDERED.items():
            # What is no number is taken, too, and compared as text.
            value = {"type": ["number", "string"] if is_number else "string"}
            yield _query(f"{name}_{suffix}", value, f"{name} is {said} this.")
    yield _query(f"{name}_ne", {"type": "string"}, f"{name} is not this.")
    yield _query(f"{name}_in", {"type": "string"}, f"{name} is one of these: `a,b`.")


def _query(name: str, schema: Schema, description: str) -> Parameter:
    return {"name": name, "in": "query", "description": description, "schema": schema}

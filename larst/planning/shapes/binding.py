"""Binding: a plan's identifier, criteria and payload, read anew from each request.

A plan holds what all requests of a shape have in common; what differs is bound here, against the
fields that the session has learned. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from larst.domain import AND, CRITERIA_OPERATORS, LINKED, Json, Plan, RequestContext

PAGING = frozenset({"limit", "offset", "sort"})
"""Query keys that say how to list, not what."""

ANY_FIELD = "*__icontains"
"""The criterion that looks for text in every field."""

NOTHING: tuple[str, dict[str, Json]] = ("id", {"in": []})
"""A criterion that no record meets."""

_SUFFIXES = {
    "min": "gte",
    "max": "lte",
    "like": "icontains",
    **{operator: operator for operator in CRITERIA_OPERATORS},
}
_SUFFIXED = re.compile(r"(?P<field>.+?)_{1,2}(?P<suffix>[a-z]+)")
_BRACKETED = re.compile(r"(?P<field>[^\[\]]+)\[(?P<suffix>[a-z]+)\]")
_BY_FIELD = re.compile(r"(?:get|find|search|filter|query)By_?(?P<field>[A-Z]\w*)")
_MAX_FIELDS_NAMED = 30
_MAX_HINT_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Binding:
    """What one request fills into a plan."""

    identifier: str | None
    criteria: dict[str, Json]
    payload: Json
    hint: str | None
    """What the client should know about its filters, or None; goes out as X-LARST-Hint."""

    def fill(self, plan: Plan) -> dict[str, Json]:
        """Return the `plan` that a program sees: all but its own code."""
        return {
            "action": plan.action,
            "resource": plan.resource,
            "identifier": self.identifier,
            "criteria": self.criteria,
            "payload": self.payload,
            "response_hints": plan.response_hints,
        }


def bind(
    request: RequestContext,
    identifier: str | None,
    fields: Collection[str],
    schema: Mapping[str, Json] | None = None,
) -> Binding:
    """Return the request's own values.

    `fields` are those that the resource's records ever had, `schema` what was learned of them.
    """
    if not request.query:
        return Binding(identifier, {}, request.body.json, None)
    known = _Known(fields, schema or {})
    read = [
        _criterion(key, values, known)
        for key, values in request.query.items()
        if key not in PAGING and not (key == "q" and not any(values) and "q" not in fields)
    ]
    named = [field for field, _ in read] + _sort_fields(request.query)
    return Binding(identifier, _criteria(read, known), request.body.json, _hint(named, fields))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the session knows of a resource's fields, nested ones too."""

    fields: Collection[str]
    schema: Mapping[str, Json]

    def has(self, path: str) -> bool:
        """Tell whether some record had the field; dots reach into objects."""
        return path in self.fields or ("." in path and self._at(path) is not None)

    def may_have(self, path: str) -> bool:
        """Tell whether some record may have had it: of odd data not every name is learned."""
        if not self.fields or path in ("*", "id") or self.has(path):
            return True
        return "additionalProperties" in self.schema

    def _at(self, path: str) -> Json:
        schema: Json = self.schema
        for part in path.split("."):
            if schema is not None and "items" in schema:
                schema = schema["items"]
            schema = None if schema is None else schema.get("properties", {}).get(part)
        return schema


def _criteria(read: Iterable[tuple[str, dict[str, Json]]], known: _Known) -> dict[str, Json]:
    """Return the criteria, all of which must hold; two of one name stand below `AND`."""
    criteria: dict[str, Json] = {}
    further: list[Json] = []
    for field, found in read:
        for operator, value in found.items():
            if operator in ("ne", "exists") and not known.may_have(field):
                # What no record ever had matches nothing, also where it is asked for by its
                # absence: a misspelt field must not have DELETE take everything.
                name, wanted = field, value
            else:
                name, wanted = (f"{field}__{operator}" if operator else field), value
            if name in criteria:
                further.append({name: wanted})
            else:
                criteria[name] = wanted
    return {**criteria, AND: further} if further else criteria


def is_search_key(key: str) -> bool:
    """Tell whether a query key is of the kind `getByFirstName`, which asks for a plain list."""
    return _BY_FIELD.fullmatch(key) is not None


def _criterion(key: str, values: tuple[str, ...], known: _Known) -> tuple[str, dict[str, Json]]:
    """Return (field, {operator: value}); a field that exists wins over every other reading."""
    read = _read(key, values, known)
    # These names mean something else among criteria.
    return NOTHING if read[0] in (AND, LINKED, "*") and key != "q" else read


def _read(key: str, values: tuple[str, ...], known: _Known) -> tuple[str, dict[str, Json]]:
    if known.has(key):
        return key, _match(values)
    if key == "q":
        return "*", {"icontains": values[-1]}
    if by_field := _BY_FIELD.fullmatch(key):
        return _spelled_as_learned(by_field["field"], known.fields), _match(values)
    suffixed = _BRACKETED.fullmatch(key) or _SUFFIXED.fullmatch(key)
    if suffixed and (operator := _SUFFIXES.get(suffixed["suffix"])):
        return suffixed["field"], {operator: _operand(operator, values)}
    return key, _match(values)


def _operand(operator: str, values: tuple[str, ...]) -> Json:
    if operator == "in":
        return [item for value in values for item in value.split(",")]
    return values[-1]


def _match(values: tuple[str, ...]) -> dict[str, Json]:
    """Return what a field's plain values ask for: wildcards, one value, or one of several.

    A star at either end or one in the middle is a wildcard; text with more is taken as it is.
    """
    if len(values) > 1:
        return {"in": list(values)}
    text = values[0]
    if text == "*":
        return {"exists": True}
    if text.count("*") == 1:
        head, _, tail = text.partition("*")
        return {name: part for name, part in (("startswith", head), ("endswith", tail)) if part}
    if len(text) > 2 and text[0] == text[-1] == "*" and "*" not in text[1:-1]:
        return {"icontains": text[1:-1]}
    return {"": text}


def _spelled_as_learned(name: str, fields: Collection[str]) -> str:
    camel = name[:1].lower() + name[1:]
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", camel).lower()
    return next((spelling for spelling in (name, camel, snake) if spelling in fields), camel)


def _sort_fields(query: Mapping[str, tuple[str, ...]]) -> list[str]:
    keys = ",".join(query.get("sort", ())).split(",")
    return [key.strip().removeprefix("-") for key in keys if key.strip()]


def _hint(named: list[str], fields: Collection[str]) -> str | None:
    unknown = [
        name
        for name in named
        if name not in fields and name.partition(".")[0] not in fields and name not in ("*", "id")
    ]
    if not unknown or not fields:
        return None
    listed = ", ".join(map(ascii, sorted(fields)[:_MAX_FIELDS_NAMED]))
    hint = f"no record ever had {', '.join(map(ascii, unknown))}; the fields are: {listed}"
    return hint[:_MAX_HINT_CHARACTERS]

"""Binding: fills a plan's identifier, criteria and payload from each request.

A plan holds the common part of all requests of a shape. This module adds the values of one
request, and uses the fields that the session has learned to interpret query keys. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from larst.domain import AND, CRITERIA_OPERATORS, LINKED, Json, Plan, RequestContext

PAGING = frozenset({"limit", "offset", "sort"})
"""Query keys that page and sort a list; they are not criteria."""

_MATCHES_NOTHING: tuple[str, dict[str, Json]] = ("id", {"in": []})

_SUFFIXES = {
    "min": "gte",
    "max": "lte",
    "like": "icontains",
    **{operator: operator for operator in CRITERIA_OPERATORS},
}
_SUFFIXED = re.compile(r"(?P<field>.+?)_{1,2}(?P<suffix>[a-z]+)")
_BRACKETED = re.compile(r"(?P<field>[^\[\]]+)\[(?P<suffix>[a-z]+)\]")
_BY_FIELD = re.compile(r"(?:get|find|search|filter|query)By_?(?P<field>[A-Z]\w*)")
_MAX_LISTED_FIELDS = 30
_MAX_HINT_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Binding:
    """The values of one request that complete a plan."""

    identifier: str | None
    criteria: dict[str, Json]
    payload: Json
    hint: str | None
    """A warning about unknown fields, sent as X-LARST-Hint; None if all are known."""

    def fill(self, plan: Plan) -> dict[str, Json]:
        """Return the `plan` that a program sees: everything except its code."""
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
    """Return the values of the request.

    `fields` are all fields that records of the resource ever had, `schema` is its learned schema.
    """
    if not request.query:
        return Binding(identifier, {}, request.body.json, None)
    learned = _LearnedFields(fields, schema or {})
    criteria = [
        _criterion(key, values, learned)
        for key, values in request.query.items()
        if key not in PAGING and not (key == "q" and not any(values) and "q" not in fields)
    ]
    names = [field for field, _ in criteria] + _sort_fields(request.query)
    hint = _hint(names, fields)
    return Binding(identifier, _merge(criteria, learned), request.body.json, hint)


@dataclass(frozen=True, slots=True)
class _LearnedFields:
    """The learned fields of a resource, including nested fields."""

    fields: Collection[str]
    schema: Mapping[str, Json]

    def has(self, path: str) -> bool:
        """Return whether some record had the field; dots reach into objects."""
        return path in self.fields or ("." in path and self._at(path) is not None)

    def may_have(self, path: str) -> bool:
        """Return whether some record may have had the field.

        Of records with very many fields, not every name is learned.
        """
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


def _merge(
    criteria: Iterable[tuple[str, dict[str, Json]]], learned: _LearnedFields
) -> dict[str, Json]:
    """Return the criteria as one dict; a second criterion of the same name goes below `AND`."""
    merged: dict[str, Json] = {}
    further: list[Json] = []
    for field, operators in criteria:
        for operator, value in operators.items():
            # An unknown field matches nothing, even with `ne` and `exists`: a misspelt name must
            # not make DELETE remove everything.
            is_absence = operator in ("ne", "exists") and not learned.may_have(field)
            name = field if is_absence or not operator else f"{field}__{operator}"
            if name in merged:
                further.append({name: value})
            else:
                merged[name] = value
    return {**merged, AND: further} if further else merged


def is_search_key(key: str) -> bool:
    """Return whether a query key is a search such as `getByFirstName`, answered by a list."""
    return _BY_FIELD.fullmatch(key) is not None


def _criterion(
    key: str, values: tuple[str, ...], learned: _LearnedFields
) -> tuple[str, dict[str, Json]]:
    """Return (field, {operator: value}); a learned field takes precedence over operators."""
    field, operators = _parse_key(key, values, learned)
    # These names have another meaning in criteria: a client must not be able to use them.
    is_reserved = field in (AND, LINKED, "*") and key != "q"
    return _MATCHES_NOTHING if is_reserved else (field, operators)


def _parse_key(
    key: str, values: tuple[str, ...], learned: _LearnedFields
) -> tuple[str, dict[str, Json]]:
    if learned.has(key):
        return key, _match(values)
    if key == "q":
        return "*", {"icontains": values[-1]}
    if by_field := _BY_FIELD.fullmatch(key):
        return _spelled_as_learned(by_field["field"], learned.fields), _match(values)
    suffixed = _BRACKETED.fullmatch(key) or _SUFFIXED.fullmatch(key)
    if suffixed and (operator := _SUFFIXES.get(suffixed["suffix"])):
        return suffixed["field"], {operator: _operand(operator, values)}
    return key, _match(values)


def _operand(operator: str, values: tuple[str, ...]) -> Json:
    if operator == "in":
        return [item for value in values for item in value.split(",")]
    return values[-1]


def _match(values: tuple[str, ...]) -> dict[str, Json]:
    """Return the operators for a field's values: wildcards, equality, or one of several values.

    A star at either end, or a single star in the middle, is a wildcard; text with more stars is
    literal.
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


def _hint(names: list[str], fields: Collection[str]) -> str | None:
    unknown = [
        name
        for name in names
        if name not in fields and name.partition(".")[0] not in fields and name not in ("*", "id")
    ]
    if not unknown or not fields:
        return None
    listed = ", ".join(map(ascii, sorted(fields)[:_MAX_LISTED_FIELDS]))
    hint = f"no record ever had {', '.join(map(ascii, unknown))}; the fields are: {listed}"
    return hint[:_MAX_HINT_CHARACTERS]

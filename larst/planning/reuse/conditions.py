"""Conditions: which requests of its shape a plan may serve. Pure.

A plan based on the shape alone serves every request of the shape. A plan based on a sketch serves
requests whose body and learned schemas have the same kinds of value in the fields that its program
reads; a program that reads the query, or looks into the criteria, serves requests that have the
same keys there. A plan that needs values serves one exact request.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from larst.domain import BodyKind, CheckedProgram, Json, RequestContext
from larst.planning.reading.asked import to_criteria
from larst.planning.reuse.dataflow import ITEMS, Path
from larst.planning.reuse.field_access import FieldAccess, field_access_of
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import SchemaOf
from larst.planning.shapes.shape import query_shape

Kind: TypeAlias = Literal["null", "boolean", "number", "text", "list", "object", "missing"]
"""The kind of a value; integers and floats are one kind, because they differ only in value."""

FieldKind: TypeAlias = str
"""The learned kinds of a field, such as `number|null`. `missing`: no record has the field;
`unknown`: the resource has no records."""

_KINDS: Mapping[type, Kind] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}
_SCHEMA_KINDS: Mapping[str, Kind] = {
    "null": "null",
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "string": "text",
    "array": "list",
    "object": "object",
}
_MIN_SUBSTRING_CHARACTERS = 4
"""Shorter values are compared with whole literals only: they occur in many literals by chance."""


class Condition(BaseModel):
    """The condition that a request must meet for a plan to serve it.

    `body`: the kinds of value at each path that the program reads. `fields`: the learned kinds of
    each field that it reads, by resource. `query`: the classes of all values by key, for a program
    that reads the query; `criteria`: the keys of the criteria, for a program that looks into them.
    None for all other programs. `exact`: the digest of the only request that it serves.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    accept: str
    body: dict[str, list[Kind]] = Field(default_factory=dict)
    fields: dict[str, dict[str, FieldKind]] = Field(default_factory=dict)
    query: dict[str, list[str]] | None = None
    criteria: list[str] | None = None
    exact: str | None = None


def condition_of(program: CheckedProgram, resource: str | None, shaped: ShapedRequest) -> Condition:
    """Return the condition of a program written for a sketch of the request."""
    access, body = field_access_of(program, resource), shaped.request.body.json
    return Condition(
        accept=shaped.accept,
        body={_pointer(path): sorted(_kinds_at(body, path)) for path in sorted(access.body)},
        fields=_field_kinds(access, shaped.schema_of),
        query=_query_classes(shaped) if access.has_query else None,
        criteria=_criteria_keys(shaped) if access.has_criteria else None,
    )


def exact_condition(shaped: ShapedRequest) -> Condition:
    """Return the condition that only this request, in its session, meets."""
    return Condition(accept=shaped.accept, exact=shaped.digest)


def can_serve(condition: Condition | None, shaped: ShapedRequest) -> bool:
    """Return whether a plan may serve the request, which has the shape of the plan."""
    if condition is None:
        return True
    if condition.exact is not None:
        return condition.exact == shaped.digest
    body, schema_of = shaped.request.body.json, shaped.schema_of
    return (
        condition.accept == shaped.accept
        and condition.query in (None, _query_classes(shaped))
        and condition.criteria in (None, _criteria_keys(shaped))
        and all(
            _kinds_at(body, path_of_pointer(pointer)) <= set(kinds)
            for pointer, kinds in condition.body.items()
        )
        and all(
            _is_compatible(_field_kind(schema_of(resource), field), planned_for)
            for resource, fields in condition.fields.items()
            for field, planned_for in fields.items()
        )
    )


def contains_request_value(program: CheckedProgram, shaped: ShapedRequest) -> bool:
    """Return whether a literal of the program equals or contains a value of the request."""
    asked = to_criteria(shaped.reading.asked.where)
    values = {str(value) for value in (*_values(shaped.request), *_scalars(asked))}
    substrings = [value for value in values if len(value) >= _MIN_SUBSTRING_CHARACTERS]
    return any(
        literal in values or any(value in literal for value in substrings)
        for literal in _literals(program)
    )


def _query_classes(shaped: ShapedRequest) -> dict[str, list[str]] | None:
    """Return the classes of the query's values; None if they are in the shape already."""
    if shaped.shape.query:
        return None
    return {key: list(classes) for key, classes in query_shape(shaped.request.query)}


def _criteria_keys(shaped: ShapedRequest) -> list[str] | None:
    """Return the top-level keys of the criteria; None if the shape has the query's keys."""
    if shaped.shape.query:
        return None
    return sorted(to_criteria(shaped.reading.asked.where))


def _kinds_at(body: Json, path: Path) -> set[Kind]:
    """Return the kinds of the values at a path; `missing` if an object lacks the field."""
    nodes, kinds = [body], set[Kind]()
    for step in path:
        children: list[Json] = []
        for node in nodes:
            if step == ITEMS and isinstance(node, list | dict):
                children.extend(node.values() if isinstance(node, dict) else node)
            elif isinstance(node, dict) and step in node:
                children.append(node[step])
            else:
                kinds.add("missing")
        nodes = children
    return kinds.union(_KINDS[type(node)] for node in nodes)


def _pointer(path: Path) -> str:
    """Return the path as one string, escaped as in JSON Pointer (RFC 6901)."""
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in path)


def path_of_pointer(pointer: str) -> Path:
    """Return the path that a key of `Condition.body` stands for."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/"))


def _field_kinds(access: FieldAccess, schema_of: SchemaOf) -> dict[str, dict[str, FieldKind]]:
    kinds: dict[str, dict[str, FieldKind]] = {}
    for resource, field in sorted(access.fields):
        kinds.setdefault(resource, {})[field] = _field_kind(schema_of(resource), field)
    return kinds


def _field_kind(learned: Mapping[str, Json] | None, field: str) -> FieldKind:
    if learned is None:
        return "unknown"
    schema = learned["json_schema"]["properties"].get(field)
    if schema is None:
        return "unknown" if "additionalProperties" in learned["json_schema"] else "missing"
    types = schema.get("type", ())
    listed = [types] if isinstance(types, str) else types
    return "|".join(sorted({_SCHEMA_KINDS[name] for name in listed}))


def _is_compatible(current: FieldKind, planned_for: FieldKind) -> bool:
    """Return whether a program written for a field of one kind works with its current kind."""
    if current == "unknown" or planned_for == "unknown":
        return current != "missing"
    if planned_for == "missing":
        # No record had the field, yet the program reads it: programs of this shape write it.
        return True
    return current != "missing" and set(current.split("|")) <= set(planned_for.split("|"))


def _values(request: RequestContext) -> Iterator[str | int | float]:
    # Plain words in the path are names; any other segment may be a value.
    yield from (text for text in request.segments if not text.isalpha())
    for texts in request.query.values():
        yield from (text for text in texts if text)
    if request.body.kind is BodyKind.TEXT and request.body.text:
        yield request.body.text
    yield from _scalars(request.body.json)


def _scalars(value: Json) -> Iterator[str | int | float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield value


def _literals(program: CheckedProgram) -> Iterator[str]:
    for literal in program.literals:
        yield str(literal)
        if isinstance(literal, float) and math.isfinite(literal):
            yield f"{literal:g}"

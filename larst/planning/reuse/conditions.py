"""Which requests a plan may serve, besides having its shape: what its program reads must be there.

A plan made from the shape alone serves all requests of the shape. One made from a sketch serves
those in which the fields that its program reads by name are of the same kinds, in the body as in
the learned schemas. One made from values serves, where it needs them, that exact request only.
Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from larst.domain import BodyKind, CheckedProgram, Json, RequestContext
from larst.planning.reuse.dataflow import ITEMS, Path
from larst.planning.reuse.field_access import FieldAccess, field_access_of
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import SchemaOf

Kind: TypeAlias = Literal["null", "boolean", "number", "text", "list", "object", "missing"]
"""What a value is; an integer and a float are both numbers, since they differ only in value."""

FieldKind: TypeAlias = str
"""The learned kinds of a field, as `number|null`; `missing`: records have it not; `unknown`:
there were no records."""

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
_MIN_TELLING_CHARACTERS = 4
"""A text this long is found inside a longer literal too."""


class Condition(BaseModel):
    """What has to hold for a request, so that a plan may serve it.

    `body`: the kinds found at each path that the program reads. `fields`: by resource and field,
    what the planner knew of it. `exact`: the digest of the one request that it serves.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    accept: str
    body: dict[str, list[Kind]] = Field(default_factory=dict)
    fields: dict[str, dict[str, FieldKind]] = Field(default_factory=dict)
    exact: str | None = None


def condition_of(program: CheckedProgram, resource: str | None, shaped: ShapedRequest) -> Condition:
    """Return what holds for the request that the program was written for."""
    reads, body = field_access_of(program, resource), shaped.request.body.json
    return Condition(
        accept=shaped.accept,
        body={_pointer(path): sorted(_kinds_at(body, path)) for path in sorted(reads.body)},
        fields=_known_fields(reads, shaped.schema_of),
    )


def exact_condition(shaped: ShapedRequest) -> Condition:
    """Return the condition that only this very request, in its session, meets."""
    return Condition(accept=shaped.accept, exact=shaped.digest)


def can_serve(condition: Condition | None, shaped: ShapedRequest) -> bool:
    """Tell whether a plan may serve the request, which has the plan's shape."""
    if condition is None:
        return True
    if condition.exact is not None:
        return condition.exact == shaped.digest
    body, schema_of = shaped.request.body.json, shaped.schema_of
    return (
        condition.accept == shaped.accept
        and all(
            _kinds_at(body, _path(pointer)) <= set(kinds)
            for pointer, kinds in condition.body.items()
        )
        and all(
            _may_be(_field_kind(schema_of(resource), field), then)
            for resource, fields in condition.fields.items()
            for field, then in fields.items()
        )
    )


def contains_request_value(program: CheckedProgram, request: RequestContext) -> bool:
    """Tell whether a literal of the program is, or holds, a value of the request."""
    values = {str(value) for value in _values(request)}
    telling = [value for value in values if len(value) >= _MIN_TELLING_CHARACTERS]
    return any(
        literal in values or any(value in literal for value in telling)
        for literal in _literals(program)
    )


def _kinds_at(body: Json, path: Path) -> set[Kind]:
    """Return the kinds of the values at a path; `missing` where an object has no such field."""
    nodes, kinds = [body], set[Kind]()
    for step in path:
        found: list[Json] = []
        for node in nodes:
            if step == ITEMS and isinstance(node, list | dict):
                found.extend(node.values() if isinstance(node, dict) else node)
            elif isinstance(node, dict) and step in node:
                found.append(node[step])
            else:
                kinds.add("missing")
        nodes = found
    return kinds.union(_KINDS[type(node)] for node in nodes)


def _pointer(path: Path) -> str:
    """Return the path as one text, escaped as in JSON Pointer (RFC 6901)."""
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in path)


def _path(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/"))


def _known_fields(reads: FieldAccess, schema_of: SchemaOf) -> dict[str, dict[str, FieldKind]]:
    known: dict[str, dict[str, FieldKind]] = {}
    for resource, field in sorted(reads.fields):
        known.setdefault(resource, {})[field] = _field_kind(schema_of(resource), field)
    return known


def _field_kind(learned: Mapping[str, Json] | None, field: str) -> FieldKind:
    if learned is None:
        return "unknown"
    schema = learned["json_schema"]["properties"].get(field)
    if schema is None:
        return "unknown" if "additionalProperties" in learned["json_schema"] else "missing"
    types = schema.get("type", ())
    listed = [types] if isinstance(types, str) else types
    return "|".join(sorted({_SCHEMA_KINDS[name] for name in listed}))


def _may_be(now: FieldKind, then: FieldKind) -> bool:
    """Tell whether a field, as it is now, is no surprise to whoever wrote the program then."""
    if now == "unknown" or then == "unknown":
        return now != "missing"
    if then == "missing":
        # The program reads it although no record had it: it is one that plans like it write.
        return True
    return now != "missing" and set(now.split("|")) <= set(then.split("|"))


def _values(request: RequestContext) -> Iterator[str | int | float]:
    # Names of the path are no values; what could be one is taken for one.
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

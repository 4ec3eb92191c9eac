"""Pinned plans as examples for a model: the plan of a request that is like the one to be planned.

A user approved it, so it shows how this tenant's API names states and replies. Pure. Must never
show a value: a request is shown by the names and kinds that its plan's shape and condition have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from itertools import islice
from typing import TypeAlias

from larst import prompts
from larst.domain import BodyKind, Json
from larst.planning.book import BookEntry
from larst.planning.planner import RULES
from larst.planning.reuse.conditions import Condition, path_of_pointer
from larst.planning.reuse.dataflow import ITEMS
from larst.planning.shapes.shape import classify, identifier_class
from larst.planning.shapes.sketch import MAX_NAME_CHARACTERS, shown_name
from larst.prompts import Example

MAX_LOOKED_AT = 3_000
"""Pinned plans that are looked at for a request: about 10 ms."""

MAX_COMPARED = 50
"""Of those, the ones that are compared with it: about 10 ms."""

MAX_CHECKED = 4
"""Of those, the ones whose programs are checked: up to 40 ms each."""

Literals: TypeAlias = Sequence[str | int | float]

_CLASS = re.compile(r"<\w+>")
_VALUE_CLASSES = frozenset({"<uuid>", "<date>", "<datetime>", "<email>", "<url>"})
_SKETCHES: Mapping[str, Json] = {
    "boolean": "<bool>",
    "number": "<number>",
    "text": "<text>",
    "list": [],
    "object": {},
}
_WITHOUT_FIELDS: Mapping[str, Json] = {BodyKind.OBJECT: {}, BodyKind.SCALAR: "<text>"}


def nearest_pinned(
    entries: Iterable[BookEntry], context: Mapping[str, Json], schemas: Mapping[str, Json]
) -> list[BookEntry]:
    """Return the pinned plans of a request's family, the nearest first, at most `MAX_CHECKED`.

    `entries` are the pinned plans, the latest first; the first `MAX_LOOKED_AT` are looked at.
    `context` and `schemas` are the sketch of the request and of its session's records.
    """
    examples = [(_example(entry), entry) for entry in _candidates(entries, context)]
    entries_by_name = {example.name: entry for example, entry in examples}
    family = [
        example for example, _ in examples if prompts.is_family(example, context, schemas=schemas)
    ]
    nearest = prompts.nearest(context, family, schemas=schemas)[:MAX_CHECKED]
    return [entries_by_name[example.name] for example in nearest]


def example_of(entry: BookEntry, literals: Literals, schemas: Mapping[str, Json]) -> Example | None:
    """Return a pinned plan as an example, or None if a constant of its program may be a value."""
    if any(map(_may_be_value, literals)):
        return None
    return replace(_example(entry), schemas=_schemas(entry, schemas, literals))


def _candidates(entries: Iterable[BookEntry], context: Mapping[str, Json]) -> list[BookEntry]:
    """Return the plans of the method and with paths as long, which cheap tests find.

    Of too many, those with the same last word come first, and then the newest.
    """
    method, path = context["method"], context["path"]
    length, word = path.count("/"), path.rpartition("/")[2]
    alike = (
        entry
        for entry in islice(entries, MAX_LOOKED_AT)
        if entry.shape.get("method") == method
        and _route(entry).count("/") == length
        and _may_be_shown(entry)
    )
    return nlargest(
        MAX_COMPARED,
        alike,
        key=lambda entry: (_route(entry).endswith(f"/{word}"), entry.made_at, entry.key),
    )


def _route(entry: BookEntry) -> str:
    return str(entry.shape.get("path"))  # a file that was edited may lack it


def _may_be_shown(entry: BookEntry) -> bool:
    """Return whether a plan is a user's choice, and was not made from the values of a request."""
    is_exact = entry.condition is not None and entry.condition.exact is not None
    return entry.state == "pinned" and entry.planner != RULES and not is_exact


def _example(entry: BookEntry) -> Example:
    """Return a plan as an example, with the names of its resources but not their fields."""
    path = "/".join(_segment(part) for part in _route(entry).split("/"))
    resource = entry.plan.resource
    return Example(
        name=f"{path} {entry.key}",  # unlike a packaged example's, it sorts before those
        title=path,
        context={"method": entry.shape["method"], "path": path, **_values(entry)},
        schemas=dict.fromkeys(_resources(entry)),
        links={},
        action=entry.plan.action,
        resource=None if resource is None else shown_name(resource),
        program=entry.plan.code.block,
        records={},
        requests=(),
    )


def _segment(text: str) -> str:
    """Return a segment of a route: a class, or a name as a model may see it."""
    return text if not text or _CLASS.fullmatch(text) else shown_name(text)


def _values(entry: BookEntry) -> dict[str, Json]:
    """Return query and body of the requests that the plan serves, with classes for values."""
    condition, kind = entry.condition, entry.shape.get("body")
    query = entry.shape.get("query") or (condition and condition.query) or ()
    values: dict[str, Json] = {"query": {shown_name(key): ["<text>"] for key in query}}
    if kind == BodyKind.TEXT:
        values["body_text"] = "<text>"
    elif kind != BodyKind.NONE:
        values["body_json"] = _body(condition, _WITHOUT_FIELDS.get(str(kind), []))
    return values


def _body(condition: Condition | None, empty: Json) -> Json:
    """Return the sketch of a body that has the fields that the program reads."""
    body = empty
    for pointer, kinds in sorted(condition.body.items()) if condition else ():
        body = _with_value(body, path_of_pointer(pointer), _sketch(kinds))
    return body


def _sketch(kinds: Iterable[str]) -> Json:
    """Return the sketch of a value of one of these kinds: the first that has one, or null."""
    return next((_SKETCHES[kind] for kind in kinds if kind in _SKETCHES), None)


def _with_value(node: Json, path: tuple[str, ...], value: Json) -> Json:
    """Return the sketch with a value at a path; what the path needs to be there is added."""
    if not path:
        return node or value
    step, *rest = path
    if step == ITEMS:
        items = node if isinstance(node, list) else []
        return [_with_value(items[0] if items else None, tuple(rest), value)]
    name, fields = shown_name(step), dict(node) if isinstance(node, dict) else {}
    return {**fields, name: _with_value(fields.get(name), tuple(rest), value)}


def _resources(entry: BookEntry) -> list[str]:
    """Return the names of a plan's resources: its own, and the others whose fields it reads."""
    own = [] if entry.plan.resource is None else [entry.plan.resource]
    read = [] if entry.condition is None else entry.condition.fields
    return list(dict.fromkeys([*own, *read]))


def _schemas(entry: BookEntry, schemas: Mapping[str, Json], literals: Literals) -> dict[str, Json]:
    """Return the fields that the program names, as the session has them or as it had them then."""
    named = {"id", *literals}
    read = {} if entry.condition is None else entry.condition.fields
    seen: dict[str, Json] = {}
    for name in _resources(entry):
        known = schemas.get(name)
        if isinstance(known, Mapping):
            fields = {field: known[field] for field in known if field.removesuffix("?") in named}
        else:
            kinds = read.get(name, {})
            fields = {shown_name(field): _sketch(kinds[field].split("|")) for field in kinds}
        seen[shown_name(name)] = fields
    return seen


def _may_be_value(literal: str | float) -> bool:
    """Return whether a constant of a program looks like a value, and not like a word."""
    return isinstance(literal, str) and (
        len(literal) > MAX_NAME_CHARACTERS
        or classify(literal) in _VALUE_CLASSES
        or identifier_class(literal) == "<hex>"
    )

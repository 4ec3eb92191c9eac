"""Requests that are no plain REST, described by the plans that were learned for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from larst.domain import Action, Json
from larst.openapi import operations as to
from larst.openapi.names import Names, one_of, words
from larst.openapi.schemas import INTEGER

_CLASSES: Mapping[str, Mapping[str, Any]] = {
    "<int>": INTEGER,
    "<number>": {"type": "number"},
    "<bool>": {"type": "boolean"},
    "<uuid>": {"type": "string", "format": "uuid"},
    "<date>": {"type": "string", "format": "date"},
    "<datetime>": {"type": "string", "format": "date-time"},
    "<email>": {"type": "string", "format": "email"},
    "<url>": {"type": "string", "format": "uri"},
}
_TEXT: Mapping[str, Any] = {"type": "string"}
_SORTED = orjson.OPT_SORT_KEYS
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "object": {"application/json": {"schema": {"type": "object"}}},
    "list": {"application/json": {"schema": {"type": "array", "items": {}}}},
    "scalar": {"application/json": {"schema": {}}},
    "patch": {"application/json-patch+json": {"schema": to.schema_ref("JsonPatch")}},
    "text": {"text/plain": {"schema": _TEXT}},
}


@dataclass(frozen=True, slots=True)
class LearnedPath:
    """A shape of request that a plan serves, as the plan book tells it, and what it is for."""

    shape: Mapping[str, Json]
    action: Action
    resource: str | None


def add_custom(
    paths: dict[str, Any], learned: Iterable[LearnedPath], operation_ids: Names, *, has_auth: bool
) -> None:
    """Add what was learned to `paths`; what those have of the same requests stays.

    Shapes of one path and method are one operation, which takes what any of them took.
    """
    templates = {_plain(path): path for path in paths}
    alike: dict[tuple[str, str], list[LearnedPath]] = {}
    for one in sorted(learned, key=lambda one: orjson.dumps(one.shape, option=_SORTED)):
        template = _template(one.shape["path"])
        path = templates.setdefault(_plain(template), template)
        alike.setdefault((path, one.shape["method"].lower()), []).append(one)
    for (path, method), shapes in alike.items():
        item = paths.setdefault(path, {})
        if method not in item:
            item[method] = _operation(path, method, shapes, operation_ids, has_auth=has_auth)


def _operation(
    path: str,
    method: str,
    shapes: Sequence[LearnedPath],
    operation_ids: Names,
    *,
    has_auth: bool,
) -> to.Operation:
    operation: to.Operation = {
        "operationId": operation_ids.free(_name(method, path)),
        "summary": f"{method.upper()} {path}, as it was learned",
        "tags": [shapes[0].resource or "custom"],
    }
    if given := [*_in_path(path, shapes), *_in_query(shapes)]:
        operation["parameters"] = given
    contents = [_BODIES[body] for one in shapes if (body := one.shape["body"]) in _BODIES]
    if contents:
        kinds = sorted({kind for content in contents for kind in content})
        operation["requestBody"] = {
            "content": {
                kind: {"schema": _any_of(one[kind]["schema"] for one in contents if kind in one)}
                for kind in kinds
            }
        }
    replies = {"2XX": to.json_reply("What its program answers.", {})}
    failing = {**to.errors("NotFound", "Conflict", "TooManyPlans", writes=True, has_auth=has_auth)}
    # A program may answer an error in words of its own.
    told = {**failing, "4XX": to.json_reply("What its program answers.", {})}
    del told["404"], told["409"]
    operation["responses"] = {**replies, **dict(sorted(told.items()))}
    return operation


def _in_path(path: str, shapes: Sequence[LearnedPath]) -> list[Mapping[str, Any]]:
    names = re.findall(r"{(.+?)}", path)
    classes = [[part for part in _parts(one) if _is_class(part)] for one in shapes]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _any_of(_CLASSES.get(taken, _TEXT) for taken in at_this_place),
        }
        for name, at_this_place in zip(names, zip(*classes, strict=True), strict=True)
    ]


def _in_query(shapes: Sequence[LearnedPath]) -> list[Mapping[str, Any]]:
    taken: dict[str, list[Mapping[str, Any]]] = {}
    for one in shapes:
        for key, classes in one.shape["query"].items():
            taken.setdefault(key, []).append(_CLASSES.get(classes[-1], _TEXT))
    return [
        {"name": key, "in": "query", "schema": _any_of(schemas)}
        for key, schemas in sorted(taken.items())
    ]


def _any_of(schemas: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    different: list[Mapping[str, Any]] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": different}


def _template(path: str) -> str:
    """Return a shape's path as a template: `/orders/<int>` becomes `/orders/{order_id}`."""
    names, parts = Names(), list[str]()
    for part in filter(None, path.split("/")):
        if not _is_class(part):
            parts.append(part.replace("{", "%7B").replace("}", "%7D"))
            continue
        above = parts[-1] if parts and not parts[-1].startswith("{") else "record"
        parts.append(f"{{{names.free(f'{one_of(above)}_id')}}}")
    return "/" + "/".join(parts)


def _plain(template: str) -> str:
    """Return a template without the names: no document may have two that differ by those."""
    return re.sub(r"{.+?}", "{}", template)


def _parts(one: LearnedPath) -> list[str]:
    return [part for part in one.shape["path"].split("/") if part]


def _is_class(part: str) -> bool:
    return part.startswith("<") and part.endswith(">")


def _name(method: str, path: str) -> str:
    return words(f"{method} {path.replace('{', '').replace('}', '')}")

"""Operations that are not plain REST, described from the plans learned for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from larst.domain import Action, Json
from larst.openapi.names import Names, operation_name, singular_name, snake_case
from larst.openapi.operations import error_replies, json_reply, schema_ref
from larst.openapi.schemas import INTEGER, TEXT, Schema

_CLASSES: Mapping[str, Schema] = {
    "<int>": INTEGER,
    "<number>": {"type": "number"},
    "<bool>": {"type": "boolean"},
    "<uuid>": {"type": "string", "format": "uuid"},
    "<date>": {"type": "string", "format": "date"},
    "<datetime>": {"type": "string", "format": "date-time"},
    "<email>": {"type": "string", "format": "email"},
    "<url>": {"type": "string", "format": "uri"},
}
_BODIES: Mapping[str, tuple[str, Schema]] = {
    "object": ("application/json", {"type": "object"}),
    "list": ("application/json", {"type": "array", "items": {}}),
    "scalar": ("application/json", {}),
    "patch": ("application/json-patch+json", schema_ref("JsonPatch")),
    "text": ("text/plain", TEXT),
}


@dataclass(frozen=True, slots=True)
class LearnedPath:
    """The shape of a request that a plan serves, with the plan's action and resource."""

    shape: Mapping[str, Json]
    action: Action
    resource: str | None


def add_custom(
    paths: dict[str, Any], learned: Iterable[LearnedPath], operation_ids: Names, *, has_auth: bool
) -> None:
    """Add the learned paths to `paths`; operations that are there already stay as they are.

    Shapes with the same path and method become one operation that accepts what any of them does.
    """
    templates = {_anonymous(path): path for path in paths}
    by_operation: dict[tuple[str, str], list[LearnedPath]] = {}
    for entry in sorted(learned, key=_sort_key):
        template = _template(entry.shape["path"])
        path = templates.setdefault(_anonymous(template), template)
        by_operation.setdefault((path, entry.shape["method"].lower()), []).append(entry)
    for (path, method), entries in by_operation.items():
        path_item = paths.setdefault(path, {})
        if method not in path_item:
            operation_id = operation_ids.claim(_operation_id(method, path))
            described = _describe(path, method, entries, has_auth=has_auth)
            path_item[method] = {"operationId": operation_id, **described}


def _sort_key(entry: LearnedPath) -> bytes:
    return orjson.dumps(entry.shape, option=orjson.OPT_SORT_KEYS)


def _describe(
    path: str, method: str, entries: Sequence[LearnedPath], *, has_auth: bool
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": f"{method.upper()} {path}",
        "description": "Learned from the requests of this session.",
        "tags": [entries[0].resource or "custom"],
    }
    if parameters := [*_path_parameters(path, entries), *_query_parameters(entries)]:
        operation["parameters"] = parameters
    if content := _body_content(entries):
        operation["requestBody"] = {"content": content}
    operation["responses"] = _replies(has_auth=has_auth)
    return operation


def _replies(*, has_auth: bool) -> dict[str, Any]:
    """Return the replies; a program may answer any status from 200 to 499 as it likes."""
    errors = error_replies("TooManyPlans", writes=True, has_auth=has_auth)
    by_program = json_reply("The reply of the program.", {})
    return {"2XX": by_program, **dict(sorted({**errors, "4XX": by_program}.items()))}


def _path_parameters(path: str, entries: Sequence[LearnedPath]) -> list[Mapping[str, Any]]:
    names = re.findall(r"{(.+?)}", path)
    classes = [[part for part in _parts(entry) if _is_class(part)] for entry in entries]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _any_of(_CLASSES.get(name_class, TEXT) for name_class in alternatives),
        }
        for name, alternatives in zip(names, zip(*classes, strict=True), strict=True)
    ]


def _query_parameters(entries: Sequence[LearnedPath]) -> list[Mapping[str, Any]]:
    schemas: dict[str, list[Schema]] = {}
    for entry in entries:
        for key, classes in entry.shape["query"].items():
            schemas.setdefault(key, []).append(_CLASSES.get(classes[-1], TEXT))
    return [
        {"name": key, "in": "query", "schema": _any_of(alternatives)}
        for key, alternatives in sorted(schemas.items())
    ]


def _body_content(entries: Sequence[LearnedPath]) -> dict[str, Any]:
    by_type: dict[str, list[Schema]] = {}
    for entry in entries:
        if (kind := entry.shape["body"]) in _BODIES:
            media_type, schema = _BODIES[kind]
            by_type.setdefault(media_type, []).append(schema)
    return {
        media_type: {"schema": _any_of(schemas)} for media_type, schemas in sorted(by_type.items())
    }


def _any_of(schemas: Iterable[Schema]) -> Schema:
    distinct: list[Schema] = []
    for schema in schemas:
        if schema not in distinct:
            distinct.append(schema)
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _template(path: str) -> str:
    """Return the path of a shape as a template: `/orders/<int>` becomes `/orders/{order_id}`."""
    names, parts = Names(), list[str]()
    for part in filter(None, path.split("/")):
        if not _is_class(part):
            parts.append(part.replace("{", "%7B").replace("}", "%7D"))
            continue
        resource = parts[-1] if parts and not parts[-1].startswith("{") else "record"
        parts.append(f"{{{names.claim(f'{singular_name(resource)}_id')}}}")
    return "/" + "/".join(parts)


def _anonymous(template: str) -> str:
    """Return a template without its names: OpenAPI forbids two that differ only in names."""
    return re.sub(r"{.+?}", "{}", template)


def _parts(entry: LearnedPath) -> list[str]:
    return [part for part in entry.shape["path"].split("/") if part]


def _is_class(part: str) -> bool:
    return part.startswith("<") and part.endswith(">")


def _operation_id(method: str, path: str) -> str:
    return operation_name(snake_case(f"{method} {path.replace('{', '').replace('}', '')}"))

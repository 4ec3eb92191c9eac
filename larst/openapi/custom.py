"""Requests that are no plain REST, described by the plans that were learned for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larst.model import Action, Json
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


@dataclass(frozen=True, slots=True)
class CustomOperation:
    """One operation on one path, with the parameters of the path."""

    path: str
    method: str
    operation: to.Operation
    path_parameters: list[Mapping[str, Any]]


def described(learned: LearnedPath, operation_ids: Names, *, has_auth: bool) -> CustomOperation:
    """Return the operation that serves requests of the shape."""
    path, given = _template(learned.shape["path"])
    method = learned.shape["method"].lower()
    operation: to.Operation = {
        "operationId": operation_ids.free(_name(method, path)),
        "summary": f"{learned.shape['method']} {path}, as it was learned",
        "tags": [learned.resource or "custom"],
    }
    if query := [_query(key, classes) for key, classes in learned.shape["query"].items()]:
        operation["parameters"] = query
    if (content := _BODIES.get(learned.shape["body"])) is not None:
        operation["requestBody"] = {"content": content}
    replies = {"2XX": to.json_reply("What its program answers.", {})}
    failing = {**to.errors("NotFound", "Conflict", "TooManyPlans", writes=True, has_auth=has_auth)}
    # A program may answer an error in words of its own.
    told = {**failing, "4XX": to.json_reply("What its program answers.", {})}
    del told["404"], told["409"]
    operation["responses"] = {**replies, **dict(sorted(told.items()))}
    return CustomOperation(path, method, operation, given)


def _template(path: str) -> tuple[str, list[Mapping[str, Any]]]:
    """Return a shape's path as a template, with its parameters: `<int>` becomes `{order_id}`."""
    names, given, parts = Names(), list[Mapping[str, Any]](), list[str]()
    for part in filter(None, path.split("/")):
        if not (part.startswith("<") and part.endswith(">")):
            parts.append(part)
            continue
        above = parts[-1] if parts and not parts[-1].startswith("{") else "record"
        name = names.free(f"{one_of(above)}_id")
        parts.append(f"{{{name}}}")
        schema = _CLASSES.get(part, _TEXT)
        given.append({"name": name, "in": "path", "required": True, "schema": schema})
    return "/" + "/".join(parts), given


def _query(key: str, classes: list[str]) -> Mapping[str, Any]:
    schema = _CLASSES.get(classes[-1], _TEXT)
    return {"name": key, "in": "query", "schema": schema}


def _name(method: str, path: str) -> str:
    return words(f"{method} {path.replace('{', '').replace('}', '')}")

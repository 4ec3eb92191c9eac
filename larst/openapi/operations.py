"""What all operations have in common: replies, errors, headers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from larst.openapi.schemas import COUNT

Operation = dict[str, Any]

ERRORS: Mapping[str, tuple[int, str]] = {
    "BadRequest": (400, "The request cannot be read: the detail says where, and what to do."),
    "Unauthorized": (401, "The header `Authorization: Bearer <token>` is missing or wrong."),
    "NotFound": (404, "There is no such record, or none above it in the path."),
    "MethodNotAllowed": (405, "Not on this path; the header `Allow` says which are."),
    "Conflict": (409, "The id is taken, or the patch does not apply."),
    "PreconditionFailed": (412, "`If-Match` names another version than the stored one."),
    "TooLarge": (413, "The body is longer than the service takes."),
    "SchemaBroken": (422, "The record is not as its resource's records are."),
    "TooManyPlans": (429, "The planner's budget is spent; `Retry-After` says when to come again."),
    "Bug": (500, "A bug, or a program that used more than it may; nothing was changed."),
    "NotPlannable": (501, "No rule can read the request; a language model could."),
    "NoUsablePlan": (502, "The planner answered, but no usable plan came of it."),
    "Unavailable": (503, "Busy, stopping, damaged or without its planner; see `Retry-After`."),
    "TooLate": (504, "The request's time was over; nothing was changed."),
    "DiskRefused": (507, "The disk refused the write; nothing was changed."),
}

_ALWAYS = ("BadRequest", "Bug", "NoUsablePlan", "Unavailable", "TooLate")
_WRITING = ("TooLarge", "DiskRefused")


def error_responses(*, has_auth: bool) -> dict[str, Any]:
    """Return the error replies as components."""
    names = [name for name in ERRORS if has_auth or name != "Unauthorized"]
    return {name: _error(ERRORS[name][1]) for name in names} | {
        "Problem": _error("Anything else that went wrong.")
    }


def _error(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Problem"}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Rfc9457Problem"}},
        },
    }


@lru_cache(maxsize=256)
def errors(*names: str, writes: bool, has_auth: bool) -> Mapping[str, Any]:
    """Return an operation's error replies: its own, and those that any has."""
    told = {
        *names,
        *_ALWAYS,
        *(_WRITING if writes else ()),
        *(("Unauthorized",) if has_auth else ()),
    }
    known = sorted((ERRORS[name][0], name) for name in told)
    replies = {str(status): _ref("responses", name) for status, name in known}
    return {**replies, "default": _ref("responses", "Problem")}


def json_reply(
    description: str, schema: Mapping[str, Any], headers: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return a reply with a JSON body and those headers of `HEADERS`."""
    told: dict[str, Any] = {"description": description}
    if headers:
        told["headers"] = {name: _ref("headers", name) for name in headers}
    return {**told, "content": {"application/json": {"schema": schema}}}


HEADERS: Mapping[str, Any] = {
    "Location": {"description": "The path of the new record.", "schema": {"type": "string"}},
    "ETag": {
        "description": "The version, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "X-Total-Count": {"description": "How many records match.", "schema": COUNT},
}


BEARER: Mapping[str, Any] = {"type": "http", "scheme": "bearer"}
"""How the service's token is sent."""


def page_of(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a page of such items."""
    return {
        "type": "object",
        "required": ["items", "page"],
        "properties": {"items": {"type": "array", "items": items}, "page": schema_ref("Page")},
    }


def schema_ref(name: str) -> Mapping[str, str]:
    """Return a reference to a schema."""
    return _ref("schemas", name)


def parameter_ref(name: str) -> Mapping[str, str]:
    """Return a reference to a parameter."""
    return _ref("parameters", name)


def json_body(schema: Mapping[str, Any], description: str = "") -> dict[str, Any]:
    """Return a request's body, which must be there."""
    told = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"description": description, **told} if description else told


@lru_cache(maxsize=8192)
def _ref(kind: str, name: str) -> Mapping[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}

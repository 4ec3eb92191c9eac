"""Operations as data, and the one reader that turns them into OpenAPI. Pure.

A table lists operations once for all resources; a `Subject` supplies what differs from one
resource to the next. Replies, errors and references that every document shares are here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from larst.dialects import LARST, Dialect
from larst.openapi.names import Names, operation_name
from larst.openapi.schemas import ANY, COUNT, TEXT, Schema

FILTERS = "<filters>"
"""In `Operation.parameters`: the parameter with the filters on the fields of the resource."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is not an error. `schema` names a schema of the subject; None: no body."""

    status: str
    description: str
    schema: str | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of a table of operations.

    `operation_id` and `summary` may hold names of the subject in braces. `parameters` and `errors`
    name components; `body` names a body of the subject.
    """

    method: str
    operation_id: str
    summary: str
    replies: tuple[Reply, ...]
    description: str = ""
    parameters: tuple[str, ...] = ()
    body: str | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a table of operations is about: the values that its rows name.

    `filters` refers to the parameter that holds the filters on its fields.
    """

    tag: str
    names: Mapping[str, str]
    schemas: Mapping[str, Schema]
    bodies: Mapping[str, Mapping[str, Any]]
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Style:
    """What depends on the settings of the service and of the session."""

    is_enforced: bool
    has_auth: bool
    dialect: Dialect = LARST


def describe(
    table: Sequence[Operation], subject: Subject, operation_ids: Names, style: Style
) -> dict[str, Any]:
    """Return the operations of one path as OpenAPI, by method."""
    return {row.method: _describe_row(row, subject, operation_ids, style) for row in table}


def _describe_row(
    row: Operation, subject: Subject, operation_ids: Names, style: Style
) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation_ids.claim(
            operation_name(row.operation_id.format_map(subject.names))
        ),
        "summary": row.summary.format_map(subject.names),
        "tags": [subject.tag],
    }
    if row.description:
        description["description"] = row.description
    if row.parameters:
        description["parameters"] = [
            subject.filters if name == FILTERS else parameter_ref(name) for name in row.parameters
        ]
    if row.body is not None:
        description["requestBody"] = subject.bodies[row.body]
    errors = row.errors
    if not style.is_enforced:
        errors = tuple(name for name in errors if name != "SchemaBroken")
    description["responses"] = {
        **dict(_describe_reply(reply, subject, style.dialect) for reply in row.replies),
        **error_replies(*errors, writes=row.method != "get", has_auth=style.has_auth),
    }
    return description


def _describe_reply(reply: Reply, subject: Subject, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """Return the status of a reply and its description."""
    if reply.status == "204" and dialect.delete_reply != "empty":  # only deletions answer 204
        return "200", json_reply(reply.description, {"type": "object"})
    if reply.schema is None:
        return reply.status, {"description": reply.description}
    status = str(dialect.created_status) if reply.status == "201" else reply.status
    is_own = dialect.name == LARST.name or reply.schema not in ("updated", "deleted")
    schema = subject.schemas[reply.schema] if is_own else ANY  # records, counts or both
    return status, json_reply(reply.description, schema, reply.headers)


ERRORS: Mapping[str, tuple[int, str]] = {
    "BadRequest": (400, "The request is malformed; `detail` says where and how to correct it."),
    "Unauthorized": (401, "The header `Authorization: Bearer <token>` is missing or wrong."),
    "NotFound": (404, "The record, or its parent in the path, does not exist."),
    "MethodNotAllowed": (405, "The path does not support the method; see the header `Allow`."),
    "Conflict": (409, "The id is taken, or the patch does not apply."),
    "PreconditionFailed": (412, "`If-Match` does not match the stored version."),
    "TooLarge": (413, "The body exceeds the limit of the service."),
    "SchemaBroken": (422, "The record does not match the schema of its resource."),
    "TooManyPlans": (429, "The budget of the planner is spent; see `Retry-After`."),
    "Bug": (500, "A bug, or a program that exceeded its limits. Nothing was changed."),
    "NotPlannable": (501, "No built-in rule covers the request; a language model might."),
    "NoUsablePlan": (502, "The planner answered, but its plan could not be used."),
    "Unavailable": (503, "Busy, stopping, damaged or without planner; see `Retry-After`."),
    "TooLate": (504, "The deadline of the request passed."),
    "DiskRefused": (507, "The disk refused the write. Nothing was changed."),
}
"""The error replies of every document, by component name: status and description."""

_ALWAYS = ("BadRequest", "Bug", "NoUsablePlan", "Unavailable", "TooLate")
_WRITING = ("TooLarge", "DiskRefused")


def error_components(*, has_auth: bool) -> dict[str, Any]:
    """Return the error replies as components."""
    names = [name for name in ERRORS if has_auth or name != "Unauthorized"]
    return {name: error_reply(ERRORS[name][1]) for name in names} | {
        "Problem": error_reply("Any other error.")
    }


def error_reply(description: str) -> dict[str, Any]:
    """Return an error reply: JSON, or RFC 9457 for clients that ask for it."""
    return {
        "description": description,
        "content": {
            "application/json": {"schema": schema_ref("Problem")},
            "application/problem+json": {"schema": schema_ref("Rfc9457Problem")},
        },
    }


@lru_cache(maxsize=256)
def error_replies(*names: str, writes: bool, has_auth: bool) -> Mapping[str, Any]:
    """Return references to the named errors and to those that every operation has."""
    components = {
        *names,
        *_ALWAYS,
        *(_WRITING if writes else ()),
        *(("Unauthorized",) if has_auth else ()),
    }
    by_status = sorted((ERRORS[name][0], name) for name in components)
    replies = {str(status): _ref("responses", name) for status, name in by_status}
    return {**replies, "default": _ref("responses", "Problem")}


HEADERS: Mapping[str, Any] = {
    "Location": {"description": "The path of the new record.", "schema": TEXT},
    "ETag": {"description": "The version, for `If-Match` and `If-None-Match`.", "schema": TEXT},
    "X-Total-Count": {"description": "The number of matches on all pages.", "schema": COUNT},
    "Content-Range": {"description": "The part that was sent: `items 0-9/30`.", "schema": TEXT},
    "Link": {
        "description": "The first, previous, next and last page, if the list is paged.",
        "schema": TEXT,
    },
    "X-LARST-Reading": {
        "description": "How the query was understood: `page 2 of 10, sort -age`.",
        "schema": TEXT,
    },
}
"""The reply headers of every document, by component name."""

BEARER: Mapping[str, Any] = {"type": "http", "scheme": "bearer"}
"""The security scheme of a service with a token."""


def json_reply(description: str, schema: Schema, headers: Sequence[str] = ()) -> dict[str, Any]:
    """Return a reply with a JSON body and the named headers of `HEADERS`."""
    reply: dict[str, Any] = {"description": description}
    if headers:
        reply["headers"] = {name: _ref("headers", name) for name in headers}
    return {**reply, "content": {"application/json": {"schema": schema}}}


def json_body(schema: Schema) -> dict[str, Any]:
    """Return a required JSON body."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def schema_ref(name: str) -> Mapping[str, str]:
    """Return a reference to a schema."""
    return _ref("schemas", name)


def parameter_ref(name: str) -> Mapping[str, str]:
    """Return a reference to a parameter."""
    return _ref("parameters", name)


@lru_cache(maxsize=8192)
def _ref(kind: str, name: str) -> Mapping[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}

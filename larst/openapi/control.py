"""The document of the paths that the service answers itself, built from one record per route.

Pure: the records come from the routes, so that the document cannot differ from the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from larst import __version__
from larst.openapi import schemas
from larst.openapi.names import operation_name
from larst.openapi.operations import BEARER, ERRORS, error_reply
from larst.openapi.schemas import Schema

TAGS = (
    "plans",
    "sessions",
    "requests",
    "recordings",
    "faults",
    "webhooks",
    "console",
    "documents",
    "service",
)

_DESCRIPTION = """\
The paths that the service answers itself and never plans. Pages of other origins cannot use the \
paths below `/_larst`.

A session is named in the path here. In requests that are planned, the header `X-Session-ID: shop` \
names it, or a path that begins with it: `/@shop/members`."""

Content = Mapping[str, Schema]
"""The schema of a body, by media type."""


@dataclass(frozen=True, slots=True)
class ControlParameter:
    """A parameter. Handlers read its bounds, so the documented ones are those in force."""

    name: str
    description: str
    schema: Schema
    location: Literal["query", "path"] = "query"


def whole_number(
    name: str, description: str, *, maximum: int, default: int | None = None
) -> ControlParameter:
    """Return a query parameter that takes whole numbers from 0 to `maximum`."""
    schema = {"type": "integer", "minimum": 0, "maximum": maximum}
    return ControlParameter(
        name, description, schema if default is None else {**schema, "default": default}
    )


@dataclass(frozen=True, slots=True)
class ControlReply:
    """A reply that is not an error; without content it has no body."""

    description: str
    content: Content = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class ControlOperation:
    """What the document says about one route and method.

    `errors` maps a status to its description. `is_public`: the route needs no token.
    """

    operation_id: str
    tag: str
    summary: str
    replies: Sequence[ControlReply]
    parameters: Sequence[ControlParameter] = ()
    body: Content = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class ControlApi:
    """The documented routes: operations by path and method, and the schemas they refer to."""

    operations: Mapping[str, Mapping[str, ControlOperation]]
    schemas: Mapping[str, Schema]


def control_document(api: ControlApi, url: str, *, has_auth: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the control API and the service's own paths."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LARST control API",
            "version": __version__,
            "description": _DESCRIPTION,
        },
        "servers": [{"url": url}],
        "security": [{"token": []}] if has_auth else [],
        "tags": [{"name": name} for name in TAGS],
        "paths": {
            path: {
                method.lower(): _describe(operation, has_auth=has_auth)
                for method, operation in by_method.items()
            }
            for path, by_method in api.operations.items()
        },
        "components": {
            "schemas": {
                "Page": schemas.PAGE,
                "Problem": schemas.PROBLEM,
                "Rfc9457Problem": schemas.RFC9457_PROBLEM,
                **api.schemas,
            },
            **({"securitySchemes": {"token": BEARER}} if has_auth else {}),
        },
    }


def _describe(operation: ControlOperation, *, has_auth: bool) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation_name(operation.operation_id),
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    if operation.is_public:
        description["security"] = []
    if operation.parameters:
        description["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body:
        description["requestBody"] = {"required": True, "content": _content(operation.body)}
    needs_token = has_auth and not operation.is_public
    description["responses"] = {
        **{str(reply.status): _reply(reply) for reply in operation.replies},
        **_errors(operation.errors, needs_token=needs_token),
    }
    return description


def _parameter(parameter: ControlParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.description,
        "schema": parameter.schema,
        **({"required": True} if parameter.location == "path" else {}),
    }


def _reply(reply: ControlReply) -> dict[str, Any]:
    content = {"content": _content(reply.content)} if reply.content else {}
    return {"description": reply.description, **content}


def _content(content: Content) -> dict[str, Any]:
    return {media_type: {"schema": schema} for media_type, schema in content.items()}


def _errors(errors: Mapping[int, str], *, needs_token: bool) -> dict[str, Any]:
    unauthorized = dict([ERRORS["Unauthorized"]]) if needs_token else {}
    by_status = sorted({**errors, **unauthorized}.items())
    replies = {str(status): error_reply(description) for status, description in by_status}
    return {**replies, "default": error_reply("Any other error.")}

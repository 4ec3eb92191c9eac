"""The whole document of a session. Pure; the same things described give the same document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from larst import __version__
from larst.domain import Json
from larst.openapi import operations as to
from larst.openapi import parameters, schemas
from larst.openapi.custom import LearnedPath, add_custom
from larst.openapi.resources import (
    FILTER,
    FILTERS,
    SHARED,
    Components,
    ResourcePaths,
    Style,
    counted,
)
from larst.planning.shapes.rest_path import link_fields

ANYTHING = "anything else"
"""The tag of the path that stands for every other."""

_A_NAME = (
    r"^(?!(docs|redoc|healthz|readyz|_larst)$)(?![0-9]+$)(?![0-9]{4}-[0-9]{2}-[0-9]{2}$)"
    r"(?![0-9a-fA-F-]{16,}$)[A-Za-z0-9_-]{1,64}$"
)
"""What a resource can be called: not what is reserved, nor what looks like an identifier."""

_ABOUT = """\
What this session has become by the requests that were sent to it. Every other request works, too: \
the first `POST` to a path makes a new resource, and this document grows with it.

Another session has another document: name yours by the header `X-Session-ID`, or by `?session=` \
on this document's own address. FieldAccess come with an `ETag`; a write with `If-Match` is done only if \
the stored version is that one."""

_LEARNING = """

Records unlike those described are taken too, and widen what is described \
(`LARS_SCHEMA_MODE=learn`)."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a document is made from.

    `resources` has what was learned of each; `paths` are the shapes of requests that this session
    has made. `url` is the service's own, without a slash at its end.
    """

    session_id: str
    url: str
    resources: Mapping[str, Mapping[str, Json]]
    paths: Sequence[LearnedPath]
    has_auth: bool
    is_enforced: bool


def document(session: Described) -> dict[str, Any]:
    """Return the session's OpenAPI 3.1 document, in an order that stays the same."""
    style = Style(is_enforced=session.is_enforced, has_auth=session.has_auth)
    components = Components(filtered_fields=parameters.filtered_fields(len(session.resources)))
    found = [
        ResourcePaths(name, learned, components, style)
        for name, learned in sorted(session.resources.items())
    ]
    for one in found:
        one.add_components()
    paths: dict[str, Any] = {}
    for one in found:
        paths |= one.paths()
    by_field = {field: one for one in found for field in link_fields(one.name)}
    for child in found:
        for parent in child.parents_in(by_field):
            paths |= child.paths_below(parent)
    paths |= _anything(components, style)
    add_custom(paths, session.paths, components.operation_ids, has_auth=session.has_auth)
    about = _ABOUT if session.is_enforced else _ABOUT + _LEARNING
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"The API of session {session.session_id}",
            "version": __version__,
            "description": about,
        },
        "servers": [{"url": session.url}],
        "security": _security(session),
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": dict(sorted(paths.items())),
        "components": _components(components, session),
    }


def _anything(components: Components, style: Style) -> dict[str, Any]:
    """Return the path that stands for every other: a resource that is not there yet."""
    names: dict[str, Any] = {
        "name": "resource",
        "in": "path",
        "required": True,
        "description": "Any name; what was never stored in is empty.",
        "schema": {"type": "string", "pattern": _A_NAME},
    }
    listing = {
        "operationId": components.operation_ids.free("list_anything"),
        "summary": "List any other resource",
        "tags": [ANYTHING],
        "responses": {
            "200": to.json_reply("A page of its records.", to.page_of(schemas.ANY)),
            **to.errors(writes=False, has_auth=style.has_auth),
        },
    }
    creating = {
        "operationId": components.operation_ids.free("create_anything"),
        "summary": "Create a record of any other resource, which makes the resource",
        "tags": [ANYTHING],
        "requestBody": to.json_body(schemas.ANY_OBJECT),
        "responses": {
            "201": to.json_reply(
                "It is stored.", {"type": "object", "required": ["id"]}, ("Location",)
            ),
            **to.errors("Conflict", "SchemaBroken", writes=True, has_auth=style.has_auth),
        },
    }
    changes = {
        "patch": ("update_anything", "Change all that match", "updated"),
        "delete": ("delete_anything", "Delete all that match", "deleted"),
    }
    many: dict[str, Any] = {}
    for method, (operation_id, summary, told) in changes.items():
        many[method] = {
            "operationId": components.operation_ids.free(operation_id),
            "summary": summary,
            "tags": [ANYTHING],
            "parameters": [to.parameter_ref("Filter")],
            "responses": {
                "200": to.json_reply("It is done.", counted(told)),
                **to.errors(writes=True, has_auth=style.has_auth),
            },
        }
    many["patch"]["requestBody"] = to.json_body(schemas.ANY_OBJECT)
    return {"/{resource}": {"parameters": [names], "get": listing, "post": creating, **many}}


def _components(made: Components, session: Described) -> dict[str, Any]:
    schemes: dict[str, Any] = {
        "session": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Session-ID",
            "description": "Names the session; 1 to 128 of A-Z a-z 0-9 _ and -.",
        }
    }
    if session.has_auth:
        schemes["token"] = to.BEARER
    conditions = {
        "Filter": FILTER,
        "Filters": FILTERS,
        "IfNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "description": "Only if the stored version is another one.",
            "schema": {"type": "string"},
        },
    }
    return {
        "schemas": dict(sorted({**SHARED, **made.schemas}.items())),
        "parameters": dict(
            sorted({**parameters.paging(), **conditions, **made.parameters}.items())
        ),
        "headers": dict(to.HEADERS),
        "responses": to.error_responses(has_auth=session.has_auth),
        "securitySchemes": schemes,
    }


def _security(session: Described) -> list[dict[str, list[str]]]:
    """Return what a request needs: a token where there is one; a session may be named."""
    if session.has_auth:
        return [{"token": [], "session": []}, {"token": []}]
    return [{"session": []}, {}]


def _tags(paths: Mapping[str, Any]) -> list[str]:
    found = {
        tag
        for item in paths.values()
        for operation in item.values()
        if isinstance(operation, dict)
        for tag in operation["tags"]
    }
    return sorted(found, key=lambda tag: (tag == ANYTHING, tag))

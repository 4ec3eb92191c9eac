"""The document of a session. Pure: equal descriptions give equal documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from larst import __version__
from larst.dialects import LARST, Dialect
from larst.domain import Json
from larst.openapi import parameters, schemas, tables
from larst.openapi.custom import LearnedPath, add_custom
from larst.openapi.operations import (
    BEARER,
    HEADERS,
    Style,
    Subject,
    describe,
    error_components,
    json_body,
)
from larst.openapi.resources import SHARED, Components, Resource
from larst.planning.shapes import link_candidates

ANY_RESOURCE = "anything else"
"""The tag of the path that stands for all unlisted resources."""

_RESOURCE_NAME = (
    r"^(?!(docs|redoc|healthz|readyz|_larst)$)(?![0-9]+$)(?![0-9]{4}-[0-9]{2}-[0-9]{2}$)"
    r"(?![0-9a-fA-F-]{16,}$)[A-Za-z0-9_-]{1,64}$"
)
"""Names of resources. Reserved paths, and names that look like identifiers, are excluded."""

_DESCRIPTION = """\
The API of one session, as its requests have shaped it so far. Every other request works as well: \
the first `POST` to a path creates a resource, and this document grows with it.

## Sessions

Each session has its own data and its own document. The header `X-Session-ID: shop` names one, and \
so does a path that begins with it, `/@shop/members`; requests without either use the session \
`default`, or the one of their token. `?session=shop` on the address of this document is a third \
way.

## Filters

Lists, searches and counts take a filter on any field; several must all hold. The parameter \
`filter` stands for them: `{"age_gte": 18}` is sent as `?age_gte=18`.

| filter | selects records whose field |
|---|---|
| `name=Alice` | equals the value |
| `name=A*`, `name=*e`, `name=*li*` | begins with, ends with or contains the text |
| `age_gt=`, `age_gte=`, `age_lt=`, `age_lte=` | is greater, at least, less, at most |
| `name_ne=Alice`, `id_in=1,2` | differs; is one of the values |
| `address.city=Bern` | has this value inside an object |

`fields=id,name` and `embed=comments` work as well, and so do the words of other servers, such as \
`page` and `per_page`. Those answer in the form of that server, which the header `X-LARST-Dialect` \
names.

## Versions

Records are returned with an `ETag`. A write with `If-Match` succeeds only if the stored version \
has that ETag."""

_IS_LEARNING = """

Records that differ from these schemas are accepted, and the schemas are extended \
(`LARS_SCHEMA_MODE=learn`)."""


@dataclass(frozen=True, slots=True)
class SessionApi:
    """A session to describe.

    `resources` maps each resource to its learned schema; `paths` are the shapes of custom requests
    of this session. `url` is the address of the service, without a trailing slash. `dialect`
    decides the form of replies to requests that show no other.
    """

    session_id: str
    url: str
    resources: Mapping[str, Mapping[str, Json]]
    paths: Sequence[LearnedPath]
    has_auth: bool
    is_enforced: bool
    dialect: Dialect = LARST


def session_document(api: SessionApi) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a session, in a stable order."""
    style = Style(api.is_enforced, api.has_auth, api.dialect)
    components = Components(parameters.max_filtered_fields(len(api.resources)))
    paths = _resource_paths(api, components, style)
    paths |= _any_resource(components, style)
    add_custom(paths, api.paths, components.operation_ids, has_auth=api.has_auth)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"LARST session {api.session_id}",
            "version": __version__,
            "description": _DESCRIPTION if api.is_enforced else _DESCRIPTION + _IS_LEARNING,
        },
        "servers": [{"url": api.url}],
        "security": [{"token": []}] if api.has_auth else [],
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": dict(sorted(paths.items())),
        "components": _components(components, api),
    }


def _resource_paths(api: SessionApi, components: Components, style: Style) -> dict[str, Any]:
    resources = [
        Resource(name, learned, components, style)
        for name, learned in sorted(api.resources.items())
    ]
    for resource in resources:
        resource.add_components()
    paths: dict[str, Any] = {}
    for resource in resources:
        paths |= resource.paths()
    lists = [resource for resource in resources if not resource.is_singleton]
    by_link = {link: parent for parent in lists for link in link_candidates(parent.name)}
    for child in lists:
        for parent in child.parents_in(by_link):
            paths |= child.path_below(parent)
    return paths


def _any_resource(components: Components, style: Style) -> dict[str, Any]:
    """Return the path that stands for every resource that does not exist yet."""
    name: dict[str, Any] = {
        "name": "resource",
        "in": "path",
        "required": True,
        "description": "Any name.",
        "schema": {"type": "string", "pattern": _RESOURCE_NAME},
    }
    subject = Subject(
        tag=ANY_RESOURCE,
        names={},
        schemas={
            "page": schemas.list_in(style.dialect.list_form, schemas.ANY),
            "record": {"type": "object", "required": ["id"]},
            **schemas.COUNTERS,
        },
        bodies=dict.fromkeys(("new", "changes"), json_body(schemas.ANY_OBJECT)),
    )
    operations = describe(tables.ANYTHING, subject, components.operation_ids, style)
    return {"/{resource}": {"parameters": [name], **operations}}


def _components(components: Components, api: SessionApi) -> dict[str, Any]:
    return {
        "schemas": dict(sorted({**SHARED, **components.schemas}.items())),
        "parameters": dict(
            sorted({**parameters.shared(api.is_enforced), **components.parameters}.items())
        ),
        "headers": dict(HEADERS),
        "responses": error_components(has_auth=api.has_auth),
        **({"securitySchemes": {"token": BEARER}} if api.has_auth else {}),
    }


def _tags(paths: Mapping[str, Any]) -> list[str]:
    tags = {
        tag
        for path_item in paths.values()
        for operation in path_item.values()
        if isinstance(operation, dict)
        for tag in operation["tags"]
    }
    return sorted(tags, key=lambda tag: (tag == ANY_RESOURCE, tag))

"""One learned resource: its paths, with operations that generators can name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from larst.domain import Json
from larst.openapi import operations as to
from larst.openapi import parameters, schemas
from larst.openapi.names import Names, one_of, type_name, words
from larst.openapi.operations import Operation
from larst.planning.shapes.rest_path import link_fields
from larst.planning.shapes.shape import SEARCH_VERBS

_POINTER: Mapping[str, Any] = {"type": "string", "pattern": "^(/([^~/]|~[01])*)+$"}
JSON_PATCH: Mapping[str, Any] = {
    "title": "JSON Patch",
    "description": "RFC 6902; it is done whole or not at all.",
    "type": "array",
    "items": {
        "oneOf": [
            {
                "type": "object",
                "required": ["op", "path", "value"],
                "properties": {
                    "op": {"enum": ["add", "replace", "test"]},
                    "path": _POINTER,
                    "value": schemas.ANY,
                },
            },
            {
                "type": "object",
                "required": ["op", "path"],
                "properties": {"op": {"const": "remove"}, "path": _POINTER},
            },
            {
                "type": "object",
                "required": ["op", "path", "from"],
                "properties": {
                    "op": {"enum": ["move", "copy"]},
                    "path": _POINTER,
                    "from": _POINTER,
                },
            },
        ]
    },
}


SHARED: Mapping[str, Any] = {
    "Page": schemas.PAGE,
    "Problem": schemas.PROBLEM,
    "Rfc9457Problem": schemas.RFC9457_PROBLEM,
    "JsonPatch": JSON_PATCH,
}
"""The schemas of every document, by name."""

_FORMS = ("{}", "New{}", "{}Changes", "{}Page")
"""What is made of a resource's type."""


@dataclass(frozen=True, slots=True)
class Style:
    """What depends on how the service is set up."""

    is_enforced: bool
    has_auth: bool


@dataclass(slots=True)
class Components:
    """What paths refer to, and the names that are given out.

    `filtered_fields`: of so many fields of each resource the filters are told.
    """

    filtered_fields: int
    schemas: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    types: Names = field(default_factory=lambda: Names(SHARED))
    operation_ids: Names = field(default_factory=Names)


class ResourcePaths:
    """Describes one resource."""

    def __init__(
        self, name: str, learned: Mapping[str, Json], components: Components, style: Style
    ) -> None:
        self.name = name
        self._learned = schemas.Learned.of(learned)
        self._components = components
        self._style = style
        self._one = one_of(name)
        self._many = words(name)
        self._type = components.types.free(type_name(self._one), _FORMS)
        self._filters: list[Mapping[str, str]] = []

    def add_components(self) -> None:
        """Add the schemas and the filters that the paths refer to."""
        learned, enforced = self._learned, self._style.is_enforced
        made = self._components.schemas
        record = schemas.record(learned, is_enforced=enforced)
        made[self._type] = {"title": self._type, **record}
        made[f"New{self._type}"] = schemas.new_record(learned, is_enforced=enforced)
        made[f"{self._type}Changes"] = schemas.changes(learned, is_enforced=enforced)
        made[f"{self._type}Page"] = to.page_of(self._record)
        for parameter in parameters.filters(learned, self._components.filtered_fields):
            key = f"{self._type}.{parameter['name']}"
            self._components.parameters[key] = parameter
            self._filters.append(to.parameter_ref(key))

    def paths(self) -> dict[str, Any]:
        """Return the paths of the collection, of a search and of a record."""
        return {
            f"/{self.name}": {
                "get": self._list(),
                "post": self._create(),
                "patch": self._update_all(),
                "delete": self._delete_all(),
            },
            f"/{self.name}/search": {"get": self._search()},
            f"/{self.name}/{{id}}": {
                "parameters": [self._id("id")],
                "get": self._get(),
                "put": self._replace(),
                "patch": self._update(),
                "delete": self._delete(),
            },
        }

    def parents_in(self, by_field: Mapping[str, ResourcePaths]) -> Iterator[ResourcePaths]:
        """Return the resources that records of this one belong to, by the fields that say so."""
        found = {
            one.name: one for field in self._learned.properties if (one := by_field.get(field))
        }
        return (one for name, one in sorted(found.items()) if name != self.name)

    def paths_below(self, parent: ResourcePaths) -> dict[str, Any]:
        """Return the path of those records that belong to one of `parent`."""
        snake, camel = link_fields(parent.name)
        new = schemas.new_record(
            self._learned, is_enforced=self._style.is_enforced, given=(snake, camel)
        )
        key = words(snake)
        given = [parent._id(key)]
        listing = self._operation(
            f"list_{parent._one}_{self._many}",
            f"List the {self.name} of one of {parent.name}",
            [*_PAGING, *self._filters, to.parameter_ref("Filters")],
            {"200": to.json_reply("A page of them.", to.schema_ref(f"{self._type}Page"))},
            ("NotFound",),
        )
        creating = self._operation(
            f"create_{parent._one}_{self._one}",
            f"Create one of {self.name} below one of {parent.name}",
            [],
            {"201": to.json_reply("It is stored.", self._record, ("Location",))},
            ("NotFound", "Conflict", *self._broken),
            body=to.json_body(new),
        )
        path = f"/{parent.name}/{{{key}}}/{self.name}"
        return {
            path: {
                "parameters": given,
                "get": listing,
                "post": creating,
                "patch": self._update_all(parent),
                "delete": self._delete_all(parent),
            }
        }

    @property
    def _record(self) -> Mapping[str, str]:
        return to.schema_ref(self._type)

    @property
    def _broken(self) -> tuple[str, ...]:
        return ("SchemaBroken",) if self._style.is_enforced else ()

    def _list(self) -> Operation:
        return self._operation(
            f"list_{self._many}",
            f"List {self.name}, filtered, sorted and paged",
            [*_PAGING, *self._filters, to.parameter_ref("Filters")],
            {"200": to.json_reply("A page of them.", to.schema_ref(f"{self._type}Page"))},
        )

    def _search(self) -> Operation:
        found = {"type": "array", "items": self._record}
        return self._operation(
            f"search_{self._many}",
            f"Search {self.name}: the matching records as a plain list",
            [*_PAGING, *self._filters, to.parameter_ref("Filters")],
            {"200": to.json_reply("The matching records.", found, ("X-Total-Count",))},
        )

    def _create(self) -> Operation:
        new = to.schema_ref(f"New{self._type}")
        many = {"type": "array", "items": new}
        created = {"oneOf": [self._record, {"type": "array", "items": self._record}]}
        return self._operation(
            f"create_{self._one}",
            f"Create one of {self.name}, or several at once, all or none",
            [],
            {"201": to.json_reply("It is stored.", created, ("Location",))},
            ("Conflict", *self._broken),
            body=to.json_body({"oneOf": [new, many]}),
        )

    def _update_all(self, parent: ResourcePaths | None = None) -> Operation:
        above = "" if parent is None else f"{parent._one}_"
        return self._operation(
            f"update_all_{above}{self._many}",
            f"Change all of {self.name} that match, as one transaction",
            [to.parameter_ref("Filter")],
            {"200": to.json_reply("They are changed.", counted("updated"))},
            ("NotFound", *self._broken),
            body=to.json_body(to.schema_ref(f"{self._type}Changes")),
        )

    def _delete_all(self, parent: ResourcePaths | None = None) -> Operation:
        above = "" if parent is None else f"{parent._one}_"
        return self._operation(
            f"delete_all_{above}{self._many}",
            f"Delete all of {self.name} that match, as one transaction",
            [to.parameter_ref("Filter")],
            {"200": to.json_reply("They are deleted.", counted("deleted"))},
            ("NotFound",),
            writes=True,
        )

    def _get(self) -> Operation:
        unchanged = {"description": "It is still the version of `If-None-Match`."}
        return self._operation(
            f"get_{self._one}",
            f"Get one of {self.name}",
            [to.parameter_ref("IfNoneMatch")],
            {"200": to.json_reply("The record.", self._record, ("ETag",)), "304": unchanged},
            ("NotFound",),
        )

    def _replace(self) -> Operation:
        return self._operation(
            f"replace_{self._one}",
            f"Replace one of {self.name}; its id stays",
            [],
            {"200": to.json_reply("As it is now.", self._record)},
            ("NotFound", "PreconditionFailed", *self._broken),
            body=to.json_body(to.schema_ref(f"New{self._type}")),
        )

    def _update(self) -> Operation:
        body = to.json_body(to.schema_ref(f"{self._type}Changes"))
        if not self._style.is_enforced:  # else nobody can say beforehand which patches are taken
            patch = {"schema": to.schema_ref("JsonPatch")}
            body["content"]["application/json-patch+json"] = patch
        return self._operation(
            f"update_{self._one}",
            f"Change fields of one of {self.name}; all others stay",
            [],
            {"200": to.json_reply("As it is now.", self._record)},
            ("NotFound", "Conflict", "PreconditionFailed", *self._broken),
            body=body,
        )

    def _delete(self) -> Operation:
        return self._operation(
            f"delete_{self._one}",
            f"Delete one of {self.name}; its id is never given out again",
            [],
            {"204": {"description": "It is gone."}},
            ("NotFound", "PreconditionFailed"),
            writes=True,
        )

    def _id(self, name: str) -> dict[str, Any]:
        types = schemas.listed(self._learned.properties.get("id", {}).get("type", "string"))
        schema: dict[str, Any] = dict(schemas.INTEGER)
        if types != ("integer",):
            # In a path every id is text; those of a search are no ids there.
            schema = {
                "type": "string",
                "minLength": 1,
                "pattern": r"^[A-Za-z0-9_-]+$",
                "not": {"enum": sorted(SEARCH_VERBS)},
            }
        example = self._learned.example.get("id")
        return {
            "name": name,
            "in": "path",
            "required": True,
            "schema": schema,
            **({} if example is None else {"example": example}),
        }

    def _operation(
        self,
        operation_id: str,
        summary: str,
        query: list[Any],
        replies: Mapping[str, Any],
        failing: tuple[str, ...] = (),
        *,
        body: Mapping[str, Any] | None = None,
        writes: bool = False,
    ) -> Operation:
        told: Operation = {
            "operationId": self._components.operation_ids.free(operation_id),
            "summary": summary,
            "tags": [self.name],
        }
        if query:
            told["parameters"] = query
        if body is not None:
            told["requestBody"] = body
        has_auth, writes = self._style.has_auth, writes or body is not None
        told["responses"] = {**replies, **to.errors(*failing, writes=writes, has_auth=has_auth)}
        return told


_PAGING = [to.parameter_ref(name) for name in parameters.paging()]
FILTER: Mapping[str, Any] = {
    "name": "filter",
    "in": "query",
    "required": True,
    "description": "Which records: filters as of a list, at least one.",
    "style": "form",
    "explode": True,
    "schema": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "string"},
    },
    "example": {"id_in": "1,2"},
}
"""What a change of many records is for."""


FILTERS: Mapping[str, Any] = {
    **FILTER,
    "name": "filters",
    "required": False,
    "description": "Any other filters: dots reach into objects, as in `address.city`.",
    "schema": {"type": "object"},
    "example": {},
}


def counted(name: str) -> Mapping[str, Any]:
    """Return the schema of a reply that says how many records were changed."""
    return {"type": "object", "required": [name], "properties": {name: schemas.COUNT}}

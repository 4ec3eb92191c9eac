"""A learned resource: its names, its schemas, and the paths that the tables describe. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from larst.domain import Json
from larst.openapi import parameters, schemas, tables
from larst.openapi.names import (
    Names,
    singular_name,
    snake_case,
    type_name,
    with_article,
    words,
)
from larst.openapi.operations import (
    Style,
    Subject,
    describe,
    json_body,
    parameter_ref,
    schema_ref,
)
from larst.openapi.schemas import Schema
from larst.planning.shapes import SEARCH_VERBS, folded, is_singleton, link_fields_of, new_link

SHARED: Mapping[str, Schema] = {
    "Page": schemas.PAGE,
    "Problem": schemas.PROBLEM,
    "Rfc9457Problem": schemas.RFC9457_PROBLEM,
    "JsonPatch": schemas.JSON_PATCH,
}
"""The schemas of every document, by name."""

_FORMS = ("{}", "New{}", "{}Changes", "{}Page", "{}Filter")
"""The schemas of one resource, by the name of its type."""


@dataclass(slots=True)
class Components:
    """The components that paths refer to, and the names in use, while a document is built.

    `max_filtered_fields` limits the documented filters of each resource.
    """

    max_filtered_fields: int
    schemas: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    types: Names = field(default_factory=lambda: Names(SHARED))
    operation_ids: Names = field(default_factory=Names)


class Resource:
    """Describes one resource: first its components, then its paths."""

    def __init__(
        self, name: str, learned: Mapping[str, Json], components: Components, style: Style
    ) -> None:
        self.name = name
        self._learned = schemas.LearnedSchema.of(learned)
        self._components = components
        self._style = style
        self.is_singleton = is_singleton(learned)
        self._one = snake_case(name) if self.is_singleton else singular_name(name)
        self._type = components.types.claim(type_name(self._one), _FORMS)

    def add_components(self) -> None:
        """Add the schemas and the parameters that the paths refer to."""
        learned, is_enforced = self._learned, self._style.is_enforced
        if self.is_singleton:
            schema = schemas.singleton(learned, is_enforced=is_enforced)
            self._components.schemas[self._type] = {"title": self._type, **schema}
            return
        record = schemas.record(learned, is_enforced=is_enforced)
        self._components.schemas |= {
            self._type: {"title": self._type, **record},
            f"New{self._type}": schemas.new_record(learned, is_enforced=is_enforced),
            f"{self._type}Changes": schemas.changes(learned, is_enforced=is_enforced),
            f"{self._type}Page": schemas.list_in(
                self._style.dialect.list_form, schema_ref(self._type)
            ),
        }
        key = f"{self._type}Filter"
        self._components.schemas[key] = parameters.filters_on(
            learned, self._components.max_filtered_fields, is_enforced=is_enforced
        )
        self._components.parameters[key] = parameters.filter_parameter(schema_ref(key))

    def paths(self) -> dict[str, Any]:
        """Return the paths of the collection, of the search, of the count and of a record."""
        if self.is_singleton:
            subject = self._singleton_subject()
            return {f"/{self.name}": self._describe(tables.SINGLETON, subject)}
        subject = self._subject()
        return {
            f"/{self.name}": self._describe(tables.COLLECTION, subject),
            f"/{self.name}/search": self._describe(tables.SEARCH, subject),
            f"/{self.name}/count": self._describe(tables.COUNT, subject),
            f"/{self.name}/{{id}}": {
                "parameters": [self._id_parameter("id")],
                **self._describe(tables.RECORD, subject),
            },
        }

    def parents_in(self, by_link: Mapping[str, Resource]) -> Iterator[Resource]:
        """Return the resources that this one refers to, by the fields that link to them.

        `by_link` has the folded names of such fields: `postid`.
        """
        parents = {
            parent.name: parent
            for name in self._learned.properties
            if name.lower().endswith("id") and (parent := by_link.get(folded(name)))
        }
        return (parent for name, parent in sorted(parents.items()) if name != self.name)

    def path_below(self, parent: Resource) -> dict[str, Any]:
        """Return the path of the records that belong to one record of `parent`."""
        key = new_link(parent.name, is_camel=False)
        return {
            f"/{parent.name}/{{{key}}}/{self.name}": {
                "parameters": [parent._id_parameter(key)],
                **self._describe(tables.BELOW_PARENT, self._subject(parent)),
            }
        }

    def _describe(self, table: tables.Table, subject: Subject) -> dict[str, Any]:
        return describe(table, subject, self._components.operation_ids, self._style)

    def _singleton_subject(self) -> Subject:
        value = schema_ref(self._type)
        body = json_body(value)
        patch = {"application/json-patch+json": {"schema": schema_ref("JsonPatch")}}
        content = body["content"] if self._style.is_enforced else {**body["content"], **patch}
        return Subject(
            tag=self.name,
            names={"many": snake_case(self.name), "words": words(snake_case(self.name))},
            schemas={"object": schemas.record_in(self._style.dialect.record_form, value)},
            bodies={"object": body, "object or patch": {**body, "content": content}},
        )

    def _subject(self, parent: Resource | None = None) -> Subject:
        record, page = schema_ref(self._type), schema_ref(f"{self._type}Page")
        dialect, records = self._style.dialect, _list_of(record)
        has_envelope = dialect.record_form not in ("bare", "pocketbase")
        return Subject(
            tag=self.name,
            names={
                "one": self._one,
                "many": snake_case(self.name),
                "a_one": with_article(self._one),
                "words": words(snake_case(self.name)),
                "below": f"{parent._one}_" if parent else "",
                "of_parent": f" of {with_article(parent._one)}" if parent else "",
                "for_parent": f" for {with_article(parent._one)}" if parent else "",
            },
            schemas={
                "record": schemas.record_in(dialect.record_form, record),
                "list": schemas.ANY if has_envelope else records,
                "one or many": schemas.ANY if has_envelope else self._one_or_many(record),
                "page": page,
                "matches": records if dialect.list_form == "larst" else page,
                **schemas.COUNTERS,
            },
            bodies=self._bodies(parent),
            filters=parameter_ref(f"{self._type}Filter"),
        )

    def _bodies(self, parent: Resource | None) -> dict[str, Mapping[str, Any]]:
        new = schema_ref(f"New{self._type}")
        changes = json_body(schema_ref(f"{self._type}Changes"))
        patch = changes
        if not self._style.is_enforced:  # an enforced schema cannot say which patches satisfy it
            content = {"application/json-patch+json": {"schema": schema_ref("JsonPatch")}}
            patch = {**changes, "content": {**changes["content"], **content}}
        return {
            "new": json_body(new if parent is None else self._new_below(parent)),
            "criteria": json_body(schemas.ANY_OBJECT),
            "many new": json_body(_list_of(new)),
            "one or many new": json_body(self._one_or_many(new)),
            "changes": changes,
            "changes or patch": patch,
        }

    def _one_or_many(self, item: Schema) -> Schema:
        """Return the schema of a record or a list of them.

        The list has an example: ReDoc makes one up for arrays among alternatives, with a warning.
        """
        name = item["$ref"].rpartition("/")[2]
        examples = [self._components.schemas[name]["examples"]]
        return {"oneOf": [item, {**_list_of(item), "examples": examples}]}

    def _new_below(self, parent: Resource) -> Schema:
        links = link_fields_of(parent.name, self._learned.properties)
        return schemas.new_record(
            self._learned, is_enforced=self._style.is_enforced, from_path=links
        )

    def _id_parameter(self, name: str) -> dict[str, Any]:
        types = schemas.listed(self._learned.properties.get("id", {}).get("type", "string"))
        schema = schemas.integer(is_enforced=self._style.is_enforced)
        if types != ("integer",):
            # In a path every id is text. The words of a search are paths, not ids.
            schema = {
                "type": "string",
                "minLength": 1,
                "pattern": r"^[A-Za-z0-9_-]+$",
                "not": {"enum": sorted({*SEARCH_VERBS, "count"})},
            }
        example = self._learned.example.get("id")
        return {
            "name": name,
            "in": "path",
            "required": True,
            "schema": schema,
            **({} if example is None else {"example": example}),
        }


def _list_of(items: Schema) -> Schema:
    name = items["$ref"].rpartition("/")[2]
    return {"title": f"List of {name}", "type": "array", "items": items}

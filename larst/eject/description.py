"""The parts of an API: resources with their fields and routes, and custom routes. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from larst.domain import Json, Record

Kind = Literal["integer", "number", "boolean", "text", "any", "json"]
"""How SQLite holds a field: `any` is a number or a text, `json` is everything else."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the records of a resource.

    `attribute` is its name in Python. A field that is not required may be absent, one that is
    nullable may be null; `schema` is the learned JSON Schema of its values.
    """

    name: str
    attribute: str
    kind: Kind
    is_required: bool
    is_nullable: bool
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Step:
    """A record above another one in a path.

    `links` are the fields of this record that may hold the id of the record above it.
    """

    resource: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Below:
    """The routes of a resource below other records: `/posts/{post_id}/comments`.

    `steps` lead down to the parent; `links` are the fields that hold the parent's id. `methods`
    are those of the collection, `record_methods` those of one of its records.
    """

    steps: tuple[Step, ...]
    links: tuple[str, ...]
    methods: frozenset[str]
    record_methods: frozenset[str]
    creates_many: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection of records, and the routes that the session has used.

    `prefix` precedes it in paths: `/api/v1`. `module` and `type_name` name its package and its
    model, `singular` one record. The flags name routes beyond the six of every resource.
    """

    name: str
    module: str
    singular: str
    type_name: str
    fields: tuple[Field, ...]
    records: Sequence[Record]
    next_id: int
    prefix: str = ""
    creates_many: bool = False
    changes_many: bool = False
    deletes_many: bool = False
    counts: bool = False
    searches: tuple[str, ...] = ()
    below: tuple[Below, ...] = ()

    @property
    def path(self) -> str:
        """The path of the collection: `/api/v1/products`."""
        return f"{self.prefix}/{self.name}"

    @property
    def key(self) -> str:
        """The name of the path parameter that holds the id of a record."""
        return f"{self.singular}_id"

    @property
    def has_number_ids(self) -> bool:
        """Whether every id is an integer."""
        return any(field.name == "id" and field.kind == "integer" for field in self.fields)

    @property
    def key_type(self) -> str:
        """The Python type of an id in a path."""
        return "int" if self.has_number_ids else "str"


@dataclass(frozen=True, slots=True)
class CustomRoute:
    """A request that is not plain REST, with the program of its plan.

    `shape` is the shape that the plan serves, `resource` the collection that is `store` in the
    program. `states` of a plan that a user approved is `pinned`.
    """

    key: str
    method: str
    path: str
    query: tuple[str, ...]
    body: str
    resource: str | None
    program: str
    state: str
    cases: tuple[Mapping[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Omission:
    """A request that the project does not answer as LARST does, and the reason."""

    request: str
    reason: str


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a session at one moment. `package` is the name of the Python package."""

    session: str
    package: str
    resources: tuple[Resource, ...]
    custom: tuple[CustomRoute, ...]
    omissions: tuple[Omission, ...]

    def resource(self, name: str) -> Resource | None:
        """Return the resource of this name, or None."""
        return next((resource for resource in self.resources if resource.name == name), None)

"""How the records in a path belong together, by the fields that a session has. Pure.

A link is a field of the child that holds the id of its parent. Many-to-many links are held by a
list of ids in one of the two records, or by the records of a third resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from larst.domain import SINGLETON_ID, Json
from larst.planning.reading.nouns import (
    folded,
    is_camel_case,
    link_fields_of,
    new_link,
    same_resource,
    singulars,
)

SchemaOf = Callable[[str], Mapping[str, Json] | None]
"""Returns the learned schema of a resource of the session, or None if it has no records."""

ManyKind = Literal["parent", "child", "join", "one"]

_MAX_JOIN_FIELDS = 2
"""Fields other than its links that a resource may have to count as a join of two others."""


@dataclass(frozen=True, slots=True)
class Many:
    """A link between records that the child does not hold as the id of its parent.

    `kind` says where it is held: in a list of ids in the parent or in the child, in a `join`
    resource, or in a field of the parent that holds the id of `one` child. `field` holds the ids;
    of a join, it is the link to the child, and `parent_field` the link to the parent.
    """

    kind: ManyKind
    field: str
    resource: str = ""
    parent_field: str = ""

    def as_json(self) -> list[Json]:
        """Return the link as a fact of a plan's key."""
        return [self.kind, self.field, self.resource, self.parent_field]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the meaning of a path may depend on outside its shape.

    `names` are the resources of the session, in order, for a nested path. `start` is the number of
    segments before the first resource, None: by grammar. `body` holds the scalar fields of the
    body, or of the items of a list; `is_bare`: the body is empty. `parent_ids` are the ids in the
    path. `has_database`: `/db` is the whole session.
    """

    resources: Container[str] = ()
    names: Sequence[str] = ()
    start: int | None = None
    body: Mapping[str, Json] = field(default_factory=dict)
    is_bare: bool = False
    parent_ids: Collection[str] = ()
    has_camel_links: bool = False
    has_database: bool = False


def fields_of(schema: Mapping[str, Json] | None) -> Sequence[str]:
    """Return the fields of a learned schema."""
    return () if schema is None else schema["fields"]


def is_singleton(schema: Mapping[str, Json] | None) -> bool:
    """Return whether a learned schema is that of a singleton."""
    example = None if schema is None else schema.get("example")
    return isinstance(example, dict) and example.get("id") == SINGLETON_ID


def is_own_field(parent: str, name: str, schema_of: SchemaOf) -> bool:
    """Return whether `name` below a record is a field of it, and no resource of its children."""
    schema = schema_of(parent)
    if schema is None or name not in schema["fields"]:
        return False
    child = schema_of(name)
    if child is None or is_singleton(child):
        return True
    is_nested = bool({"array", "object"} & _types(schema, name))
    return is_nested and not scalar_links(parent, child) and not _holds_ids(schema, name)


def links_between(
    parent: str, child: str, schema_of: SchemaOf, around: Surroundings
) -> tuple[list[str], list[str]]:
    """Return the fields that link a child to its parent, and other spellings in the body.

    The fields are those that the child's records have; else that of the body; else a new one.
    """
    in_body = [
        name
        for name in link_fields_of(parent, around.body)
        if folded(name).endswith("id") or str(around.body[name]) in around.parent_ids
    ]
    links = scalar_links(parent, schema_of(child))
    if links:
        return links, [name for name in in_body if name not in links]
    if in_body:
        return in_body[:1], in_body[1:]
    return [new_link(parent, is_camel=_is_camel(parent, child, schema_of, around))], []


def scalar_links(parent: str, schema: Mapping[str, Json] | None) -> list[str]:
    """Return the fields of a child that hold the id of its parent."""
    links = link_fields_of(parent, fields_of(schema))
    return [name for name in links if not {"object", "array"} & _types(schema, name)]


def many_between(parent: str, child: str, schema_of: SchemaOf, names: Sequence[str]) -> Many | None:
    """Return the many-to-many link between two resources, or None."""
    above, below = schema_of(parent), schema_of(child)
    if above is None or below is None or scalar_links(parent, below):
        return None
    if (name := _list_link(child, above)) is not None:
        return Many("parent", name)
    if (name := _list_link(parent, below)) is not None:
        return Many("child", name)
    for join in names:
        if join not in (parent, child) and (many := _join(join, parent, child, schema_of)):
            return many
    if links := scalar_links(child, above):
        return Many("one", links[0])
    return None


def new_many(parent: str, child: str, schema_of: SchemaOf, around: Surroundings) -> Many:
    """Return a new many-to-many link, held in a list of the parent: `roleIds`, `role_ids`."""
    is_camel = _is_camel(parent, child, schema_of, around)
    return Many("parent", new_link(child, is_camel=is_camel) + "s")


def to_one(parent: str, name: str, schema_of: SchemaOf, names: Sequence[str]) -> Many | None:
    """Return the link of a record to the one that `name` means: `/comments/1/post`."""
    resource = same_resource(name, names)
    if resource is None or resource == name:
        return None
    links = scalar_links(resource, schema_of(parent))
    return Many("one", links[0], resource) if links else None


def _join(join: str, parent: str, child: str, schema_of: SchemaOf) -> Many | None:
    schema = schema_of(join)
    to_parent = [name for name in scalar_links(parent, schema) if folded(name).endswith("id")]
    to_child = [name for name in scalar_links(child, schema) if folded(name).endswith("id")]
    if not to_parent or not to_child:
        return None
    name = folded(join)
    is_named = all(any(folded(s) in name for s in singulars(part)) for part in (parent, child))
    others = len(fields_of(schema)) - 3
    if not is_named and others > _MAX_JOIN_FIELDS:
        return None
    return Many("join", to_child[0], join, to_parent[0])


def _list_link(resource: str, schema: Mapping[str, Json]) -> str | None:
    """Return the field that holds a list of ids of a resource: `roleIds`, `roles`."""
    stems = {folded(stem) for stem in singulars(resource)}
    wanted = {f"{stem}{ending}" for stem in stems for ending in ("ids", "s", "")}
    for name in schema["fields"]:
        if folded(name) in wanted and _holds_ids(schema, name):
            return str(name)
    return None


def _holds_ids(schema: Mapping[str, Json], name: str) -> bool:
    """Return whether a field holds lists of numbers or texts, or only empty lists."""
    if _types(schema, name) - {"null"} != {"array"}:
        return False
    items = _properties(schema)[name].get("items") or {}
    types = items.get("type", ())
    return {types} <= _SCALARS if isinstance(types, str) else set(types) <= _SCALARS


_SCALARS = {"integer", "string"}


def _types(schema: Mapping[str, Json] | None, name: str) -> set[str]:
    types = _properties(schema).get(name, {}).get("type", ())
    return {types} if isinstance(types, str) else set(types)


def _properties(schema: Mapping[str, Json] | None) -> Mapping[str, Json]:
    properties: Mapping[str, Json] = (schema or {}).get("json_schema", {}).get("properties", {})
    return properties


def _is_camel(parent: str, child: str, schema_of: SchemaOf, around: Surroundings) -> bool:
    """Return whether a new field is in camel case, as the fields around it are."""
    names = [*around.body, *fields_of(schema_of(child)), *fields_of(schema_of(parent))]
    if not _shows_style(names):
        names = [name for other in around.names for name in fields_of(schema_of(other))]
    if _shows_style(names):
        return is_camel_case(names)
    return around.has_camel_links


def _shows_style(names: Sequence[str]) -> bool:
    return is_camel_case(names) or any("_" in name.strip("_") for name in names)

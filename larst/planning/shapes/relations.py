"""Relations in a request's values: conditions on related records, embeds, and dependents. Pure.

Clients name relations as they like; here the session's link fields stand in for the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from larst.domain import Json, Record
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    ANY_FIELD,
    AllOf,
    AnyOf,
    Condition,
    Embed,
    Node,
    Not,
    Related,
    all_of,
    any_of,
    negated,
    to_criteria,
)
from larst.planning.reading.nouns import same_resource, singular
from larst.planning.reading.relation import Relation, Session, find_relation, relations_of
from larst.planning.shapes.links import Many, many_between

MAX_EMBED_STEPS = 20
"""Searches that the embeds of one request may cost."""

_ALL = "*"
_NOT_TEXT = frozenset({"gt", "gte", "lt", "lte", "ne", "in", "exists", "like", "ilike"})
"""Operators that the store cannot apply to all fields at once."""
_MAX_NAME_CHARACTERS = 40


class Records(Session, Protocol):
    """A session whose records can be searched."""

    def matching(self, resource: str, criteria: Mapping[str, Json]) -> Sequence[Record]:
        """Return the records of a resource that meet the criteria."""


def criteria_of(where: Node, resource: str, session: Records) -> dict[str, Json]:
    """Return the criteria of the store, with conditions on related records resolved.

    Raises:
        QueryNotUnderstoodError: a relation does not exist, or a search in all fields needs a text.
    """
    return {} if where == ALWAYS else to_criteria(_resolved(where, resource, session))


def _resolved(node: Node, resource: str, session: Records) -> Node:
    match node:
        case Related(name, inner):
            return _linked(_relation(name, resource, session), inner, session)
        case Not(inner):
            return negated(_resolved(inner, resource, session))
        case AllOf(nodes):
            return all_of([_resolved(child, resource, session) for child in nodes])
        case AnyOf(nodes):
            return any_of([_resolved(child, resource, session) for child in nodes])
        case Condition(field, operator) if field == ANY_FIELD and operator in _NOT_TEXT:
            raise QueryNotUnderstoodError(f"a search in all fields takes a text, not {operator}")
    return node


def _linked(relation: Relation, inner: Node, session: Records) -> Condition:
    """Return the condition on a link field that holds where some related record meets `inner`.

    Ids are compared as text: a link may be stored as text where the id is a number.
    """
    records = session.matching(relation.resource, criteria_of(inner, relation.resource, session))
    if not relation.is_many:
        return Condition(relation.field, "in", [str(record["id"]) for record in records])
    ids = [record[relation.field] for record in records if relation.field in record]
    return Condition("id", "in", [str(id) for id in ids if isinstance(id, int | str)])


def embed_steps(
    embeds: Sequence[Embed], resource: str, session: Records, *, is_lenient: bool = False
) -> list[Mapping[str, Json]]:
    """Return the steps that embed relations, each a search of one resource.

    `from` is the list that a step starts from: 0 the records of the reply, n those of step n.
    `is_lenient`: children that do not exist yet are left out, as json-server does.

    Raises:
        QueryNotUnderstoodError: a relation does not exist, or there are too many.
    """
    if is_lenient:
        embeds = [embed for embed in embeds if not _is_empty(embed.name, resource, session)]
    steps: list[Mapping[str, Json]] = []
    _add_steps(steps, embeds, resource, 0, session)
    return steps


def _add_steps(
    steps: list[Mapping[str, Json]],
    embeds: Sequence[Embed],
    resource: str,
    source: int,
    session: Records,
) -> None:
    for embed in _expanded(embeds, resource, session):
        link = _link(embed.name, resource, session)
        if link is None and embed.name in session.fields(resource):
            continue  # the records hold it themselves
        link = link or _Link(_relation(embed.name, resource, session))
        if len(steps) == MAX_EMBED_STEPS:
            raise QueryNotUnderstoodError(f"a request embeds at most {MAX_EMBED_STEPS} relations")
        steps.append({**_step(embed, link, session), "from": source})
        _add_steps(steps, embed.embed, link.relation.resource, len(steps), session)


@dataclass(frozen=True, slots=True)
class _Link:
    """A relation, and where its ids are held if the related records do not hold them.

    `through` is None if they do, or if the record holds one id; "" if it holds a list of ids, else
    the resource whose records join the two by the field of the relation and by `parent`.
    """

    relation: Relation
    through: str | None = None
    parent: str = ""


def _link(name: str, resource: str, session: Session) -> _Link | None:
    """Return the link to the records that a client calls `name`, or None."""
    relation = find_relation(name, resource, session)
    if relation is not None:
        return _Link(relation)
    related = same_resource(name, session.names())
    if related is None or related == resource:
        return None
    many = many_between(resource, related, session.schema, session.names())
    return None if many is None or many.kind == "one" else _link_of(many, related)


def _link_of(many: Many, resource: str) -> _Link:
    relation = Relation(resource, many.field, is_many=True)
    if many.kind == "child":
        return _Link(relation)
    return _Link(relation, through=many.resource, parent=many.parent_field)


def _is_empty(name: str, resource: str, session: Session) -> bool:
    """Return whether a name may be that of children that do not exist yet."""
    if name in session.resources or singular(name) is None:
        return False
    return _link(name, resource, session) is None


def _expanded(embeds: Sequence[Embed], resource: str, session: Session) -> list[Embed]:
    """Return the embeds, with every relation of the resource in place of `*`."""
    expanded: list[Embed] = []
    for embed in embeds:
        is_all = embed.name == _ALL
        names = relations_of(resource, session) if is_all else ()
        expanded += [Embed(name) for name in names] if is_all else [embed]
    return expanded


def _step(embed: Embed, link: _Link, session: Records) -> dict[str, Json]:
    relation = link.relation
    return {
        "name": embed.alias or embed.name,
        "resource": relation.resource,
        "many": relation.is_many and link.through is None,
        "through": link.through,
        "parent": link.parent,
        "field": relation.field,
        "select": _selected(embed, relation.resource, session),
        "criteria": criteria_of(embed.where, relation.resource, session),
        "sort": ",".join(embed.sort) or None,
        "offset": embed.offset,
        "end": None if embed.limit is None else embed.offset + embed.limit,
    }


def _selected(embed: Embed, resource: str, session: Session) -> list[str] | None:
    """Return the fields to show of related records, with those that link further embeds."""
    if embed.select is None:
        return None
    links = [_link(inner.name, resource, session) for inner in embed.embed]
    fields = [
        link.relation.field
        for link in links
        if link is not None and (link.through == "" or not link.relation.is_many)
    ]
    return [*dict.fromkeys(["id", *embed.select, *fields])]


def _relation(name: str, resource: str, session: Session) -> Relation:
    relation = find_relation(name, resource, session)
    if relation is not None:
        return relation
    relations = ", ".join(sorted(relations_of(resource, session)))
    raise QueryNotUnderstoodError(
        f"{resource} has no relation {name[:_MAX_NAME_CHARACTERS]}; it has {relations or 'none'}"
    )

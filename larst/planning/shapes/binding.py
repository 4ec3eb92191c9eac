"""Binding: fills a plan's identifier, criteria, paging and relations from each request.

A plan holds the common part of all requests of a shape; this module adds the values of one. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from larst.domain import Json, Plan, Record
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    Asked,
    Condition,
    Embed,
    Node,
    Related,
    to_criteria,
    without_relations,
)
from larst.planning.reading.fields import Fields
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from larst.planning.reading.relation import Session, find_relation, relations_of
from larst.planning.reading.request import Reading, fields_of
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import RestPath

_MAX_LISTED_FIELDS = 30
_MAX_HINT_CHARACTERS = 1000
_ALL = "*"


class Knowledge(Session, Protocol):
    """What binding needs to know of a session."""

    def position_of(
        self, resource: str, criteria: Mapping[str, Json], sort: str | None, id: str
    ) -> int | None:
        """Return the place of a record in a sorted list of matches, or None."""

    def matching(self, resource: str, criteria: Mapping[str, Json]) -> Sequence[Record]:
        """Return the records of a resource that meet the criteria."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The values of one request that complete a plan.

    `limit` None is no limit. `embed` are steps: from which list, to which resource, by which field.
    """

    identifier: str | None
    payload: Json
    parents: Sequence[str] = ()
    criteria: dict[str, Json] = field(default_factory=dict)
    limit: int | None = None
    offset: int = 0
    sort: str | None = None
    select: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    embed: Sequence[Mapping[str, Json]] = ()
    hint: str | None = None
    """A warning about unknown fields, sent as X-LARST-Hint; None if all are known."""

    def fill(self, plan: Plan) -> dict[str, Json]:
        """Return the `plan` that a program sees: everything except its code."""
        return {
            "action": plan.action,
            "resource": plan.resource,
            "identifier": self.identifier,
            "parents": list(self.parents),
            "criteria": self.criteria,
            "limit": self.limit,
            "offset": self.offset,
            "sort": self.sort,
            "select": None if self.select is None else list(self.select),
            "exclude": list(self.exclude),
            "embed": list(self.embed),
            "payload": self.payload,
            "response_hints": plan.response_hints,
        }


def bind(shaped: ShapedRequest, plan: Plan, session: Knowledge) -> Binding:
    """Return the values of the request.

    Raises:
        QueryNotUnderstoodError: a relation to embed does not exist.
    """
    path, request = shaped.path, shaped.request
    if not isinstance(path, RestPath):
        return _bind_custom(shaped, plan, session)
    segments = request.segments
    identifier = None if path.identifier is None else segments[path.identifier]
    parents = [segments[parent.index] for parent in path.parents]
    reading = shaped.reading
    if shaped.shape.query:
        asked = _read_leniently(shaped, fields_of(session, path.resource))
    else:
        asked = reading.asked
    criteria = _criteria(asked.where, path.resource, session)
    if path.is_list_of_ids and identifier is not None:
        criteria["id__in"] = identifier.split(",")
    sort = ",".join(asked.sort) or None
    offset = _offset(asked, path.resource, criteria, sort, session)
    return Binding(
        identifier=identifier,
        payload=request.body.json,
        parents=parents,
        criteria=criteria,
        limit=asked.limit,
        offset=offset,
        sort=sort,
        select=_select(asked),
        exclude=asked.exclude,
        embed=embed_steps(asked.embed, path.resource, session) if asked.embed else (),
        hint=_hint(reading, session.fields(path.resource)) if _has_hint(reading) else None,
    )


def _bind_custom(shaped: ShapedRequest, plan: Plan, session: Knowledge) -> Binding:
    """Bind a request that is not plain REST: the last segment like an identifier is its own."""
    request = shaped.request
    places = zip(request.segments, shaped.shape.path, strict=True)
    identifiers = [text for text, segment in places if segment.is_identifier]
    identifier = identifiers[-1] if identifiers else None
    fields = Fields() if plan.resource is None else fields_of(session, plan.resource)
    criteria = _criteria(_read_leniently(shaped, fields).where, plan.resource or "", session) if request.query else {}
    return Binding(identifier, request.body.json, criteria=criteria)


def _read_leniently(shaped: ShapedRequest, fields: Fields) -> Asked:
    """Read the query of a custom request: its program may mean any key in its own way."""
    try:
        return read_query(shaped.request.query, fields, ReadingOptions()).asked
    except QueryNotUnderstoodError:
        return Asked()


def _offset(
    asked: Asked,
    resource: str,
    criteria: Mapping[str, Json],
    sort: str | None,
    session: Knowledge,
) -> int:
    """Return where the page begins; a page behind or before a record is found by its place."""
    if asked.after is not None:
        place = session.position_of(resource, criteria, sort, asked.after)
        return asked.offset if place is None else place + 1
    if asked.before is not None:
        place = session.position_of(resource, criteria, sort, asked.before)
        return 0 if place is None else max(0, place - (asked.limit or 0))
    return asked.offset


def _select(asked: Asked) -> Sequence[str] | None:
    """Return the fields to show; embedded relations are shown too."""
    if asked.select is None:
        return None
    names = [name.partition(".")[0] for name in asked.select]
    return [*dict.fromkeys([*names, *(embed.name for embed in asked.embed)])]


def embed_steps(
    embeds: Sequence[Embed], resource: str, session: Session
) -> list[Mapping[str, Json]]:
    """Return the steps that embed relations: one search of a resource each.

    Raises:
        QueryNotUnderstoodError: a relation does not exist; the detail lists those that do.
    """
    steps: list[Mapping[str, Json]] = []
    _add_steps(steps, embeds, resource, 0, session)
    return steps


def _add_steps(
    steps: list[Mapping[str, Json]],
    embeds: Sequence[Embed],
    resource: str,
    source: int,
    session: Session,
) -> None:
    for embed in embeds:
        if embed.name == _ALL:
            every = [Embed(name) for name in relations_of(resource, session)]
            _add_steps(steps, every, resource, source, session)
            continue
        step = _step(embed, resource, session)
        if step is None:
            continue
        steps.append({**step, "from": source})
        _add_steps(steps, embed.embed, str(step["resource"]), len(steps), session)


def _step(embed: Embed, resource: str, session: Session) -> dict[str, Json] | None:
    """Return how a relation is embedded; None for a field that the records hold themselves."""
    name = embed.name
    relation = find_relation(name, resource, session)
    if relation is None and name in session.fields(resource):
        return None
    if relation is None:
        relations = ", ".join(sorted(relations_of(resource, session)))
        raise QueryNotUnderstoodError(
            f"{resource} has no relation {name[:40]}; it has {relations or 'none'}"
        )
    return {
        "name": embed.alias or name,
        "resource": relation.resource,
        "many": relation.is_many,
        "field": relation.field,
        "select": None if embed.select is None else [*dict.fromkeys(["id", *embed.select])],
        "criteria": {} if embed.where == ALWAYS else to_criteria(embed.where),
        "sort": ",".join(embed.sort) or None,
        "offset": embed.offset,
        "end": None if embed.limit is None else embed.offset + embed.limit,
    }


def _criteria(where: Node, resource: str, session: Knowledge) -> dict[str, Json]:
    """Return the criteria of the store, with conditions on related records resolved."""

    def resolve(related: Related) -> Node:
        name = related.relation
        relation = find_relation(name, resource, session)
        if relation is None:
            raise QueryNotUnderstoodError(f"{resource} has no relation {name[:40]}")
        inner = _criteria(related.node, relation.resource, session)
        records = session.matching(relation.resource, inner)
        if relation.is_many:
            ids = [record.get(relation.field) for record in records]
            return Condition("id", "in", [id for id in ids if id is not None])
        return Condition(relation.field, "in", [record["id"] for record in records])

    return to_criteria(without_relations(where, resolve))


def _has_hint(reading: Reading) -> bool:
    return bool(reading.unknown or reading.not_values)


def _hint(reading: Reading, fields: frozenset[str]) -> str | None:
    parts: list[str] = []
    if reading.unknown and fields:
        listed = ", ".join(map(ascii, sorted(fields)[:_MAX_LISTED_FIELDS]))
        names = ", ".join(map(ascii, reading.unknown))
        parts.append(f"no record ever had {names}; the fields are: {listed}")
    if reading.not_values:
        texts = ", ".join(map(ascii, reading.not_values))
        parts.append(f"{texts} looks like a missing value of a program")
    return "; ".join(parts)[:_MAX_HINT_CHARACTERS] or None

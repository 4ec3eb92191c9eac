"""Binding: fills a plan's identifier, criteria, paging and relations from each request.

A plan holds the common part of all requests of a shape; this module adds the values of one. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

from larst.domain import (
    AND,
    BY_CODE_POINTS,
    LINKED,
    SINGLETON_ID,
    Json,
    Plan,
    Record,
    RequestContext,
    value_object,
)
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import NEVER, Asked
from larst.planning.reading.fields import Fields
from larst.planning.reading.nouns import folded, link_fields_of, same_resource
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from larst.planning.reading.relation import Session
from larst.planning.reading.request import NOTHING_READ, Reading, fields_of
from larst.planning.shapes.links import is_singleton
from larst.planning.shapes.relations import criteria_of, embed_steps
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import RestPath

_MAX_LISTED_FIELDS = 30
_MAX_HINT_CHARACTERS = 1000
_MAX_ID_CHARACTERS = 80


class Knowledge(Session, Protocol):
    """What binding needs to know of a session."""

    def position_of(
        self, resource: str, criteria: Mapping[str, Json], sort: str | None, id: str
    ) -> int | None:
        """Return the place of a record in a sorted list of matches, or None."""

    def matching(self, resource: str, criteria: Mapping[str, Json]) -> Sequence[Record]:
        """Return the records of a resource that meet the criteria."""


@value_object
class Binding:
    """The values of one request that complete a plan.

    `limit` None means all. `embed` are steps: from which list, to which resource, by which field.
    """

    identifier: str | None
    payload: Json
    item: str | None = None
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
            "item": self.item,
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
        QueryNotUnderstoodError: a relation, or the record at which a page begins, does not exist.
        BadPagingError: the paging of a request that is not plain REST makes no sense.
    """
    path, request = shaped.path, shaped.request
    if not isinstance(path, RestPath):
        return _bind_custom(shaped, plan, session)
    segments = request.segments
    identifier = SINGLETON_ID if path.is_singleton else _segment(segments, path.identifier)
    parents = [segments[parent.index] for parent in path.parents]
    reading = shaped.reading
    if not (request.query or shaped.shape.asks or path.is_list_of_ids):
        item = _segment(segments, path.item)
        return Binding(identifier, request.body.json, item=item, parents=parents)
    if shaped.shape.query:
        asked = read_leniently(request, fields_of(session, path.resource))
    else:
        asked = reading.asked
    criteria = criteria_of(asked.where, path.resource, session)
    if path.is_list_of_ids and identifier is not None:
        criteria = with_ids(criteria, identifier.split(","))
    of_list = narrowed(shaped, path, criteria, parents)
    sort = _sort(asked, reading)
    limit, offset = _page(asked, path.resource, of_list, sort, session)
    return Binding(
        identifier=identifier,
        payload=request.body.json,
        item=_segment(segments, path.item),
        parents=parents,
        criteria=criteria,
        limit=limit,
        offset=offset,
        sort=sort,
        select=_select(asked),
        exclude=asked.exclude,
        embed=_steps(shaped, path, asked, session),
        hint=_hint(reading, session.fields(path.resource)) if _has_hint(reading) else None,
    )


def _segment(segments: Sequence[str], place: int | None) -> str | None:
    return None if place is None else segments[place]


def _steps(
    shaped: ShapedRequest, path: RestPath, asked: Asked, session: Knowledge
) -> Sequence[Mapping[str, Json]]:
    """Return the relations to embed, or the dependents to delete with the record."""
    if shaped.shape.method == "DELETE" and "cascade" in shaped.shape.asks:
        return dependent_steps(path.resource, asked.dependents, session)
    if not asked.embed:
        return ()
    is_lenient = shaped.reading.dialect.ignores_unknown
    return embed_steps(asked.embed, path.resource, session, is_lenient=is_lenient)


def dependent_steps(
    resource: str, names: Sequence[str], session: Session
) -> list[Mapping[str, Json]]:
    """Return where the records are that link to a record; `names` limits the resources.

    Raises:
        QueryNotUnderstoodError: a named resource does not link to this one.
    """
    steps: list[Mapping[str, Json]] = []
    for name in session.names():
        if is_singleton(session.schema(name)):
            continue
        links = link_fields_of(resource, session.fields(name))
        steps += [
            {"name": name, "resource": name, "field": link}
            for link in links
            if folded(link).endswith("id") and name != resource
        ]
    linked = {str(step["resource"]) for step in steps}
    wanted = {same_resource(name, linked) or name for name in names}
    if wanted - linked:
        raise QueryNotUnderstoodError(
            f"{', '.join(sorted(wanted - linked))[:80]} does not depend on {resource};"
            f" what does: {', '.join(sorted(linked)) or 'nothing'}"
        )
    return [step for step in steps if not names or step["resource"] in wanted]


def _bind_custom(shaped: ShapedRequest, plan: Plan, session: Knowledge) -> Binding:
    """Bind a request that is not plain REST: the last segment like an identifier is its own."""
    request = shaped.request
    places = zip(request.segments, shaped.shape.path, strict=True)
    identifiers = [text for text, segment in places if segment.is_identifier]
    identifier = identifiers[-1] if identifiers else None
    if not request.query:
        return Binding(identifier, request.body.json)
    resource = plan.resource or ""
    asked = read_leniently(request, fields_of(session, resource))
    criteria = criteria_of(asked.where, resource, session)
    sort = _sort(asked)
    limit, offset = _page(asked, resource, criteria, sort, session)
    return Binding(
        identifier,
        request.body.json,
        criteria=criteria,
        limit=limit,
        offset=offset,
        sort=sort,
        select=_select(asked),
        exclude=asked.exclude,
    )


def read_leniently(request: RequestContext, fields: Fields) -> Asked:
    """Read the query of a custom request, whose program may mean any key in its own way.

    A query that is not understood matches nothing: ignored, it would widen a change.

    Raises:
        BadPagingError: its paging makes no sense.
    """
    try:
        return read_query(request.query, fields, ReadingOptions()).asked
    except QueryNotUnderstoodError:
        return Asked(where=NEVER)


def narrowed(
    shaped: ShapedRequest, path: RestPath, criteria: dict[str, Json], parents: Sequence[str]
) -> dict[str, Json]:
    """Return the criteria with those of the path: below the last parent."""
    links = shaped.facts["links"].get(path.resource) if parents else None
    if not links or path.resource in shaped.facts.get("many", {}):
        return criteria
    return {AND: [criteria, {LINKED: dict.fromkeys(links, parents[-1])}]}


def with_ids(criteria: dict[str, Json], ids: Sequence[str]) -> dict[str, Json]:
    """Return the criteria, restricted to the ids of the path; the query cannot widen them."""
    of_path: dict[str, Json] = {"id__in": list(ids)}
    return {**of_path, AND: [criteria]} if criteria else of_path


def _page(
    asked: Asked,
    resource: str,
    criteria: Mapping[str, Json],
    sort: str | None,
    session: Knowledge,
) -> tuple[int | None, int]:
    """Return limit and offset; a page after or before a record begins or ends at its place.

    Raises:
        QueryNotUnderstoodError: that record is not among the matches.
    """
    if (cursor := asked.after or asked.before) is None:
        return asked.limit, asked.offset
    place = session.position_of(resource, criteria, sort, cursor)
    if place is None:
        raise QueryNotUnderstoodError(
            f"no record of the list has the id {cursor[:_MAX_ID_CHARACTERS]}: begin at the first"
            " page again"
        )
    if asked.after is not None:
        return asked.limit, place + 1
    first = 0 if asked.limit is None else max(0, place - asked.limit)
    return place - first, first


def _sort(asked: Asked, reading: Reading = NOTHING_READ) -> str | None:
    """Return the order for the store; texts sort as the dialect of the request has it."""
    keys = asked.sort
    if keys and reading.habits.sorts_by_code_points:
        keys = tuple([_by_code_points(key) for key in keys])
    return ",".join(keys) or None


def _by_code_points(key: str) -> str:
    name = key.removeprefix("-")
    return f"{'-' if name != key else ''}{BY_CODE_POINTS}{name}"


def _select(asked: Asked) -> Sequence[str] | None:
    """Return the fields to show; embedded relations are shown too."""
    if asked.select is None:
        return None
    names = [name.partition(".")[0] for name in asked.select]
    return [*dict.fromkeys([*names, *(embed.name for embed in asked.embed)])]


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

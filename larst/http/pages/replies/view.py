"""What a page shows of a reply, and what the session knows about its resource. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from larst.domain import Json
from larst.planning.reading.nouns import folded, link_candidates
from larst.planning.shapes import RestPath
from larst.store import SessionStore

MAX_RESOURCES = 200
"""The resources of a session that pages know of."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The resources of a session around the one that a page is about.

    `counts` has the number of records by resource. `fields` are all fields of the resource. `links`
    names the resource whose ids a field holds, `children` the resources that link to this one.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[str] = ()


async def neighbours_of(store: SessionStore, resource: str | None) -> Neighbours:
    """Return what a session knows around a resource; None: only which resources it has."""
    counts = store.data.counts()
    names = list(counts)[:MAX_RESOURCES]
    known = {name: counts[name] for name in names}
    if resource is None:
        return Neighbours(known)
    own = store.data.fields(resource)
    by_folded = {folded(name): name for name in own}
    links: dict[str, str] = {}
    for name in names:
        for candidate in link_candidates(name):
            if candidate in by_folded:
                links.setdefault(by_folded[candidate], name)
    candidates = frozenset(link_candidates(resource))
    children = [
        name
        for name in names
        if name != resource and not candidates.isdisjoint(map(folded, store.data.fields(name)))
    ]
    return Neighbours(known, own, links, children)


@dataclass(frozen=True, slots=True)
class View:
    """A reply in JSON, and the request that it answers.

    `body` is the number of bytes if it `is_too_long`. `prefix` names the session in the path
    (`/@shop`) or is empty; `path` is the decoded path behind it, for reading. `raw_query` is as
    sent. `rest_path` says what the path means, None if REST convention gives it no meaning;
    `is_record`: it names one record. `sort` has the fields that a list is sorted by, with `-`
    before a descending one; `offset` is its first record. `total` is None unless it is a list.
    `pages` has the queries of the other pages by relation. `notes` say how the request was read.
    """

    status: int
    body: Json
    prefix: str
    path: str
    raw_query: str
    session_id: str | None
    request_id: str
    has_console: bool
    rest_path: RestPath | None = None
    is_record: bool = False
    total: int | None = None
    offset: int = 0
    sort: tuple[str, ...] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    neighbours: Neighbours = field(default_factory=Neighbours)
    is_too_long: bool = False

"""The cases of resources below other records. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from larst.domain import Record
from larst.eject.description import Api, Below, Resource
from larst.eject.nesting import Ancestor, Nesting, nesting_of
from larst.eject.replays import MAX_SAMPLE, MISSING_ID, Case, Request, at, get, send, without


def nested_cases(api: Api, resource: Resource, below: Below) -> Iterator[Case]:
    """Yield the cases of a resource below the records of its first complete chain."""
    nesting = nesting_of(api, resource, below)
    chain = _chain(nesting.ancestors)
    if chain is None:
        return
    path, stem, many = _nested_path(nesting, chain), nesting.stem, nesting.many
    gone = _nested_path(nesting, [*chain[:-1], {"id": MISSING_ID}])
    body = without(resource.records[0], "id", *below.links)
    children = [
        row for row in resource.records[:MAX_SAMPLE] if _is_below(row, below.links, chain[-1])
    ]
    for name, requests in _nested(below.methods, path, gone, body):
        yield Case(f"{name}_{many}", resource.module, requests)
    if children:
        own = at(path, children[0]["id"])
        for method in sorted(below.record_methods & {"GET", "DELETE"}):
            yield Case(f"{method.lower()}_{stem}", resource.module, (Request(method, own),))
        for method in sorted(below.record_methods & {"PUT"}):
            yield Case(f"replace_{stem}", resource.module, (send(method, own, body),))
        for method in sorted(below.record_methods & {"PATCH"}):
            yield Case(f"change_{stem}", resource.module, (send(method, own, {}),))


def _nested(
    methods: frozenset[str], path: str, gone: str, body: Record
) -> Iterator[tuple[str, tuple[Request, ...]]]:
    if "GET" in methods:
        yield "list", (get(path), get(path, limit=1), get(path, sort="-id"))
        yield "missing_parent_of", (get(gone),)
    if "POST" in methods:
        yield "create", (send("POST", path, body),)
    if "DELETE" in methods:
        yield "delete_all_without_a_filter_of", (Request("DELETE", path),)


def _chain(ancestors: Sequence[Ancestor]) -> list[Record] | None:
    """Return records of which each belongs to the one before, or None."""
    chain: list[Record] = []
    for ancestor in ancestors:
        rows = ancestor.resource.records[:MAX_SAMPLE]
        below = [row for row in rows if not chain or _is_below(row, ancestor.links, chain[-1])]
        if not below:
            return None
        chain.append(below[0])
    return chain


def _is_below(record: Record, links: Sequence[str], above: Record) -> bool:
    return str(above["id"]) in [str(record.get(link)) for link in links]


def _nested_path(nesting: Nesting, chain: Sequence[Record]) -> str:
    steps = "".join(
        f"/{ancestor.resource.name}/{quote(str(row['id']), safe='')}"
        for ancestor, row in zip(nesting.ancestors, chain, strict=True)
    )
    return f"{nesting.resource.prefix}{steps}/{nesting.resource.name}"

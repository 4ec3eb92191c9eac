"""The rehearsal of a new program: runs on other records and other values, before its first effect.

A rehearsal is a run whose transaction is dropped. Pure: here are the requests to rehearse with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from larst.domain import Body, BodyKind, Json, RequestContext
from larst.planning.shapes import ShapedRequest
from larst.store import SessionStore
from larst.store.records import key_of

MAX_REHEARSALS = 3

_MAX_FIELDS = 100


def rehearsal_requests(shaped: ShapedRequest, store: SessionStore) -> list[RequestContext]:
    """Return at most `MAX_REHEARSALS` requests of the same kind: other records, other values.

    Raises:
        LeaveLoopError: the message has no steps left on the event loop.
    """
    requests = chain(_with_other_values(shaped), _with_other_records(shaped, store))
    return [*islice(requests, MAX_REHEARSALS)]


def _with_other_records(shaped: ShapedRequest, store: SessionStore) -> Iterator[RequestContext]:
    """Yield the request for the first and the last record of the collection that it names."""
    request = shaped.request
    for place, segment in enumerate(shaped.shape.path):
        if place == 0 or not segment.is_identifier:
            continue
        collection = request.segments[place - 1]
        for id in _edge_ids(store, collection):
            if id != request.segments[place]:
                segments = (*request.segments[:place], id, *request.segments[place + 1 :])
                yield replace(request, segments=segments, path=f"/{'/'.join(segments)}")


def _edge_ids(store: SessionStore, collection: str) -> list[str]:
    """Return the ids of the first and the last record, or fewer."""
    if collection not in store.data.resources:
        return []
    records = store.commits.begin().resource(collection)
    (first, total), ids = records.list(limit=1), list[str]()
    if total > 1:
        first = [*first, *records.list(limit=1, offset=total - 1)[0]]
    for record in first:
        ids.append(key_of(record["id"]))
    return ids


def _with_other_values(shaped: ShapedRequest) -> Iterator[RequestContext]:
    """Yield the request with other values of the same kinds in its body."""
    body = shaped.request.body
    if body.kind is BodyKind.OBJECT and isinstance(body.json, dict):
        changed = {name: _other(value) for name, value in islice(body.json.items(), _MAX_FIELDS)}
        values = {**body.json, **changed}
        if values != body.json:
            yield replace(shaped.request, body=Body(BodyKind.OBJECT, json=values))


def _other(value: Json) -> Json:
    match value:
        case bool():
            return not value
        case int() | float():
            return 2 if value == 1 else 1
    return value

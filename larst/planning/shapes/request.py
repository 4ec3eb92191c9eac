"""A request together with everything that planning derives from it, computed once.

Pure. Must never be kept longer than its request: it holds the request's values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property

import orjson

from larst.domain import BodyKind, Json, RequestContext, value_object
from larst.errors import QueryNotUnderstoodError, QueryUnsupportedError
from larst.planning.reading.nearest import nearest
from larst.planning.reading.paths import normalize, prefix_length
from larst.planning.reading.relation import Session
from larst.planning.reading.request import (
    NOTHING_ASKED,
    NOTHING_READ,
    Reading,
    ReadingSettings,
    choose_dialect,
    read_request,
)
from larst.planning.shapes.asks import asks_of
from larst.planning.shapes.rest_path import (
    DATABASE,
    MIN_NESTED_SEGMENTS,
    PathInterpretation,
    RestPath,
    SchemaOf,
    Surroundings,
    interpret_shape,
)
from larst.planning.shapes.shape import Shape, path_shape, query_shape, shape_key
from larst.planning.shapes.sketch import preferred_media_type
from larst.planning.shapes.usual import usual_meaning


@value_object
class ShapedRequest:
    """A request, its shape, the meaning of its path, and the key of its plans in the plan book.

    `request` is in LARST's own form: method, path and body as they were read; `reading` holds what
    it asks for. `facts` holds what the meaning of the path depends on in the session. `schema_of`
    returns the learned schema of a resource; `schemas` are sketches of them for a planner, empty
    until needed. `operation` is what the session's contract says about the request.
    """

    request: RequestContext
    shape: Shape
    path: PathInterpretation
    facts: Mapping[str, Json]
    key: str
    schema_of: SchemaOf
    reading: Reading = NOTHING_READ
    schemas: Mapping[str, Json] = field(default_factory=dict)
    operation: Mapping[str, Json] = field(default_factory=dict)

    @cached_property
    def accept(self) -> str:
        """The media type that the client prefers."""
        return preferred_media_type(self.request.headers)

    @cached_property
    def digest(self) -> str:
        """A hash of the request, its values and its session: 64 hex digits."""
        request = self.request
        identity = [
            request.session_key,
            request.method,
            request.segments,
            sorted(request.query.items()),
            str(request.body.kind),
            request.body.json,
            request.body.text,
            self.accept,
        ]
        return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def with_operation(self, operation: Mapping[str, Json]) -> ShapedRequest:
        """Return the request with what a contract says: its plan was made from that."""
        digest = hashlib.sha256(orjson.dumps(operation, option=orjson.OPT_SORT_KEYS)).hexdigest()
        facts = {**self.facts, "operation": digest[:16]}
        key = shape_key(self.shape.as_json(), facts)
        return replace(self, facts=facts, key=key, operation=operation)

    def detached(self, schema_of: SchemaOf, schemas: Mapping[str, Json]) -> ShapedRequest:
        """Return a copy that does not read the session, for planning outside its actor."""
        return replace(self, schema_of=schema_of, schemas=schemas)


def shape_request(
    request: RequestContext, session: Session, settings: ReadingSettings
) -> ShapedRequest:
    """Return the request as it was read, with its shape.

    Raises:
        QueryNotUnderstoodError: a part of the query has no known meaning.
        BadPagingError: its paging makes no sense.
    """
    if (usual := usual_meaning(request, session, settings)) is not None:
        shape, path, facts, key, reading = usual
        return ShapedRequest(request, shape, path, facts, key, session.schema, reading)
    normalized = normalize(request, session)
    is_wrapped = len(normalized.request.segments) < len(request.segments)
    reading = choose_dialect(request, settings, is_wrapped=is_wrapped)
    if normalized.notes:
        reading = replace(reading, notes=normalized.notes)
    request = normalized.request
    start = prefix_length(request.segments, session.resources)
    request = _with_update(request, session, reading, start)
    method = "GET" if request.method == "HEAD" else request.method
    segments = path_shape(request.segments, session.has_record, start)
    shape = Shape(method, segments, (), request.body.kind)
    path, facts = interpret_shape(
        shape, session.schema, _surroundings(request, session, reading, start)
    )
    read = None
    if isinstance(path, RestPath) and not _is_custom(request, path):
        read = _read(request, path, session, reading, settings)
        path = path if read is not None else None
    if isinstance(path, RestPath) and read is not None:
        request, reading = read
        _refuse_parts(path, reading, method)
        reading = _with_near_miss(reading, path, session)
        shape = Shape(method, segments, (), request.body.kind, asks_of(reading, path, method))
    elif request.query:
        shape = replace(shape, query=query_shape(request.query))
    key = shape_key(shape.as_json(), facts)
    return ShapedRequest(request, shape, path, facts, key, session.schema, reading)


def _read(
    request: RequestContext,
    path: RestPath,
    session: Session,
    reading: Reading,
    settings: ReadingSettings,
) -> tuple[RequestContext, Reading] | None:
    """Return the request as it was read; None if only a model can plan its query.

    Raises:
        QueryNotUnderstoodError: a part of the query has no known meaning.
        BadPagingError: its paging makes no sense.
    """
    try:
        return read_request(request, path, session, reading, settings)
    except QueryUnsupportedError:
        # A change must not guess what it selects.
        if settings.has_model and request.method in ("GET", "HEAD"):
            return None
        raise


def _with_update(
    request: RequestContext, session: Session, reading: Reading, start: int
) -> RequestContext:
    """Return POST to a record as PATCH in a dialect that changes records so, such as Stripe's."""
    is_update = request.method == "POST" and reading.habits.updates_by_post
    if not is_update or len(request.segments) != start + 2:
        return request
    resource, identifier = request.segments[start:]
    is_record = session.has_record(resource, identifier)
    return replace(request, method="PATCH") if is_record else request


def _is_custom(request: RequestContext, path: RestPath) -> bool:
    """Return whether a path that reads like a record may be an action: a word, and more."""
    if not path.is_word or path.is_latest or path.field is not None:
        return False
    return request.method == "POST" or bool(request.query)


def _surroundings(
    request: RequestContext, session: Session, reading: Reading, start: int
) -> Surroundings:
    """Return what the meaning of the path may depend on: nothing more for a short one."""
    has_database = reading.habits.name == "json-server" or DATABASE not in session.resources
    if len(request.segments) - start <= MIN_NESTED_SEGMENTS:
        return Surroundings(session.resources, start=start, has_database=has_database)
    body = request.body.json if request.method in ("POST", "PUT") else None
    return Surroundings(
        session.resources,
        names=session.names(),
        start=start,
        body=_scalars(body),
        is_bare=body == {} or request.body.kind is BodyKind.NONE,
        parent_ids=request.segments[start + 1 :: 2],
        has_camel_links=reading.dialect.has_camel_links,
        has_database=has_database,
    )


def _scalars(body: Json) -> dict[str, Json]:
    """Return the fields of the body, or of the items of a list, that may hold an id."""
    if isinstance(body, dict) and len(body) == 1:  # it may be wrapped: {"data": {…}}
        (inner,) = body.values()
        body = inner if isinstance(inner, dict | list) else body
    items = body[:_MAX_ITEMS] if isinstance(body, list) else [body]
    return {
        name: value
        for item in items
        if isinstance(item, dict)
        for name, value in item.items()
        if type(value) in (int, str)
    }


_MAX_ITEMS = 100
"""How many items of a body are looked at for link fields."""


def _refuse_parts(path: RestPath, reading: Reading, method: str) -> None:
    """Refuse a query that selects a part of a single value: it would be ignored in silence.

    Raises:
        QueryNotUnderstoodError: the query has criteria, order or paging.
    """
    asked = reading.asked
    if path.is_first and (asked.offset or asked.limit not in (None, 1)):
        raise QueryNotUnderstoodError(
            "the path names the first record alone; GET the list with limit and offset"
        )
    if path.is_latest and not path.is_first and (asked.sort or asked.offset):
        raise QueryNotUnderstoodError(
            "the newest record has no order and no offset; GET the list with sort and limit"
        )
    is_part = asked.where != NOTHING_ASKED.where or asked.is_paged or bool(asked.sort)
    if path.is_whole and is_part:
        raise QueryNotUnderstoodError(
            "the path names one value, which takes no filters, order or pages; drop the query"
        )
    is_record = path.identifier is not None and not (path.is_list_of_ids or path.is_latest)
    if is_record and is_part and method in ("PUT", "PATCH", "DELETE"):
        raise QueryNotUnderstoodError(
            "the path names the record to change, and the query asks for others; drop the query"
        )


_SHORT_NAME = 5
"""Names of so many letters are alike with a single different letter only."""


def _with_near_miss(reading: Reading, path: RestPath, session: Session) -> Reading:
    """Return the reading, with a note if the resource is unknown and its name close to another."""
    name = path.resource
    if name in session.resources or path.is_whole:
        return reading
    known = nearest(name, session.names(), at_most=2 if len(name) > _SHORT_NAME else 1)
    if known is None:
        return reading
    return replace(reading, notes=(*reading.notes, f"{name} is new; did you mean {known}?"))

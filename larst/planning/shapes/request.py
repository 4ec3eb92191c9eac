"""A request together with everything that planning derives from it, computed once.

Pure. Must never be kept longer than its request: it holds the request's values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import orjson

from larst.domain import Json, RequestContext
from larst.planning.reading.paths import is_verb, normalize
from larst.planning.reading.request import (
    NOTHING_READ,
    Reading,
    ReadingSettings,
    Session,
    asks_of,
    choose_dialect,
    read_request,
)
from larst.planning.shapes.rest_path import (
    PathInterpretation,
    RestPath,
    SchemaOf,
    interpret_shape,
)
from larst.planning.shapes.shape import Shape, path_shape, query_shape, shape_key
from larst.planning.shapes.sketch import preferred_media_type


@dataclass(frozen=True)
class ShapedRequest:
    """A request, its shape, the meaning of its path, and the key of its plans in the plan book.

    `request` is in LARST's own form: method, path and body as they were read; `reading` holds what
    it asks for. `facts` holds what the meaning of the path depends on in the session. `schema_of`
    returns the learned schema of a resource; `schemas` are sketches of them for a planner, empty
    until needed.
    """

    request: RequestContext
    shape: Shape
    path: PathInterpretation
    facts: Mapping[str, Json]
    key: str
    schema_of: SchemaOf
    reading: Reading = NOTHING_READ
    schemas: Mapping[str, Json] = field(default_factory=dict)

    @cached_property
    def accept(self) -> str:
        """The media type that the client prefers."""
        return preferred_media_type(self.request.headers)

    @cached_property
    def digest(self) -> str:
        """A hash of the request, its values and its session: 64 hex digits."""
        request = self.request
        identity = [
            request.session_id,
            request.method,
            request.segments,
            sorted(request.query.items()),
            str(request.body.kind),
            request.body.json,
            request.body.text,
            self.accept,
        ]
        return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()

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
    reading = choose_dialect(request, request.path, settings)
    normalized = normalize(request, session)
    if normalized.notes:
        reading = replace(reading, notes=normalized.notes)
    request = normalized.request
    method = "GET" if request.method == "HEAD" else request.method
    segments = path_shape(request.segments, session.has_record)
    shape = Shape(method, segments, (), request.body.kind)
    path, facts = interpret_shape(
        shape, session.schema, has_camel_links=reading.dialect.has_camel_links
    )
    if isinstance(path, RestPath) and _is_action(request, path, session):
        path = None
    if isinstance(path, RestPath) and not _is_custom(request, path):
        request, reading = read_request(request, path, session, reading, settings)
        shape = Shape(method, segments, (), request.body.kind, asks_of(reading, path))
    elif request.query:
        shape = replace(shape, query=query_shape(request.query))
    key = shape_key(shape.as_json(), facts)
    return ShapedRequest(request, shape, path, facts, key, session.schema, reading)


def _is_custom(request: RequestContext, path: RestPath) -> bool:
    """Return whether a path that reads like a record may be an action: a word, and more."""
    return path.is_word and (request.method == "POST" or bool(request.query))


def _is_action(request: RequestContext, path: RestPath, session: Session) -> bool:
    """Return whether a path names an action instead of a resource: `/login`, `/createPost`."""
    del request
    return path.resource not in session.resources and is_verb(path.resource)

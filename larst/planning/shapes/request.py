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
from larst.planning.shapes.rest_path import PathInterpretation, SchemaOf, interpret_shape
from larst.planning.shapes.shape import IsRecord, Shape, shape_key, shape_of
from larst.planning.shapes.sketch import preferred_media_type


@dataclass(frozen=True)
class ShapedRequest:
    """A request, its shape, the meaning of its path, and the key of its plans in the plan book.

    `facts` holds what the meaning of the path depends on in the session. `schema_of` returns the
    learned schema of a resource; `schemas` are sketches of them for a planner, empty until needed.
    """

    request: RequestContext
    shape: Shape
    path: PathInterpretation
    facts: Mapping[str, Json]
    key: str
    schema_of: SchemaOf
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
    request: RequestContext, is_record: IsRecord, schema_of: SchemaOf
) -> ShapedRequest:
    """Return the request with its shape; `is_record` recognizes ids that look like names."""
    shape = shape_of(request, is_record)
    path, facts = interpret_shape(shape, schema_of)
    key = shape_key(shape.as_json(), facts)
    return ShapedRequest(request, shape, path, facts, key, schema_of)

"""The usual requests, whose meaning depends on the path alone: they are read at once. Pure.

Must never give another meaning than a full reading: a request with anything unusual in it, in its
path, headers or body, is left to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from larst.domain import Body, BodyKind, Json, Notation, RequestContext
from larst.planning.reading.relation import Session
from larst.planning.reading.request import (
    NOTHING_READ,
    Reading,
    ReadingSettings,
    asks_nothing,
    choose_dialect,
)
from larst.planning.shapes.links import is_singleton
from larst.planning.shapes.rest_path import (
    DATABASE,
    PathInterpretation,
    Surroundings,
    interpret_shape,
)
from larst.planning.shapes.shape import Segment, Shape, is_number_id, path_shape, shape_key

UsualMeaning: TypeAlias = tuple[Shape, PathInterpretation, Mapping[str, Json], str, Reading]
"""The shape, the meaning of the path, what that depends on, the key, and the reading."""

_CHANGED_AT: Mapping[str, int] = {"POST": 1, "PUT": 2, "PATCH": 2, "DELETE": 2}
"""The length of the path at which each method usually changes records."""

_ANY, _JSON = "*/*", "application/json"
_PLAIN = frozenset(
    "accept accept-encoding accept-language connection content-length content-type host origin"
    " referer user-agent x-request-id x-session-id".split()
)
"""The headers that cannot change the meaning of a request; two of them only by their values."""

_SPECIAL = frozenset({"data", "id", "_method"})
"""Fields that are read in full even where records have them."""


UsualKey: TypeAlias = tuple[str, str, bool]
"""The method, the resource, and whether the path goes on with a number."""

_KEYED_AT: Mapping[str, Sequence[int]] = {
    "GET": (1, 2),
    **{method: (length,) for method, length in _CHANGED_AT.items()},
}


def usual_key(request: RequestContext) -> UsualKey | None:
    """Return what the meaning of a usual request without a query depends on.

    Beside the key, it depends on the session, and for changes on `fits_usual`. None: it may depend
    on more.
    """
    method, segments, headers = request.method, request.segments, request.headers
    count = len(segments)
    if count not in _KEYED_AT.get(method, ()) or not _asks_for_nothing(headers):
        return None
    resource = segments[0]
    if count == 1:
        return (method, resource, False) if request.path == f"/{resource}" else None
    identifier = segments[1]
    is_plain = is_number_id(identifier) and request.path == f"/{resource}/{identifier}"
    return (method, resource, True) if is_plain else None


def fits_usual(request: RequestContext, fields: frozenset[str]) -> bool:
    """Return whether a request has the body that is usual for its method."""
    body = request.body
    if request.method in ("GET", "DELETE"):
        return body.kind is BodyKind.NONE
    return body.kind is BodyKind.OBJECT and _is_plain_record(body, fields)


def usual_meaning(
    request: RequestContext, session: Session, settings: ReadingSettings
) -> UsualMeaning | None:
    """Return the meaning of a usual request; None if there is more to read."""
    is_read = request.method in ("GET", "HEAD")
    return (_read if is_read else _change)(request, session, settings)


def _read(
    request: RequestContext, session: Session, settings: ReadingSettings
) -> UsualMeaning | None:
    """Return the meaning of GET of a known collection, or of a record in it."""
    segments = request.segments
    if len(segments) not in (1, 2) or segments[0] not in session.resources:
        return None
    last = segments[-1]
    is_name = last[:1] != "_" and last.replace("-", "").replace("_", "").isalnum()
    if not is_name or segments[0] == DATABASE or not asks_nothing(request):
        return None
    reading = choose_dialect(request, settings, is_wrapped=False)
    path_segments = path_shape(segments, session.has_record, 0)
    # Only a word can name a part of a singleton.
    is_record = len(segments) == 2 and path_segments[1].is_identifier
    if not is_record and is_singleton(session.schema(segments[0])):
        return None
    return *_shape_of(path_segments), reading


def _change(
    request: RequestContext, session: Session, settings: ReadingSettings
) -> UsualMeaning | None:
    """Return the meaning of a change with a record of known fields, or of a deletion."""
    segments, body = request.segments, request.body
    has_body = request.method != "DELETE"
    if len(segments) != _CHANGED_AT.get(request.method) or segments[0] not in session.resources:
        return None
    if request.query or body.kind is not (BodyKind.OBJECT if has_body else BodyKind.NONE):
        return None
    if not _has_plain_path(request) or not _asks_for_nothing(request.headers):
        return None
    if has_body and not _is_plain_record(body, session.fields(segments[0])):
        return None
    path_segments = path_shape(segments, session.has_record, 0)
    if len(segments) == 2 and not path_segments[1].is_identifier:
        return None
    if is_singleton(session.schema(segments[0])):
        return None
    if choose_dialect(request, settings, is_wrapped=False) is not NOTHING_READ:
        return None
    return *_shape_of(path_segments, request.method, body.kind), NOTHING_READ


def _has_plain_path(request: RequestContext) -> bool:
    last = request.segments[-1]
    is_name = last[:1] != "_" and last.replace("-", "").replace("_", "").isalnum()
    return is_name and request.segments[0] != DATABASE and request.path == request.path.rstrip("/")


def _asks_for_nothing(headers: Mapping[str, str]) -> bool:
    accepts = headers.get("accept", _ANY) in (_ANY, _JSON)
    return accepts and headers.get("content-type", _JSON) == _JSON and headers.keys() <= _PLAIN


def _is_plain_record(body: Body, fields: frozenset[str]) -> bool:
    """Return whether a body is a record as it stands; a single field could be its wrapping."""
    record = body.json
    if not record or not record.keys() <= fields or not _SPECIAL.isdisjoint(record):
        return False
    is_plain = body.notation is Notation.JSON
    return is_plain and (
        len(record) > 1 or not isinstance(next(iter(record.values())), dict | list)
    )


@lru_cache(maxsize=4096)
def _shape_of(
    segments: tuple[Segment, ...], method: str = "GET", body: BodyKind = BodyKind.NONE
) -> tuple[Shape, PathInterpretation, Mapping[str, Json], str]:
    shape = Shape(method, segments, (), body)
    around = Surroundings(frozenset({segments[0].text}), start=0)
    path, facts = interpret_shape(shape, lambda _: None, around)
    return shape, path, facts, shape_key(shape.as_json(), facts)

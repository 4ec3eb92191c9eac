"""The reading of a whole request: its dialect, its path, what it asks for, and its body. Pure.

Everything that depends on spelling happens here, before the shape: shapes, plans and programs see
one form only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from larst.dialects import DIALECTS, LARST, Detected, Dialect, detect
from larst.dialects.marks import HEADERS
from larst.domain import Body, BodyKind, RequestContext
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Asked, Condition, QueryReading, all_of
from larst.planning.reading.bodies import refuse_modifiers, unwrapped, value_of_field
from larst.planning.reading.chosen import chosen
from larst.planning.reading.creates import of_create
from larst.planning.reading.documents import refuse_other_document
from larst.planning.reading.fields import Fields
from larst.planning.reading.finders import Query, with_finder
from larst.planning.reading.form_values import merge_of_form
from larst.planning.reading.options import ReadingOptions, UnknownMode
from larst.planning.reading.preferences import Returns, resolution, returns
from larst.planning.reading.query import read_body, read_query
from larst.planning.reading.relation import Session, related_resource
from larst.planning.reading.target import Target

DialectSource = Literal["header", "setting", "request", "learned", "default"]

NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """How requests are read: the session's dialect, set or learned, and unknown query keys.

    `has_model`: a model plans GET requests whose query no rule can serve, so they are not refused.
    """

    dialect: str | None = None
    learned: str | None = None
    unknown: UnknownMode = "match-nothing"
    has_model: bool = False

    @property
    def reply_dialect(self) -> Dialect:
        """The dialect of replies to requests without a mark."""
        return DIALECTS[self.dialect or self.learned or LARST.name]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request asks for, and in which dialect it is answered.

    `source` says what decided the dialect; `shown` is that of the request's weak marks where the
    session has learned another one. `teaches`: the request's mark is strong enough to
    decide for the session from now on. `keeps_known`: records whose ids are taken are not created
    again. `notes` and `hint` tell the client how it was read.
    """

    asked: Asked = NOTHING_ASKED
    dialect: Dialect = LARST
    source: DialectSource = "default"
    mark: str = ""
    shown: Dialect = LARST
    teaches: bool = False
    returns: Returns | None = None
    is_upsert: bool = False
    keeps_known: bool = False
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()

    @property
    def habits(self) -> Dialect:
        """The dialect that decides effects: a learned one decides the form of replies alone.

        Another client of the session taught it; it must not make this request delete more.
        """
        return self.shown if self.source == "learned" else self.dialect


NOTHING_READ = Reading()


def choose_dialect(
    request: RequestContext, settings: ReadingSettings, *, is_wrapped: bool = False
) -> Reading:
    """Return a reading that has the dialect: of the header, the session, a mark, or LARST's own.

    `is_wrapped`: the path names its resource behind words of a dialect, as in `/items/posts`.

    Raises:
        QueryNotUnderstoodError: the header X-LARST-Dialect names no dialect.
    """
    headers = request.headers
    if (name := headers.get("x-larst-dialect")) is not None:
        if name not in DIALECTS:
            raise QueryNotUnderstoodError(
                f"X-LARST-Dialect is {name[:40]!r}; it must be one of {', '.join(DIALECTS)}"
            )
        return Reading(dialect=DIALECTS[name], source="header")
    detected = _detected(request, is_wrapped=is_wrapped)
    if settings.dialect is not None:
        return Reading(dialect=DIALECTS[settings.dialect], source="setting")
    if detected is not None and detected.is_strong:
        teaches = detected.teaches and detected.dialect.name != settings.learned
        return Reading(
            dialect=detected.dialect, source="request", mark=detected.mark, teaches=teaches
        )
    is_other = detected is None or detected.dialect.name != settings.learned
    if settings.learned is not None and is_other:
        shown = LARST if detected is None else detected.dialect
        return Reading(dialect=DIALECTS[settings.learned], source="learned", shown=shown)
    if detected is not None:
        return Reading(dialect=detected.dialect, source="request", mark=detected.mark)
    return NOTHING_READ


def _detected(request: RequestContext, *, is_wrapped: bool) -> Detected | None:
    """Return the dialect that a request shows; most show none, which is decided at once."""
    body = request.body.json
    has_data = isinstance(body, dict) and "data" in body
    is_short = not request.query and len(request.segments) < 3 and not has_data
    if is_short and not is_wrapped and not _has_mark(request.headers, request.path):
        return None
    return detect(request, is_wrapped=is_wrapped)


def _has_mark(headers: Mapping[str, str], raw_path: str) -> bool:
    if "(" in raw_path or ".json" in raw_path or "/$" in raw_path or "/_size" in raw_path:
        return True
    for name in HEADERS.intersection(headers):
        if headers[name] not in ("*/*", "application/json"):
            return True
    return False


def read_request(
    request: RequestContext,
    path: Target,
    session: Session,
    reading: Reading,
    settings: ReadingSettings,
) -> tuple[RequestContext, Reading]:
    """Return the request with its body unwrapped, and all that it asks for.

    Raises:
        QueryNotUnderstoodError: a part of it has no known meaning.
        BadPagingError: its paging makes no sense.
        DocumentConflictError: the body is about another record than the path.
    """
    if asks_nothing(request):
        return request, reading
    refuse_other_document(request, path, session)
    fields = fields_of(session, path.resource)
    body = _body(request, path, fields, reading)
    if reading.habits.name == "pocketbase":
        refuse_modifiers(body)
    if body is not request.body:
        request = replace(request, body=body)
    request, ids = chosen(request, path)
    query = _read_query(request, path, fields, reading, settings)
    asked = query.asked
    if ids is not None:
        asked = replace(asked, where=all_of([asked.where, Condition("id", "in", ids)]))
    is_question = (
        request.method == "POST" and path.is_search and request.body.kind is BodyKind.OBJECT
    )
    if is_question:
        request = replace(request, body=Body(BodyKind.NONE))  # the program needs only the question
    if reading.dialect.selects_id and asked.select is not None and "id" not in asked.select:
        asked = replace(asked, select=("id", *asked.select))
    return request, replace(
        reading,
        asked=asked,
        returns=returns(request.headers),
        is_upsert=_is_upsert(request, reading),
        keeps_known=request.method == "POST" and resolution(request.headers) == "ignore-duplicates",
        notes=(*reading.notes, *query.aliases),
        unknown=query.unknown,
        not_values=query.not_values,
    )


def _body(request: RequestContext, path: Target, fields: Fields, reading: Reading) -> Body:
    """Return the body without its wrapping, as the new value of what the path names."""
    body = unwrapped(request, path.resource, fields, has_data=_has_data(reading, path))
    if path.field is not None:
        is_value = request.method in ("PUT", "PATCH")
        return value_of_field(body, path.field, fields) if is_value else body
    return merge_of_form(body) if request.method == "PATCH" else body


def _has_data(reading: Reading, path: Target) -> bool:
    """Return whether a body is wrapped in `data`: as the dialect has it, or below `/api`."""
    return (
        reading.habits.record_form in ("data", "strapi", "jsonapi") or "api" in path.prefix.lower()
    )


def asks_nothing(request: RequestContext) -> bool:
    """Return whether a request has only its path: the usual GET, which costs nothing here."""
    if request.query or request.method not in ("GET", "HEAD"):
        return False
    headers = request.headers
    return request.body.kind is BodyKind.NONE and "range" not in headers and "prefer" not in headers


def fields_of(session: Session, resource: str) -> Fields:
    """Return what the session knows of a resource's fields."""
    schema = session.schema(resource)
    if schema is None:
        return Fields()

    def has_value(name: str, text: str) -> bool:
        return session.has_value(resource, name, text)

    @cache  # each reader of a query asks again
    def related(name: str) -> Fields | None:
        target = related_resource(name, resource, session)
        return None if target is None else fields_of(session, target)

    return Fields(session.fields(resource), schema["json_schema"], has_value, related)


def _read_query(
    request: RequestContext,
    path: Target,
    fields: Fields,
    reading: Reading,
    settings: ReadingSettings,
) -> QueryReading:
    range_header, body = request.headers.get("range"), request.body.json
    is_question = path.is_search and request.method == "POST" and isinstance(body, dict)
    if not (request.query or is_question) and range_header is None:
        return QueryReading(NOTHING_ASKED)
    is_one = path.is_search or path.is_whole or path.is_count
    is_bulk = (path.identifier is None or path.is_list_of_ids) and not is_one
    is_change = is_bulk and request.method in ("DELETE", "PATCH")
    options = ReadingOptions(
        resource=path.resource,
        is_change=is_change,
        unknown="ignore" if reading.dialect.ignores_unknown else settings.unknown,
        page_base=reading.habits.page_base,
        page_size=reading.habits.page_size,
        matches_parts=reading.habits.matches_parts,
        range_header=range_header,
    )
    query: Query = {key: values for key, values in request.query.items() if key != "_method"}
    if path.is_search and query:
        query = with_finder(request.segments[-1], query, fields)
    query_reading = read_query(query, fields, options)
    if is_question:
        query_reading = _both(query_reading, read_body(body, fields, options))
    is_create = request.method == "POST" and is_bulk and path.field is None
    return of_create(query_reading) if is_create else query_reading


def _both(query: QueryReading, body: QueryReading) -> QueryReading:
    """Return the question of a body; a query beside it narrows it, or pages it."""
    where = all_of([query.asked.where, body.asked.where])
    asked = query.asked if query.asked != NOTHING_ASKED else body.asked
    return replace(body, asked=replace(asked, where=where), unknown=(*query.unknown, *body.unknown))


def _is_upsert(request: RequestContext, reading: Reading) -> bool:
    if request.method == "POST":
        return resolution(request.headers) == "merge-duplicates"
    if request.method != "PUT":
        return False
    return reading.habits.creates_on_put or request.headers.get("if-none-match") == "*"

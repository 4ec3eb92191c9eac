"""Replies in the form of the client's dialect: envelopes, counts, links, ranges, media types.

The programs of the rules answer in one form; what they found is put here into the form that the
dialect's clients read. Replies of other programs pass as they are. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import orjson

from larst.accept import preferred
from larst.dialects import LARST, ListPage, list_body, record_body
from larst.dialects.jsonapi import MEDIA_TYPE as JSON_API
from larst.domain import Json, Record, Reply, RequestContext
from larst.errors import NotAcceptableError
from larst.http.formats.content import FILE_HEADER, content_reply
from larst.http.preferences import apply_preferences
from larst.planning.reading.asked import Asked, conditions_of
from larst.planning.reading.request import Reading
from larst.planning.shapes import RestPath
from larst.session.messages import SessionReply

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
_OFFERS = (JSON, CSV, NDJSON, JSON_API, "application/problem+json", "application/vnd.pgrst.object+json")
_LENGTH = "X-LARST-Length"
_MAX_READING_CHARACTERS = 500
_MAX_LINK_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came in: the address of the service, and the raw path and query."""

    address: str
    raw_path: str
    raw_query: str

    @property
    def base_url(self) -> str:
        """The URL of the request without its query."""
        return f"{self.address}{self.raw_path}"


def present(answer: SessionReply, context: RequestContext, place: Place) -> Reply:
    """Return the reply as the client's dialect has it.

    Raises:
        NotAcceptableError: the client accepts none of the media types that can be made.
    """
    reply, reading = answer.reply, answer.reading
    headers = dict(reply.headers)
    length, is_file = headers.pop(_LENGTH, None), headers.pop(FILE_HEADER, None) is not None
    if reading is None or not answer.is_by_rules or reply.status >= 400:
        return replace(reply, headers=headers)
    _describe(headers, reading, context)
    reply = replace(reply, headers=headers)
    if not isinstance(answer.path, RestPath):
        return reply
    if is_file:
        return content_reply(reply)
    if length is not None:
        reply = _list(reply, answer, context, place, int(length))
    else:
        reply = _FORMS.get(answer.action, _as_it_is)(reply, answer, context)
    return apply_preferences(reply, reading, context) if "prefer" in context.headers else reply


def _describe(headers: dict[str, str], reading: Reading, context: RequestContext) -> None:
    if reading.dialect is not LARST:
        source = {"learned": " (learned)", "setting": " (setting)"}.get(reading.source, "")
        headers["X-LARST-Dialect"] = f"{reading.dialect.name}{source}"
    text = reading_text(reading)
    if text and (context.query or reading.notes):
        headers["X-LARST-Reading"] = text
    if reading.notes and "X-LARST-Hint" not in headers and any(" is " in n for n in reading.notes):
        headers["X-LARST-Hint"] = _ascii("; ".join(reading.notes))


def reading_text(reading: Reading) -> str:
    """Return what was understood, in words: `page 2 of 10, sort -views, where status`."""
    asked, parts = reading.asked, [*reading.notes]
    if asked.page is not None and asked.limit is not None:
        parts.append(f"page {asked.page} of {asked.limit}")
    elif asked.limit is not None or asked.offset:
        parts.append(f"limit {asked.limit}, offset {asked.offset}")
    if asked.after is not None:
        parts.append(f"after {asked.after}")
    if asked.sort:
        parts.append(f"sort {','.join(asked.sort)}")
    parts += _where_texts(asked)
    if asked.select is not None:
        parts.append(f"fields {','.join(asked.select)}")
    if asked.embed:
        parts.append(f"with {','.join(embed.name for embed in asked.embed)}")
    return _ascii(", ".join(parts))


def _where_texts(asked: Asked) -> list[str]:
    texts: list[str] = []
    for condition in conditions_of(asked.where):
        operator = condition.operator or "="
        value = orjson.dumps(condition.value).decode()[:60]
        texts.append(f"where {condition.field} {operator} {value}")
    return texts[:5]


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:_MAX_READING_CHARACTERS]


def _list(
    reply: Reply, answer: SessionReply, context: RequestContext, place: Place, length: int
) -> Reply:
    reading, path = answer.reading, answer.path
    assert reading is not None and isinstance(path, RestPath)  # noqa: S101, PT018 - `present` checked
    headers = dict(reply.headers)
    total = int(headers["X-Total-Count"])
    page = ListPage(
        items=(),
        total=total,
        limit=reading.asked.limit,
        offset=answer.offset,
        resource=path.resource,
        base_url=place.base_url,
        query=parse_qsl(place.raw_query, keep_blank_values=True) if place.raw_query else (),
        page_base=reading.asked.page_base,
        has_count=reading.asked.has_count,
        embeds=answer.embeds,
    )
    is_ranged = "range" in context.headers and not place.raw_query
    headers["Content-Range"] = _content_range(answer, page, length)
    status = 206 if is_ranged and length < total else reply.status
    if links := _links(replace(page, items=[{}] * length)):
        headers["Link"] = links
    reply = replace(reply, headers=headers, status=status)
    media_type = _media_type(context)
    form = reading.dialect.list_form
    if media_type == JSON and (form == "larst" or (form == "bare" and answer.action == "search")):
        return reply
    items = _items(reply)
    if media_type == CSV:
        return replace(reply, body=csv_of(items), media_type="text/csv; charset=utf-8")
    if media_type == NDJSON:
        lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
        return replace(reply, body=lines, media_type=NDJSON)
    if "application/vnd.pgrst.object" in context.headers.get("accept", ""):
        return _single(reply, items)
    body = list_body(form, replace(page, items=items))
    return _json(reply, body, JSON_API if form == "jsonapi" else JSON)


def _items(reply: Reply) -> list[Record]:
    body = orjson.loads(reply.body or b"[]")
    items: list[Record] = body["items"] if isinstance(body, dict) else body
    return items


def _single(reply: Reply, items: list[Record]) -> Reply:
    if len(items) != 1:
        raise NotAcceptableError(
            f"one record was asked for, and {len(items)} match; narrow the request, or drop the"
            " media type application/vnd.pgrst.object+json"
        )
    return _json(reply, items[0])


def _content_range(answer: SessionReply, page: ListPage, length: int) -> str:
    reading = answer.reading
    name = reading.dialect.name if reading is not None else ""
    span = f"{page.offset}-{page.offset + length - 1}" if length else "*"
    if name == "postgrest":
        return f"{span}/{page.total}"
    unit = page.resource if name == "simple-rest" else "items"
    return f"{unit} {span}/{page.total}"


def _links(page: ListPage) -> str:
    parts = [f'<{url}>; rel="{relation}"' for relation, url in page.urls().items()]
    text = ", ".join(parts)
    return text if len(text) <= _MAX_LINK_CHARACTERS and text.isascii() else ""


def _media_type(context: RequestContext) -> str:
    """Return the media type to answer with: JSON unless the client prefers another.

    Raises:
        NotAcceptableError: none of those that can be made is acceptable.
    """
    accept = context.headers.get("accept")
    if accept is None or accept in ("*/*", JSON):
        return JSON
    chosen = preferred(accept, _OFFERS, default=JSON)
    if chosen is None and "*/*" not in accept and "text/" not in accept:
        raise NotAcceptableError(
            f"{accept[:80]} cannot be made; accept application/json, text/csv or"
            " application/x-ndjson"
        )
    return chosen if chosen in (CSV, NDJSON) else JSON


def csv_of(items: Sequence[Record]) -> bytes:
    """Return records as CSV (RFC 4180): a column per field, nested values as JSON."""
    names = list(dict.fromkeys(name for item in items for name in item))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for item in items:
        writer.writerow([_cell(item.get(name)) for name in names])
    return text.getvalue().encode()


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _record(reply: Reply, answer: SessionReply, context: RequestContext) -> Reply:
    reading = answer.reading
    if reading is None or reply.body is None:
        return reply
    is_postgrest = reading.dialect.name == "postgrest"
    if is_postgrest and _is_bare_write(reading, context):
        return replace(reply, status=201 if reply.status == 201 else 204, body=None)
    form = reading.dialect.record_form
    if is_postgrest and context.method == "POST":
        record = orjson.loads(reply.body)
        return _json(reply, record if isinstance(record, list) else [record])
    if form == "bare" or not isinstance(answer.path, RestPath):
        return reply
    body = record_body(form, orjson.loads(reply.body), answer.path.resource, answer.embeds)
    return _json(reply, body, JSON_API if form == "jsonapi" else JSON)


def _is_bare_write(reading: Reading, context: RequestContext) -> bool:
    return context.method in ("POST", "PATCH", "PUT") and reading.returns is None


def _deleted(reply: Reply, answer: SessionReply, context: RequestContext) -> Reply:
    reading = answer.reading
    if reading is None:
        return reply
    if reply.body is not None:
        return _bulk(reply, answer)
    if reading.dialect.delete_reply == "object":
        return _json(replace(reply, status=200), {})
    return reply


def _bulk(reply: Reply, answer: SessionReply) -> Reply:
    """Return the reply to a change of all that match."""
    reading = answer.reading
    body = orjson.loads(reply.body or b"null")
    if reading is None or not isinstance(body, dict) or not {"deleted", "updated"} & body.keys():
        form = "bare" if reading is None else reading.dialect.record_form
        if form == "bare" or not isinstance(answer.path, RestPath):
            return reply
        return _json(reply, record_body(form, body, answer.path.resource, {}))
    name = reading.dialect.name
    if name == "postgrest":
        if reading.returns == "representation":
            return _json(reply, body.get("items", []))
        return replace(reply, status=204, body=None)
    if "items" in body:
        return _json(reply, body["items"])
    if name in ("loopback", "eve"):
        return _json(reply, {"count": body.get("updated", body.get("deleted"))})
    return reply


def _changed(reply: Reply, answer: SessionReply, context: RequestContext) -> Reply:
    is_bulk = isinstance(answer.path, RestPath) and answer.path.identifier is None
    return _bulk(reply, answer) if is_bulk else _record(reply, answer, context)


def _as_it_is(reply: Reply, answer: SessionReply, context: RequestContext) -> Reply:
    del answer, context
    return reply


def _json(reply: Reply, body: Json, media_type: str = JSON) -> Reply:
    return replace(reply, body=orjson.dumps(body), media_type=media_type)


_FORMS: Mapping[str, Callable[[Reply, SessionReply, RequestContext], Reply]] = {
    "get": _record,
    "create": _record,
    "replace": _record,
    "patch": _changed,
    "delete": _deleted,
}

"""Lists: counts, ranges, links, and the envelope of the dialect. Pure."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from larst.dialects import ListPage, list_body
from larst.domain import Json, Record, Reply
from larst.http.presentation.media_types import (
    CSV,
    NDJSON,
    SINGLE,
    in_media_type,
    media_type_for,
)
from larst.http.presentation.postgrest import not_single, renamed
from larst.http.presentation.rest_reply import RestReply
from larst.planning.reading.preferences import preferences

MAX_LINK_CHARACTERS = 2000


def present_list(answer: RestReply, length: int) -> Reply:
    """Return a list of `length` records in the form of the dialect.

    Raises:
        NotAcceptableError: the client accepts no media type that can be made.
    """
    page = _page(answer)
    has_ranges = answer.dialect.answers_range_with_206 or not answer.place.raw_query
    if has_ranges and "range" in answer.request.headers and 0 < page.total <= page.offset:
        return _unsatisfiable(answer, page)
    headers = dict(answer.reply.headers)
    headers["Content-Range"] = _content_range(answer, page, length)
    if links := _links(replace(page, items=[{}] * length)):
        headers["Link"] = links
    status = 206 if _is_partial(answer, page, length) else answer.reply.status
    answer = replace(answer, reply=replace(answer.reply, headers=headers, status=status))
    return _with_records(answer, page)


def _unsatisfiable(answer: RestReply, page: ListPage) -> Reply:
    """Return 416 for a range that begins behind the end of the list (RFC 9110, 15.5.17)."""
    detail = f"the range begins at {page.offset}, and the list has {page.total} records"
    body: Json = {
        "error": "range not satisfiable",
        "detail": detail,
        "request_id": answer.request.request_id,
    }
    headers = {**answer.reply.headers, "Content-Range": _content_range(answer, page, 0)}
    return replace(answer.with_json(body, status=416), headers=headers)


def _page(answer: RestReply) -> ListPage:
    """Return where the list stands in the whole, without its records."""
    asked, query = answer.reading.asked, answer.place.raw_query
    return ListPage(
        items=(),
        total=int(answer.reply.headers["X-Total-Count"]),
        limit=asked.limit,
        offset=answer.offset,
        resource=answer.path.resource,
        base_url=answer.place.base_url,
        query=parse_qsl(query, keep_blank_values=True) if query else (),
        page_base=asked.page_base,
        has_count=asked.has_count or "count" in _preferences(answer),
        embeds=answer.embeds,
    )


def _preferences(answer: RestReply) -> dict[str, str]:
    header = answer.request.headers.get("prefer")
    return dict(preferences(header)) if header else {}


def _is_partial(answer: RestReply, page: ListPage, length: int) -> bool:
    """Return whether the status is 206: a range by header, or a part and a count in PostgREST."""
    if length == page.total:
        return False
    if answer.dialect.answers_range_with_206:
        return "count" in _preferences(answer)
    return "range" in answer.request.headers and not answer.place.raw_query


def _content_range(answer: RestReply, page: ListPage, length: int) -> str:
    name = answer.dialect.name
    span = f"{page.offset}-{page.offset + length - 1}" if length else "*"
    if name == "postgrest":
        return f"{span}/{page.total}"
    return f"{page.resource if name == 'simple-rest' else 'items'} {span}/{page.total}"


def _links(page: ListPage) -> str:
    parts = [f'<{url}>; rel="{relation}"' for relation, url in page.urls().items()]
    text = ", ".join(parts)
    return text if len(text) <= MAX_LINK_CHARACTERS and text.isascii() else ""


def _with_records(answer: RestReply, page: ListPage) -> Reply:
    media_type = media_type_for(answer.request.headers.get("accept"))
    form, is_plain = answer.dialect.list_form, answer.action == "search"
    is_own_form = form in ("larst", "bare" if is_plain else "")
    is_json = media_type not in (CSV, NDJSON, SINGLE)
    if is_json and is_own_form and not answer.reading.asked.renamed:
        return answer.reply
    records = _records(answer)
    if media_type in (CSV, NDJSON):
        return in_media_type(answer.reply, records, media_type)
    if media_type == SINGLE:
        return _single(answer, records)
    return answer.with_json(list_body(form, replace(page, items=records)))


def _records(answer: RestReply) -> list[Record]:
    body = answer.body
    records: list[Record] = body["items"] if isinstance(body, dict) else body
    return [renamed(record, answer.reading.asked) for record in records]


def _single(answer: RestReply, records: list[Record]) -> Reply:
    if len(records) != 1:
        return not_single(answer, len(records))
    return answer.with_json(records[0])

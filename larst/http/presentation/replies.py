"""The reply of a program as the client's dialect has it, and the headers that say so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import unquote

import orjson

from larst.dialects import LARST
from larst.dialects.jsonapi import MEDIA_TYPE as JSON_API
from larst.dialects.jsonapi import errors_document, identifiers
from larst.domain import Reply, RequestContext
from larst.http.formats.content import FILE_HEADER, content_reply
from larst.http.preferences import apply_preferences
from larst.http.presentation.lists import present_list
from larst.http.presentation.media_types import CSV
from larst.http.presentation.records import (
    present_delete,
    present_patch,
    present_record,
    present_write,
)
from larst.http.presentation.rest_reply import Place, RestReply
from larst.http.presentation.wording import header_text, reading_text
from larst.planning.reading.request import NOTHING_READ, Reading
from larst.planning.shapes import RestPath
from larst.session import SessionReply

LENGTH = "X-LARST-Length"
"""The header in which a program of the rules says how many records its list has; never sent."""


def present(answer: SessionReply, request: RequestContext, place: Callable[[], Place]) -> Reply:
    """Return the reply as the client's dialect has it; `place` returns where the request came in.

    Raises:
        NotAcceptableError: the client accepts no media type that can be made.
    """
    reply, reading = answer.reply, answer.reading
    length, is_file = reply.headers.get(LENGTH), FILE_HEADER in reply.headers
    if length is not None or is_file:
        internal = (LENGTH, FILE_HEADER)
        headers = {name: text for name, text in reply.headers.items() if name not in internal}
        reply = replace(reply, headers=headers)
    if reading is None or not answer.is_by_rules:
        return reply
    if reply.status >= 400:
        return _error(reply, reading, request)
    if reading is NOTHING_READ and length is None and not is_file:
        return reply  # one record in LARST's own form: the usual case
    reply = replace(reply, headers={**reply.headers, **_headers(reading, answer.hint)})
    if not isinstance(answer.path, RestPath):
        return reply
    rest_reply = RestReply(
        reply=reply,
        action=answer.action,
        reading=reading,
        path=answer.path,
        request=_with_suffix(request),
        place=place(),
        offset=answer.offset,
        embeds=answer.embeds,
    )
    if is_file:
        return content_reply(reply)
    reply = _linkage(rest_reply, length)
    return apply_preferences(reply, reading, request) if "prefer" in request.headers else reply


def _with_suffix(request: RequestContext) -> RequestContext:
    """Return the request as one that accepts CSV, if its path ends in `.csv`."""
    if not request.path.endswith(".csv"):
        return request
    return replace(request, headers={**request.headers, "accept": CSV})


def _linkage(answer: RestReply, length: str | None) -> Reply:
    """Return the reply in its form; below `relationships`, JSON:API has identifiers only."""
    reply = _in_form(answer) if length is None else present_list(answer, int(length))
    is_linkage = "relationships" in answer.request.segments and reply.media_type == JSON_API
    if not is_linkage or reply.body is None:
        return reply
    return replace(reply, body=orjson.dumps(identifiers(orjson.loads(reply.body))))


def _error(reply: Reply, reading: Reading, request: RequestContext) -> Reply:
    """Return an error of a program as the dialect has it."""
    if reply.status == 404 and reading.dialect.has_empty_404:
        return replace(reply, body=b"{}")
    if reading.dialect.name != "jsonapi":
        return reply
    body = orjson.loads(reply.body or b"{}")
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        return reply
    document = errors_document(reply.status, body["error"], body.get("detail"), request.request_id)
    return replace(reply, body=orjson.dumps(document), media_type=JSON_API)


def _headers(reading: Reading, hint: str | None) -> dict[str, str]:
    """Return the headers that say how the request was read."""
    headers: dict[str, str] = {}
    if reading.dialect is not LARST:
        is_named = reading.source in ("learned", "setting")
        source = f" ({reading.source})" if is_named else ""
        headers["X-LARST-Dialect"] = f"{reading.dialect.name}{source}"
    if text := reading_text(reading):
        headers["X-LARST-Reading"] = text
    if names := [note for note in reading.notes if _is_about_a_name(note)]:
        hints = names if hint is None else [*names, hint]
        headers["X-LARST-Hint"] = header_text("; ".join(hints))
    return headers


def _is_about_a_name(note: str) -> bool:
    """Return whether a note says that a resource was read as another, or may be a misspelling."""
    return " is " in note and not note.endswith("a namespace")


def _present_custom(answer: RestReply) -> Reply:
    """Return the number alone for `/posts/$count` (OData URL Conventions, 4.8), or a property."""
    if answer.path.field is not None and answer.dialect.name == "odata":
        return _property(answer, answer.path.field)
    count = answer.body.get("count") if isinstance(answer.body, dict) else None
    path = unquote(answer.place.raw_path)
    if count is not None and path.endswith("/_size"):
        return answer.with_json({"_size": count})  # RESTHeart
    if count is None or not path.endswith("/$count"):
        return answer.reply
    return replace(answer.reply, body=str(count).encode(), media_type="text/plain")


def _property(answer: RestReply, field: str) -> Reply:
    """Return a field as OData's property (JSON Format 4.01, 11), or its raw value alone."""
    if answer.reply.body is None:
        return answer.reply
    value = answer.body
    if unquote(answer.place.raw_path).endswith("/$value") and not isinstance(value, dict | list):
        text = value if isinstance(value, str) else answer.reply.body.decode()
        return replace(answer.reply, body=text.encode(), media_type="text/plain")
    key = answer.request.segments
    context = f"$metadata#{'/'.join(key)}"
    body = value if isinstance(value, dict) else {"value": value}
    return answer.with_json({"@odata.context": context, **body})


def _in_form(answer: RestReply) -> Reply:
    present_action = _BY_ACTION.get(answer.action)
    if present_action is None:
        return answer.reply
    return present_action(answer)


_BY_ACTION: Mapping[str, Callable[[RestReply], Reply]] = {
    "get": present_record,
    "create": present_write,
    "replace": present_write,
    "patch": present_patch,
    "delete": present_delete,
    "custom": _present_custom,
}

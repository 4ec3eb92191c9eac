"""The reply of a program as the client's dialect has it, and the headers that say so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import unquote

from larst.dialects import LARST
from larst.domain import Reply, RequestContext
from larst.http.formats.content import FILE_HEADER, content_reply
from larst.http.preferences import apply_preferences
from larst.http.presentation.lists import present_list
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
        is_empty = reply.status == 404 and reading.dialect.has_empty_404
        return replace(reply, body=b"{}") if is_empty else reply
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
        request=request,
        place=place(),
        offset=answer.offset,
        embeds=answer.embeds,
    )
    if is_file:
        return content_reply(reply)
    reply = _in_form(rest_reply) if length is None else present_list(rest_reply, int(length))
    return apply_preferences(reply, reading, request) if "prefer" in request.headers else reply


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
    """Return the number alone for `/posts/$count` (OData URL Conventions, 4.8)."""
    count = answer.body.get("count") if isinstance(answer.body, dict) else None
    if count is None or not unquote(answer.place.raw_path).endswith("/$count"):
        return answer.reply
    return replace(answer.reply, body=str(count).encode(), media_type="text/plain")


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

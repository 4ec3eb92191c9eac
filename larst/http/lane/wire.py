"""A reply as bytes, exactly as aiohttp writes it on an HTTP/1.1 connection that stays open.

`Response._start` and `StreamResponse._prepare_headers` of aiohttp have the rules; a test compares
the bytes. Must never change the headers that a reply has.

The usual reply to a write, a record or nothing, is written without a `web.Response`: its headers
are always the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from aiohttp.helpers import (
    must_be_empty_body,
    rfc822_formatted_time,
    should_remove_content_length,
)
from aiohttp.http_writer import _serialize_headers
from aiohttp.web_response import REASON_PHRASES

from larst.domain import Reply, RequestContext
from larst.http.responses import CONTAINED, JSON_TYPE, trace_headers
from larst.session import SessionReply
from larst.telemetry import RequestTrace

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OWN_HEADERS = frozenset({"Location"})
_FIXED = "".join(f"{name}: {value}\r\n" for name, value in CONTAINED.items())
_NO_CONTENT = 204


def is_plain_write(reply: Reply, answer: SessionReply, context: RequestContext) -> bool:
    """Return whether `plain_bytes` can write the reply to a request: it has nothing special."""
    has_body = reply.body is not None
    return (
        context.method in _CHANGES
        and not context.prefix
        and (reply.status in (200, 201) if has_body else reply.status == _NO_CONTENT)
        and reply.media_type == "application/json"
        and reply.headers.keys() <= _OWN_HEADERS
        and answer.hint is None
        and answer.etag is None
        and not answer.drifts
        and not answer.is_replay
    )


def plain_bytes(reply: Reply, trace: RequestTrace, cors: Mapping[str, str]) -> bytes:
    """Return a reply for which `is_plain_write` is true; `cors` are the caller's CORS headers."""
    location = reply.headers.get("Location")
    vary = cors.get("Vary")
    head = (
        f"HTTP/1.1 {reply.status} {REASON_PHRASES[reply.status]}\r\n"
        f"{'' if location is None else f'Location: {location}{_END}'}{_FIXED}"
        f"Vary: X-Session-ID{'' if vary is None else f', {vary}'}\r\nCache-Control: private\r\n"
    )
    body = reply.body or b""
    if reply.body is not None:
        head += f"Content-Type: {JSON_TYPE}\r\nContent-Length: {len(body)}\r\n"
    head += f"Date: {rfc822_formatted_time()}\r\nServer: larst\r\n"
    for name, value in (*trace_headers(trace).items(), *cors.items()):
        if name not in _WRITTEN:
            head += f"{name}: {value}\r\n"
    return f"{head}\r\n".encode() + body


_END = "\r\n"
_WRITTEN = frozenset({"Server", "Vary"})


def reply_bytes(response: web.Response, method: str, added: Mapping[str, str]) -> bytes:
    """Return a reply to a request with this method; `added` are the headers of every reply.

    Raises:
        ValueError: a header contains a control character.
    """
    headers, status, body = response.headers, response.status, response.body
    assert body is None or isinstance(body, bytes)  # noqa: S101 - the lane makes no other
    length = len(body) if body else 0
    is_empty = must_be_empty_body(method, status)
    if not should_remove_content_length(method, status) and (length or method != "HEAD"):
        headers["Content-Length"] = str(length)
    if length and not is_empty:
        headers.setdefault("Content-Type", "application/octet-stream")
    if "Date" not in headers:
        headers["Date"] = rfc822_formatted_time()
    headers.setdefault("Server", "larst")
    headers.update(added)
    head = _serialize_headers(f"HTTP/1.1 {status} {response.reason}", headers)
    return head if is_empty or not body else head + body

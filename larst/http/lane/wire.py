"""A reply as bytes, exactly as aiohttp writes it on an HTTP/1.1 connection that stays open.

`Response._start` and `StreamResponse._prepare_headers` of aiohttp have the rules; a test compares
the bytes. Must never change the headers that a reply has.
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

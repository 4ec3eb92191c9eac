"""HAR recordings, as browsers and proxies write them (HTTP Archive 1.2), read entry by entry."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from larst.errors import BadRequestError
from larst.seeds.exchange import MAX_EXCHANGES, Exchange, Unused, place_of
from larst.seeds.json_bodies import NOT_JSON, is_json, parse_loosely, parsed
from larst.store.transfer.json_text import JsonText


def read_har(document: JsonText, unused: Unused) -> Iterator[Exchange]:
    """Yield the exchanges of a recording.

    Raises:
        InvalidJsonError: it is not JSON.
        BadRequestError: it has too many entries.
    """
    for name in document.names():
        if name == "log" and document.peek() == "{":
            yield from _read_log(document, unused)
        else:
            document.span()


def _read_log(document: JsonText, unused: Unused) -> Iterator[Exchange]:
    for name in document.names():
        if name != "entries" or document.peek() != "[":
            document.span()
            continue
        for count, entry in enumerate(document.spans()):
            if count == MAX_EXCHANGES:
                raise BadRequestError(f"a recording may have at most {MAX_EXCHANGES} entries")
            if (exchange := _exchange(parse_loosely(entry), unused)) is not None:
                yield exchange


def _exchange(entry: Any, unused: Unused) -> Exchange | None:
    request, response = (_object(entry, name) for name in ("request", "response"))
    content = _object(response, "content")
    method, url, status = request.get("method"), request.get("url"), response.get("status")
    if not (isinstance(method, str) and isinstance(url, str) and isinstance(status, int)):
        unused.add("without a method, a URL or a status", "an entry")
        return None
    try:
        path = urlsplit(url).path
    except ValueError:
        unused.add("the URL is wrong", url)
        return None
    place = place_of(method, path)
    if not 200 <= status < 300:
        unused.add(f"the status is {status}", place)
        return None
    if not is_json(content.get("mimeType")):
        unused.add(NOT_JSON, place)
        return None
    body = parsed(_text(content), place, unused)
    if body is None:
        return None
    segments = tuple(unquote(part) for part in path.split("/") if part)
    return Exchange(method.upper(), segments, body, place)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    item = value.get(name) if isinstance(value, dict) else None
    return item if isinstance(item, dict) else {}


def _text(content: Mapping[str, Any]) -> str | None:
    text = content.get("text")
    if not isinstance(text, str) or content.get("encoding") != "base64":
        return text if isinstance(text, str) else None
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None

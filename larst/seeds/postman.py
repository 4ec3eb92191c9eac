"""Postman collections (2.0 and 2.1): their saved examples, and the bodies of POST requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from larst.domain import Json
from larst.errors import BadRequestError
from larst.seeds.exchange import MAX_EXCHANGES, Exchange, Unused, place_of
from larst.seeds.json_bodies import parsed

MAX_LEVELS = 20

_VARIABLE = re.compile(r"\{\{[^{}]*\}\}|:\w+")
_ORIGIN = re.compile(r"(?:\{\{[^{}]*\}\}|https?://[^/?#]*|[^/?#]*)")


def read_postman(document: Mapping[str, Any], unused: Unused) -> Iterator[Exchange]:
    """Yield the exchanges of a collection.

    Raises:
        BadRequestError: it has too many items, or folders nest too deeply.
    """
    inner = document.get("collection")
    root = inner if isinstance(inner, dict) and "item" in inner else document
    for count, item in enumerate(_items(root.get("item"), 0)):
        if count == MAX_EXCHANGES:
            raise BadRequestError(f"a collection may have at most {MAX_EXCHANGES} requests")
        yield from _exchanges(item, unused)


def _items(items: Json, level: int) -> Iterator[Mapping[str, Any]]:
    if level > MAX_LEVELS:
        raise BadRequestError(f"the folders of the collection nest deeper than {MAX_LEVELS} levels")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            if "item" in item:
                yield from _items(item["item"], level + 1)
            elif "request" in item:
                yield item


def _exchanges(item: Mapping[str, Any], unused: Unused) -> Iterator[Exchange]:
    request, replies = item["request"], item.get("response")
    has_reply = False
    for reply in replies if isinstance(replies, list) else ():
        if not isinstance(reply, dict):
            continue
        has_reply = True
        method, segments = _target(reply.get("originalRequest") or request)
        place, code = _place(method, segments), reply.get("code", 200)
        if not isinstance(code, int) or not 200 <= code < 300:
            unused.add(f"the status is {str(code)[:20]}", place)
        elif (body := parsed(_text(reply.get("body")), place, unused)) is not None:
            yield Exchange(method, segments, body, place)
    if has_reply:
        return
    method, segments = _target(request)
    place, text = _place(method, segments), _request_text(request)
    if method != "POST" or text is None:
        unused.add("without a saved example", place)
    elif (body := parsed(text, place, unused)) is not None:
        yield Exchange(method, segments, body, place, is_request=True)


def _target(request: Json) -> tuple[str, tuple[str | None, ...]]:
    """Return the method and the path of a request."""
    if isinstance(request, str):
        return "GET", _segments(request, {})
    if not isinstance(request, dict):
        return "GET", ()
    method, url = str(request.get("method", "GET")).upper()[:20], request.get("url", "")
    if not isinstance(url, dict):
        return method, _segments(str(url), {})
    variables = {
        str(item.get("key")): item.get("value")
        for item in url.get("variable") or ()
        if isinstance(item, dict)
    }
    path = url.get("path")
    if isinstance(path, list):
        parts = [part if isinstance(part, str) else "" for part in path]
        return method, _segments("/" + "/".join(parts), variables)
    return method, _segments(str(url.get("raw", "")), variables)


def _segments(url: str, variables: Mapping[str, Json]) -> tuple[str | None, ...]:
    path = url if url.startswith("/") else url[len(_origin(url)) :]
    path = re.split(r"[?#]", path, maxsplit=1)[0]
    return tuple(_segment(part, variables) for part in path.split("/") if part)


def _origin(url: str) -> str:
    match = _ORIGIN.match(url)
    return match[0] if match else ""


def _segment(part: str, variables: Mapping[str, Json]) -> str | None:
    """Return a segment; None for a variable without a value."""
    if part.startswith(":") and (value := variables.get(part[1:])) not in (None, ""):
        part = str(value)
    return None if _VARIABLE.fullmatch(part) else unquote(part)


def _text(body: Json) -> str | None:
    return body if isinstance(body, str) else None


def _request_text(request: Json) -> str | None:
    body = request.get("body") if isinstance(request, dict) else None
    if not isinstance(body, dict) or body.get("mode") != "raw":
        return None
    return _text(body.get("raw"))


def _place(method: str, segments: tuple[str | None, ...]) -> str:
    return place_of(method, "/" + "/".join(part or "{id}" for part in segments))

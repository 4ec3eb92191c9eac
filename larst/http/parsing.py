"""Parsing of request targets and bodies, once per request.

Must never know aiohttp, and never let a secret through: planners and programs can see everything
in a `RequestContext`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

from larst.domain import NO_BODY, Body, BodyKind, Json, value_object
from larst.errors import (
    BadRequestError,
    InvalidJsonError,
    TargetTooLongError,
    UnsupportedCharsetError,
)
from larst.http.formats import (
    check_patch,
    read_csv,
    read_form,
    read_json,
    read_multipart,
    read_ndjson,
)
from larst.planning.reading import MAX_VALUES

MAX_TARGET_BYTES = 16 * 1024
"""The request target: path and query, as sent."""

MAX_SEGMENTS = 20
"""Path segments of one request; REST paths have a handful, and attacks have thousands."""

MAX_QUERY_VALUES = MAX_VALUES
"""Query values of one request; each value of a repeated key counts."""

CHARSETS: Mapping[str, str] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "ascii",
    "us-ascii": "ascii",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
"""The charsets of bodies, and Python's names of them.

Some other codecs of Python take seconds for a small body, and some decode no text.
"""

VISIBLE_HEADERS = frozenset(
    # Content negotiation and conditions (RFC 9110, sections 8, 12 to 14).
    "accept accept-charset accept-encoding accept-language content-encoding content-language"
    " content-length content-type if-match if-modified-since if-none-match if-range"
    " if-unmodified-since prefer range range-unit user-agent"
    # What LARST reads: ids, repetition, the method of limited clients, marks of dialects.
    " accept-profile content-profile idempotency-key odata-maxversion odata-version stripe-version"
    " x-client-info x-http-method x-http-method-override x-method-override x-request-id".split()
)
"""The headers that a context contains, beside `X-LARST-*`: any other may carry a secret."""

_READERS: Mapping[str, Callable[[bytes], Body]] = {
    "text/csv": read_csv,
    "application/csv": read_csv,
    "text/tab-separated-values": read_csv,
    "application/x-ndjson": read_ndjson,
    "application/ndjson": read_ndjson,
    "application/jsonl": read_ndjson,
    "application/x-jsonlines": read_ndjson,
}
"""The reader of each media type that holds a list of records."""

_CHARSET_NAMES = "us-ascii, iso-8859-1, windows-1252, utf-16"
_SLICE_BYTES = 64 * 1024

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@value_object
class Target:
    """The parts of a request target: the path, its decoded non-empty segments, and the query."""

    path: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]


def parse_target(raw: str) -> Target:
    """Return the parts of a raw (still percent-encoded) request target.

    Raises:
        TargetTooLongError: it is longer, or has more segments or query values, than any REST
            request.
        BadRequestError: it has percent-encoded bytes that are not UTF-8.
    """
    if len(raw) > MAX_TARGET_BYTES:
        raise TargetTooLongError(
            f"the request target has {len(raw)} bytes; the limit is {MAX_TARGET_BYTES}"
        )
    raw_path, _, raw_query = raw.partition("?")
    parts = [part for part in raw_path.split("/") if part]
    if len(parts) > MAX_SEGMENTS:
        raise TargetTooLongError(f"the path has {len(parts)} segments; the limit is {MAX_SEGMENTS}")
    try:
        if "%" in raw_path:
            parts = [unquote(part, errors="strict") for part in parts]
        return Target(raw_path, tuple(parts), _parse_query(raw_query) if raw_query else {})
    except UnicodeDecodeError as error:
        raise BadRequestError(
            "the path or query has percent-encoded bytes that are not UTF-8; encode text as UTF-8"
        ) from error


def _parse_query(raw: str) -> Mapping[str, tuple[str, ...]]:
    if (count := raw.count("&") + 1) > MAX_QUERY_VALUES:
        raise TargetTooLongError(f"the query has {count} values; the limit is {MAX_QUERY_VALUES}")
    grouped: dict[str, list[str]] = {}
    for key, value in parse_qsl(raw, keep_blank_values=True, errors="strict"):
        grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}


_UNTYPED = frozenset({"", "application/octet-stream"})


def may_lack_body(method: str, segments: Sequence[str]) -> bool:
    """Return whether a request is complete without the JSON that its Content-Type announces.

    Many clients send the header with every request, also with `POST /orders/1/cancel`.
    """
    return method not in _METHODS_WITH_BODY or (method == "POST" and len(segments) > 1)


def parse_body(content_type: str, raw: bytes, *, may_be_empty: bool = False) -> Body:
    """Return a body as JSON, as the fields of a form, as the records of a table, or as text.

    Raises:
        InvalidJsonError: the body should be JSON and is not, or cannot be represented exactly; or
            it does not match its charset.
        BadRequestError: it is not a valid form, table or JSON Patch.
        BodyTooLargeError: it has too many values, fields, parts or operations.
        UnsupportedCharsetError: its charset is not one of `CHARSETS`.
    """
    media_type, charset = _media_type(content_type)
    if media_type == "multipart/form-data":
        return read_multipart(raw, content_type)
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not raw.strip():
        if is_json and not may_be_empty:
            raise InvalidJsonError("the body is empty; send a JSON value")
        return NO_BODY
    raw = _as_utf8(raw, charset, is_json=is_json)
    if is_json:
        return _json_body(read_json(raw), is_patch=media_type == "application/json-patch+json")
    if (read := _READERS.get(media_type)) is not None:
        return read(raw)
    return _form_or_text(raw, media_type)


def _form_or_text(raw: bytes, media_type: str) -> Body:
    """Return a body whose Content-Type is not JSON; it may be JSON nevertheless.

    `curl -d '{…}'` sends JSON with the Content-Type of a form; a form never begins with a brace.
    Many clients send JSON with no type, or as application/octet-stream.
    """
    is_form = media_type == "application/x-www-form-urlencoded"
    if raw.lstrip()[:1] in (b"{", b"["):
        try:
            return _json_body(read_json(raw), is_patch=False)
        except InvalidJsonError:
            if is_form or media_type in _UNTYPED:
                raise
    if is_form:
        return read_form(raw)
    return Body(BodyKind.TEXT, text=raw.decode("utf-8", errors="replace"))


def _json_body(value: Json, *, is_patch: bool) -> Body:
    if is_patch:
        if not isinstance(value, list):
            raise BadRequestError("a JSON Patch is a list of operations (RFC 6902 section 3)")
        check_patch(value)
        return Body(BodyKind.PATCH, json=value)
    if isinstance(value, dict):
        return Body(BodyKind.OBJECT, json=value)
    return Body(BodyKind.LIST if isinstance(value, list) else BodyKind.SCALAR, json=value)


@lru_cache(maxsize=256)
def _media_type(content_type: str) -> tuple[str, str]:
    media_type, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([A-Za-z0-9_.:-]+)', parameters, re.IGNORECASE)
    return media_type.strip().lower(), charset[1].lower() if charset else "utf-8"


def _as_utf8(raw: bytes, charset: str, *, is_json: bool) -> bytes:
    """Return the body as UTF-8 without a byte order mark (RFC 8259 section 8.1)."""
    if (codec := CHARSETS.get(charset)) is None:
        raise UnsupportedCharsetError(
            f"the charset {charset[:40]} is not supported; send UTF-8, or one of {_CHARSET_NAMES}"
        )
    try:
        if codec not in {"utf-8", "ascii"}:
            raw = _recoded(raw, codec)
        elif is_json and not raw.isascii():
            raw.decode("utf-8")
    except UnicodeError as error:
        raise InvalidJsonError(f"the body is not {charset} text; send UTF-8") from error
    return raw.removeprefix(codecs.BOM_UTF8)


def _recoded(raw: bytes, codec: str) -> bytes:
    """Return text in another codec as UTF-8, in slices: other threads may run in between."""
    decoder = codecs.getincrementaldecoder(codec)()
    parts = [
        decoder.decode(raw[start : start + _SLICE_BYTES]).encode()
        for start in range(0, len(raw), _SLICE_BYTES)
    ]
    return b"".join((*parts, decoder.decode(b"", final=True).encode()))

"""The request context: bytes from the edge become one frozen value, parsed once.

Must never know aiohttp, and never let a secret through: what is in a `RequestContext` may be
shown to a planner and to its program.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from larst.domain import Body, BodyKind, Json
from larst.errors import BadRequestError, InvalidJsonError, TargetTooLongError
from larst.exact_json import parse_json

MAX_SEGMENTS = 64
"""Path segments of one request; REST paths have a handful, floods have thousands."""

MAX_QUERY_VALUES = 256
"""Query values of one request, repeated keys counted each."""

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "x-csrf-token"}
)
"""Headers that carry secrets: they never enter a context (SPEC section 3)."""

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Target:
    """A request target's parts: non-empty path segments, decoded, and the query's values."""

    path: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]


def parse_target(raw: str) -> Target:
    """Return the parts of a raw (still percent-encoded) request target.

    Raises:
        TargetTooLongError: more segments or query values than any REST request has.
        BadRequestError: percent-encoded bytes that are not UTF-8.
    """
    raw_path, _, raw_query = raw.partition("?")
    parts = [part for part in raw_path.split("/") if part]
    if len(parts) > MAX_SEGMENTS:
        raise TargetTooLongError(
            f"the path has {len(parts)} segments; at most {MAX_SEGMENTS} are read"
        )
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
        raise TargetTooLongError(
            f"the query has {count} values; at most {MAX_QUERY_VALUES} are read"
        )
    grouped: dict[str, tuple[str, ...]] = {}
    for key, value in parse_qsl(raw, keep_blank_values=True, errors="strict"):
        grouped[key] = (*grouped.get(key, ()), value)
    return grouped


def parse_body(method: str, content_type: str, raw: bytes) -> Body:
    """Return the body as what it is: JSON, a form as an object of texts, or text.

    JSON is also recognised where nothing or a form was announced (`curl -d '{…}'` announces a
    form), since a true form never begins with a brace.

    Raises:
        InvalidJsonError: JSON was announced and is not there, or cannot be kept exactly.
        BadRequestError: text that is not in the charset it was said to be.
    """
    media_type, charset = _media_type(content_type)
    announced = media_type == "application/json" or media_type.endswith("+json")
    if not raw.strip():
        if announced and method in _METHODS_WITH_BODY:
            raise InvalidJsonError("the body is empty; send a JSON value")
        return Body(BodyKind.NONE)
    raw = _as_utf8(raw, charset, announced=announced)
    if announced:
        return _json_body(parse_json(raw), is_patch=media_type == "application/json-patch+json")
    if raw.lstrip()[:1] in (b"{", b"["):
        try:
            return _json_body(parse_json(raw), is_patch=False)
        except InvalidJsonError:
            if media_type == "application/x-www-form-urlencoded":
                raise
    if media_type == "application/x-www-form-urlencoded":
        return _form_body(raw)
    return Body(BodyKind.TEXT, text=raw.decode("utf-8", errors="replace"))


def _json_body(value: Json, *, is_patch: bool) -> Body:
    if is_patch:
        if not isinstance(value, list):
            raise BadRequestError("a JSON Patch is a list of operations (RFC 6902 section 3)")
        return Body(BodyKind.PATCH, json=value)
    if isinstance(value, dict):
        return Body(BodyKind.OBJECT, json=value)
    return Body(BodyKind.LIST if isinstance(value, list) else BodyKind.SCALAR, json=value)


def _form_body(raw: bytes) -> Body:
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequestError("the form is not UTF-8; encode it as UTF-8") from error
    fields: dict[str, Json] = {}
    for key, value in pairs:
        before = fields.get(key)
        fields[key] = value if before is None else [*_as_list(before), value]
    return Body(BodyKind.OBJECT, json=fields)


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _media_type(content_type: str) -> tuple[str, str]:
    media_type, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([A-Za-z0-9_.:-]+)', parameters, re.IGNORECASE)
    return media_type.strip().lower(), charset[1].lower() if charset else "utf-8"


def _as_utf8(raw: bytes, charset: str, *, announced: bool) -> bytes:
    """Return the body as UTF-8 without a byte order mark (RFC 8259 section 8.1)."""
    try:
        if charset not in {"utf-8", "utf8", "us-ascii"}:
            raw = raw.decode(charset).encode("utf-8")
        elif announced:
            raw.decode("utf-8")
    except (LookupError, UnicodeError) as error:
        raise InvalidJsonError(f"the body is not {charset} text; send UTF-8") from error
    return raw.removeprefix(codecs.BOM_UTF8)

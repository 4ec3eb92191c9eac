"""The request context: bytes from the edge become one frozen value, parsed once.

Must never know aiohttp, and never let a secret through: what is in a `RequestContext` may be
shown to a planner and to its program.
"""

from __future__ import annotations

import codecs
import hashlib
import ipaddress
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from pydantic_core import from_json

from larst.config import Network
from larst.errors import BadRequestError, BadSessionIdError, InvalidJsonError, TargetTooLongError
from larst.model import INTEGER_MAX, INTEGER_MIN, Body, BodyKind, Json, NewIds, TraceParent

MAX_SEGMENTS = 64
"""Path segments of one request; REST paths have a handful, floods have thousands."""

MAX_QUERY_VALUES = 256
"""Query values of one request, repeated keys counted each."""

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "x-csrf-token"}
)
"""Headers that carry secrets: they never enter a context (SPEC section 3)."""

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_MAY_BE_INEXACT = re.compile(rb"\d{19}|\d[eE]")
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
        segments = tuple(unquote(part, errors="strict") for part in parts)
        return Target(raw_path, segments, _parse_query(raw_query) if raw_query else {})
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


def parse_json(raw: bytes) -> Json:
    """Return the JSON value, every number exactly as written.

    Raises:
        InvalidJsonError: no JSON, more than 200 levels, or a number that cannot be kept exactly.
    """
    try:
        value = from_json(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise InvalidJsonError(str(error)) from error
    if _MAY_BE_INEXACT.search(raw):
        _refuse_inexact(value)
    return value


def _refuse_inexact(value: Json) -> None:
    """Refuse what JSON readers and the files could not give back as it came."""
    if isinstance(value, dict):
        for item in value.values():
            _refuse_inexact(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_inexact(item)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidJsonError("a number is too large for a 64-bit float; send it as text")
    elif isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise InvalidJsonError(
            f"the integer {str(value)[:40]} needs more than 64 bits and cannot be kept exactly;"
            " send it as text"
        )


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


def session_id_of(named: str | None, token: str | None, client_ip: str) -> str:
    """Return the id of the session that a request belongs to.

    Raises:
        BadSessionIdError: `named`, the X-Session-ID header, cannot be a session's id.
    """
    if named is not None:
        if not _SESSION_ID.fullmatch(named):
            raise BadSessionIdError(
                "X-Session-ID must be 1 to 128 of the characters A-Z a-z 0-9 _ and -"
            )
        return named
    known_by = (token or client_ip).encode("utf-8", "surrogateescape")
    return hashlib.sha256(known_by).hexdigest()


def request_id_of(sent: str | None, new_id: NewIds) -> str:
    """Return the client's own request id where it is a sane one, else a new one."""
    return sent if sent and _REQUEST_ID.fullmatch(sent) else new_id()


def continue_trace(traceparent: str | None, new_id: NewIds) -> TraceParent:
    """Return this server's place in the caller's trace, or in a new one.

    An invalid header starts a new trace (https://www.w3.org/TR/trace-context/#traceparent-header).
    """
    match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    span_id = new_id()[:16]
    if match and int(match[1], 16) and int(match[2], 16):
        return TraceParent(match[1], span_id, match[3])
    return TraceParent(new_id(), span_id, "01")


def client_ip_of(peer: str, forwarded_for: str | None, trusted: Collection[Network]) -> str:
    """Return the client's address: the nearest one in X-Forwarded-For that no trusted proxy has.

    Read from the right, since a client can put anything at the left.
    """
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    address = peer
    while hops and _is_trusted(address, trusted):
        address = hops.pop()
    return address


def scheme_of(
    scheme: str, forwarded_proto: str | None, peer: str, trusted: Collection[Network]
) -> str:
    """Return what the client speaks: what a trusted proxy says, else what arrived here."""
    said = (forwarded_proto or "").strip().lower()
    return said if said in ("http", "https") and _is_trusted(peer, trusted) else scheme


def _is_trusted(address: str, trusted: Collection[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)

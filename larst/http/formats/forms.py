"""Forms as browsers and `curl -d a=1` send them: application/x-www-form-urlencoded. Pure."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from larst.domain import Body, BodyKind, Notation
from larst.errors import BadRequestError, BodyTooLargeError
from larst.http.formats.nesting import MAX_FIELDS, nested

_SLICE_BYTES = 32 * 1024


def read_form(raw: bytes) -> Body:
    """Return a form as an object.

    Raises:
        BodyTooLargeError: it has too many fields or brackets.
        BadRequestError: it is not UTF-8, or its names contradict each other.
    """
    if raw.count(b"&") >= MAX_FIELDS:
        raise BodyTooLargeError(f"the form has more than {MAX_FIELDS} fields")
    try:
        fields = [_pair(part) for part in raw.split(b"&") if part]
    except UnicodeDecodeError as error:
        raise BadRequestError("the form is not UTF-8; encode it as UTF-8") from error
    return Body(BodyKind.OBJECT, json=nested(fields), notation=Notation.FORM)


def _pair(part: bytes) -> tuple[str, str]:
    name, _, value = part.partition(b"=")
    return _decoded(name.strip()), _decoded(value)


def _decoded(raw: bytes) -> str:
    raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = _unquoted(raw)
    return raw.decode("utf-8")


def _unquoted(raw: bytes) -> bytes:
    """Decode in slices: one call for ten megabytes would keep all other threads waiting."""
    parts: list[bytes] = []
    start = 0
    while start < len(raw):
        end = start + _SLICE_BYTES
        if (cut := raw.find(b"%", max(start, end - 2), end)) > start:
            end = cut  # never within an escape
        parts.append(unquote_to_bytes(raw[start:end]))
        start = end
    return b"".join(parts)

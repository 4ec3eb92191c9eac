"""The kind of a file, by its first bytes and one look at the names of its object."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from larst.errors import InvalidJsonError
from larst.store.transfer.json_text import JsonText

Kind: TypeAlias = Literal["HAR recording", "Postman collection", "OpenAPI document"]

_BEGIN_BYTES = 64 * 1024
_HAR = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{\s*'
    rb'"(?:version|creator|browser|pages|entries|comment)"\s*:'
)
_POSTMAN = re.compile(rb"https?://schema\.(?:get)?postman\.com/json/collection/")
_POSTMAN_BEGIN = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:info|item|collection|variable|auth)"')
_OPENAPI = re.compile(rb'"(?:openapi|swagger)"\s*:\s*"[23]\.')
_MAX_NAMES = 40
"""The names of an object that are looked at; an OpenAPI document has about ten."""


def kind_of(raw: bytes | bytearray) -> Kind | None:
    """Return the kind of a file; None for an export, a `db.json` and everything else.

    >>> kind_of(b'{"log": {"version": "1.2", "entries": []}}')
    'HAR recording'
    >>> kind_of(b'{"posts": [{"openapi": "3.1.0"}]}') is None
    True
    """
    begin = bytes(raw[:_BEGIN_BYTES])
    if _HAR.match(begin) and b'"entries"' in raw:
        return "HAR recording"
    if _POSTMAN_BEGIN.match(begin) and _POSTMAN.search(begin):
        return "Postman collection"
    if _OPENAPI.search(begin) and _is_openapi(raw):
        return "OpenAPI document"
    return None


def _is_openapi(raw: bytes | bytearray) -> bool:
    """Return whether the version of OpenAPI is one of the document's own values."""
    try:
        text = JsonText(raw.decode("utf-8-sig"))
        if text.peek() != "{":
            return False
        for count, name in enumerate(text.names()):
            value = text.span()
            if name in ("openapi", "swagger"):
                return value.startswith('"')
            if count == _MAX_NAMES:
                return False
    except (InvalidJsonError, UnicodeDecodeError):
        pass  # reading it as a db.json raises it again
    return False

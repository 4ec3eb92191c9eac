"""The kind of a file, by its first bytes and one look at the names of its object."""

from __future__ import annotations

import codecs
import re
from typing import Literal, TypeAlias

from larst.errors import BadRequestError, InvalidJsonError
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
_YAML = re.compile(rb"""(?m)^["']?(?:openapi|swagger)["']?[ \t]*:[ \t]""")
"""A line that begins with the version."""

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


def is_yaml(raw: bytes | bytearray) -> bool:
    r"""Return whether a file is an OpenAPI document in YAML.

    >>> is_yaml(b"# The API of the shop\nopenapi: 3.1.0\npaths: {}\n")
    True
    """
    begin = bytes(raw[:_BEGIN_BYTES]).removeprefix(codecs.BOM_UTF8).lstrip()
    return not begin.startswith((b"{", b"[")) and _YAML.search(begin) is not None


def refuse_yaml(raw: bytes | bytearray) -> None:
    """Refuse a document in YAML, which the service does not read: a small one can expand.

    Raises:
        BadRequestError: it is one.
    """
    if is_yaml(raw):
        raise BadRequestError(
            "the OpenAPI document is YAML, and the service reads JSON: `larst import FILE` and"
            " `larst import --openapi FILE` convert it, and so does `yq -o json FILE`"
        )


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

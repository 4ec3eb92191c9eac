"""A worker's output, checked and turned into a reply. Pure. Must never trust the output."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from larst.domain import Reply
from larst.errors import ProgramFailedError, ResultTooLargeError
from larst.sandbox.reply_headers import (
    ALLOWED_HEADERS,
    is_allowed,
    is_safe_location,
    served_type,
)

MAX_RECORD_BYTES = 32 * 1024 * 1024
"""The largest reply that is a single record: what could be stored can be read."""

MAX_HEAD_CHARACTERS = 512 * 1024
"""The JSON of a status and headers."""

JSON = "application/json"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_PLAIN_LOCATION = re.compile(r"[\w.~%/:?#\[\]@!$&'()*+,;=-]{0,4096}", re.ASCII)
"""A location in which `quote` has nothing to do."""

_MAX_VALUE_CHARACTERS = 4096
_MAX_BITS = 64
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;\s*[\w.+-]+=\"?[\w.+-]+\"?)*", re.ASCII)
EMPTY_STATUSES = frozenset({204, 205, 304})


def reply_of(output: Any, *, result_bytes: int) -> Reply:
    """Return the reply that a worker's output describes.

    Raises:
        ResultTooLargeError: the body is over the limit.
        ProgramFailedError: HTTP cannot carry the reply.
    """
    match output:
        case [str() as head, bool() as has_body, int() as size, str() as text, raw]:
            status, headers = _head_of(head)
        case _:
            raise ProgramFailedError("REPLY is not a valid reply")
    if not isinstance(status, int):
        raise ProgramFailedError(f"the status of REPLY must be an integer, not {shown(status)}")
    if isinstance(status, bool) or not 200 <= status <= 599:
        raise ProgramFailedError(f"the status of REPLY must be 200 to 599, not {shown(status)}")
    fields, media_type = headers_of(headers)
    if status in EMPTY_STATUSES or not has_body:
        return Reply(status, None, fields)
    try:
        is_text = isinstance(raw, str) and not media_type.startswith(JSON)
        body = (raw if is_text else text).encode()
    except UnicodeEncodeError as error:
        raise ProgramFailedError("the body of the reply contains a lone surrogate") from error
    # The worker leaves out a text over its limit, which is larger for a single record.
    is_left_out = size > 0 and not text
    if is_left_out or len(body) > max(result_bytes, MAX_RECORD_BYTES):
        raise too_large(result_bytes)
    return Reply(status, body, fields, media_type)


def _head_of(text: str) -> list[Any]:
    """Return the status and the headers."""
    try:
        values = json.loads(text) if len(text) <= MAX_HEAD_CHARACTERS else None
    except (ValueError, RecursionError) as error:
        raise ProgramFailedError("REPLY is not a valid reply") from error
    if type(values) is not list or len(values) != 2:
        raise ProgramFailedError("REPLY is not a valid reply")
    return values


def headers_of(headers: Any) -> tuple[dict[str, str], str]:
    """Return the headers of a REPLY as HTTP carries them, and the media type.

    Raises:
        ProgramFailedError: HTTP cannot carry them, or a program may not set them.
    """
    if headers is None:
        return {}, JSON
    fields = _headers(headers)
    media_type = _media_type(fields.pop("Content-Type")) if "Content-Type" in fields else JSON
    return fields, media_type


def shown(value: Any) -> str:
    """Return a value for an error text; of containers only the type: they can be of any size."""
    if isinstance(value, str):
        return repr(value[:80])
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int) and value.bit_length() <= _MAX_BITS:
        return repr(value)
    return f"a value of type {type(value).__name__}"


def too_large(result_bytes: int) -> ResultTooLargeError:
    """Return the error of a reply over the limit."""
    return ResultTooLargeError(
        f"the reply is larger than {result_bytes} bytes (LARS_MAX_RESULT_BYTES);"
        " request a page of it with ?limit=100&offset=0, or send a write with Prefer:"
        " return=minimal"
    )


def _headers(headers: Any) -> dict[str, str]:
    if not isinstance(headers, dict) or len(headers) > 50:
        raise ProgramFailedError("the headers of REPLY must be a dict of at most 50 texts")
    return dict(_header(name, value) for name, value in headers.items())


def _header(name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, str):
        raise ProgramFailedError(f"{shown(name)} is not a valid header name")
    lowered = _lowered_name(name)
    text = _text_of(name, value)
    if lowered == "location":
        if not _PLAIN_LOCATION.fullmatch(text):
            # Ids come from clients and may be any text; '%' stays, because the program has
            # already encoded the separators.
            text = quote(text, safe="%/:?#[]@!$&'()*+,;=~", errors="replace")
        if not is_safe_location(text):
            raise ProgramFailedError("Location must be a path, or a URL of http or https")
    elif not _VALUE.fullmatch(text):
        raise ProgramFailedError(f"the header {name} may contain only printable ASCII")
    return "Content-Type" if lowered == "content-type" else name, text


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProgramFailedError(f"the header {name} must be text, not {shown(value)}")
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise ProgramFailedError(f"the header {name} has a number of more than 64 bits")
    text = str(value)
    if len(text) > _MAX_VALUE_CHARACTERS:
        raise ProgramFailedError(f"the header {name} is longer than {_MAX_VALUE_CHARACTERS}")
    return text


@lru_cache(maxsize=256)
def _lowered_name(name: str) -> str:
    """Return the name of a header that a program may set, in lower case; programs repeat a few."""
    if not _TOKEN.fullmatch(name):
        raise ProgramFailedError(f"{shown(name)} is not a valid header name")
    lowered = name.lower()
    if not is_allowed(lowered):
        raise ProgramFailedError(
            f"programs may not set the header {name}; use {', '.join(sorted(ALLOWED_HEADERS))},"
            " or one that begins with X-Total-, X-Page- or X-Pagination-"
        )
    return lowered


def _media_type(value: str) -> str:
    media_type = value.strip()
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ProgramFailedError(f"{shown(value)} is not a valid media type")
    return served_type(media_type.lower())

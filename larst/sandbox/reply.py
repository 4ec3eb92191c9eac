"""A worker's output, checked and turned into a reply. Pure. Must never trust the output."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from larst.domain import Reply
from larst.errors import ProgramFailedError, ResultTooLargeError

FORBIDDEN_HEADERS = frozenset(
    {
        # RFC 9110 section 7.6.1 and RFC 9112: these belong to the connection.
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        # These belong to the service.
        "content-security-policy",
        "server-timing",
        "set-cookie",
        "strict-transport-security",
        "traceparent",
        "tracestate",
        "www-authenticate",
        "x-content-type-options",
        "x-request-id",
        "x-session-id",
    }
)
"""Headers that programs may not set; headers that start with `Access-Control-` neither."""

MAX_RECORD_BYTES = 32 * 1024 * 1024
"""The largest reply that is a single record: what could be stored can be read."""

JSON = "application/json"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(r"[\t\x20-\x7e]{0,4096}")
_PLAIN_LOCATION = re.compile(r"[\w.~%/:?#\[\]@!$&'()*+,;=-]{0,4096}", re.ASCII)
"""A location in which `quote` has nothing to do."""

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;\s*[\w.+-]+=\"?[\w.+-]+\"?)*", re.ASCII)
EMPTY_STATUSES = frozenset({204, 205, 304})


def reply_of(output: Any, *, result_bytes: int) -> Reply:
    """Return the reply that a worker's output describes.

    Raises:
        ResultTooLargeError: the body is over the limit.
        ProgramFailedError: HTTP cannot carry the reply.
    """
    match output:
        case [int() as status, headers, bool() as has_body, int() as size, str() as text, raw]:
            pass
        case [status, *_]:
            raise ProgramFailedError(f"the status of REPLY must be an integer, not {status!r:.40}")
        case _:
            raise ProgramFailedError("REPLY is not a valid reply")
    if isinstance(status, bool) or not 200 <= status <= 599:
        raise ProgramFailedError(f"the status of REPLY must be 200 to 599, not {status!r:.40}")
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
        raise ProgramFailedError(f"{name!r:.80} is not a valid header name")
    lowered = _lowered_name(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProgramFailedError(f"the header {name} must be text, not {value!r:.40}")
    text = str(value)
    if lowered == "location":
        if _PLAIN_LOCATION.fullmatch(text):
            return name, text
        # Ids come from clients and may be any text; '%' stays, because the program has already
        # encoded the separators.
        text = quote(text, safe="%/:?#[]@!$&'()*+,;=~", errors="replace")
    if not _VALUE.fullmatch(text):
        raise ProgramFailedError(f"the header {name} may contain only printable ASCII")
    return "Content-Type" if lowered == "content-type" else name, text


@lru_cache(maxsize=256)
def _lowered_name(name: str) -> str:
    """Return the name of a header that a program may set, in lower case; programs repeat a few."""
    if not _TOKEN.fullmatch(name):
        raise ProgramFailedError(f"{name!r:.80} is not a valid header name")
    lowered = name.lower()
    if lowered in FORBIDDEN_HEADERS or lowered.startswith("access-control-"):
        raise ProgramFailedError(f"programs may not set the header {name}")
    return lowered


def _media_type(value: str) -> str:
    media_type = value.strip()
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ProgramFailedError(f"{value!r:.80} is not a valid media type")
    return media_type.lower()

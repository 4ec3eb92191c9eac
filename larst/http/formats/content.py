"""Uploaded files as downloads. Pure.

A browser must never run or display what a client uploaded here: it is always an attachment, its
type is not guessed, and its page would have no origin.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from urllib.parse import quote

import orjson

from larst.domain import Json, Reply
from larst.sandbox.reply_headers import UNKNOWN, served_type

FILE_HEADER = "X-LARST-File"
"""Marks a reply of the rules whose body describes a file; it never leaves the service."""

_MEDIA_TYPE = re.compile(
    r"[\w.+-]{1,64}/[\w.+-]{1,64}(?:\s*;\s*[\w-]{1,32}=\"?[\w.+-]{1,64}\"?)?", re.ASCII
)


def content_reply(reply: Reply) -> Reply:
    """Return the file that the reply describes, as an attachment; another reply stays as it is."""
    file: Json = orjson.loads(reply.body or b"null")
    if reply.status != 200 or not isinstance(file, dict):
        return reply
    try:
        content = base64.b64decode(str(file.get("content")), validate=True)
    except (binascii.Error, ValueError):
        content = str(file.get("content")).encode()  # stored as JSON, in plain text
    media_type, name = str(file.get("type")), str(file.get("name", "file"))
    headers = {
        **reply.headers,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    media_type = served_type(media_type) if _MEDIA_TYPE.fullmatch(media_type) else UNKNOWN
    return replace(reply, body=content, headers=headers, media_type=media_type)

"""HTTP replies as bytes: where a reply ends, and its status.

Only for connections without pipelining.
"""

from __future__ import annotations

import re

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_ID = re.compile(rb'"id":\s*"?([\w-]+)')
_BODILESS = frozenset({204, 304})


def status_of(reply: bytes) -> int:
    """Return the status of a reply whose first line is complete."""
    return int(reply[9:12])


def is_complete(reply: bytes) -> bool:
    """Return whether the bytes are a whole reply.

    Raises:
        ValueError: the reply has neither a length nor chunks, so its end is unknown.
    """
    head_end = reply.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = _LENGTH.search(reply, 0, head_end + 2)
    if length:
        return len(reply) >= head_end + 4 + int(length[1])
    if status_of(reply) in _BODILESS:
        return True
    if _CHUNKED.search(reply, 0, head_end + 2):
        return reply.endswith(b"\r\n0\r\n\r\n")
    raise ValueError(f"a reply without a length: {reply[:head_end]!r}")


def id_of(reply: bytes) -> str:
    """Return the id of the record in the body.

    Raises:
        ValueError: the body has no id.
    """
    match = _ID.search(reply, reply.find(b"\r\n\r\n"))
    if match is None:
        raise ValueError(f"no id in {reply[-200:]!r}")
    return match[1].decode()

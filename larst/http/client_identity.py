"""The identity of a client: the session that it names, its request id, trace and address.

Pure. Must never use a proxy header that did not come from a trusted proxy.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection

from larst.config import Network
from larst.domain import NewIds, TraceParent
from larst.errors import BadSessionIdError

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""The format of a session id."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


def checked_session_id(name: str) -> str:
    """Return the name of a session, from the header X-Session-ID or a path, if it is valid.

    Raises:
        BadSessionIdError: it is not.
    """
    if not SESSION_ID.fullmatch(name):
        raise BadSessionIdError(
            "X-Session-ID must be 1 to 128 of the characters A-Z a-z 0-9 _ and -"
        )
    return name


def new_id() -> str:
    """Return a unique id of 32 hex digits. Creating a UUID takes three times as long."""
    return os.urandom(16).hex()


def new_ids() -> tuple[str, TraceParent]:
    """Return a new request id and a new trace, from one call of the system."""
    digits = os.urandom(40).hex()
    return digits[:32], TraceParent(digits[32:64], digits[64:], "01")


def request_id_of(header: str | None, new_id: NewIds) -> str:
    """Return the client's own request id if it is valid, otherwise a new id."""
    return header if header and _REQUEST_ID.fullmatch(header) else new_id()


def continue_trace(traceparent: str | None, new_id: NewIds) -> TraceParent:
    """Return a new span in the caller's trace, or in a new trace without a valid header.

    The format is that of https://www.w3.org/TR/trace-context/#traceparent-header.
    """
    match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    span_id = new_id()[:16]
    if match and int(match[1], 16) and int(match[2], 16):
        return TraceParent(match[1], span_id, match[3])
    return TraceParent(new_id(), span_id, "01")


def client_ip_of(peer: str, forwarded_for: str | None, trusted: Collection[Network]) -> str:
    """Return the client's address: the last one in X-Forwarded-For that is not a trusted proxy.

    The search goes from right to left, since a client can write anything on the left.
    """
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    address = peer
    while hops and _is_trusted(address, trusted):
        address = hops.pop()
    return address


def scheme_of(
    scheme: str, forwarded_proto: str | None, peer: str, trusted: Collection[Network]
) -> str:
    """Return the scheme that the client used: a trusted proxy's header, otherwise `scheme`."""
    forwarded = (forwarded_proto or "").strip().lower()
    is_forwarded = forwarded in ("http", "https") and _is_trusted(peer, trusted)
    return forwarded if is_forwarded else scheme


def _is_trusted(address: str, trusted: Collection[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)

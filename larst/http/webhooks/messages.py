"""The requests that tell a receiver about a change: body, headers and signature. Pure.

They follow Standard Webhooks (standardwebhooks.com), so that its libraries verify them::

    webhook-id: 1c9f03ab-412.0      the same in each attempt, and never that of another change
    webhook-timestamp: 1764265200   seconds since 1970, of this attempt
    webhook-signature: v1,K5oZfzN9…  HMAC-SHA256 of `id.timestamp.body`, in Base64
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import orjson

from larst import __version__
from larst.domain import Json
from larst.http.webhooks.definitions import secret_key
from larst.session.live import GAP, FollowedChange, event_id
from larst.store.record_rules import as_timestamp

USER_AGENT = f"LARST/{__version__} webhooks"

_GAP_DETAIL = (
    "changes before this are not available as events: the data was replaced, or the receiver was"
    " too far behind; read the records again"
)


@dataclass(frozen=True, slots=True)
class Message:
    """The body of a delivery, and its id."""

    id: str
    body: bytes


def message_of(session: str, change: FollowedChange, now: datetime) -> Message:
    """Return the message about a change of a session."""
    data: dict[str, Json] = {"session": session}
    if change.name == GAP:
        name, data["detail"] = GAP, _GAP_DETAIL
    else:
        name = f"record.{change.name}"
        data |= {"resource": change.resource, "record": change.record}
    value = {"type": name, "timestamp": as_timestamp(now), "data": data}
    return Message(event_id(change.place), orjson.dumps(value))


def headers_of(message: Message, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers of an attempt, which prove who sent it and when."""
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(message, secret, timestamp),
    }


def signature(message: Message, secret: str, timestamp: str) -> str:
    """Return the signature of a message that is sent at a time."""
    content = f"{message.id}.{timestamp}.".encode() + message.body
    digest = hmac.new(secret_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"

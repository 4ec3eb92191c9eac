"""Idempotency-Key: a request that is sent again changes nothing again, and gets the first reply.

Replies are stored with the session, in the transaction of the change that they report: after a
crash either both are there or neither. A request that failed changed nothing, so its reply is not
stored, and its key may be used again. After draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from larst.domain import Record, Reply, RequestContext
from larst.errors import BadRequestError, KeyReusedError
from larst.store import REPLIES, SessionStore, Transaction

METHODS = frozenset({"POST", "PATCH", "PUT"})
"""The methods that the header applies to; other methods ignore it."""

KEPT_FOR = timedelta(days=1)
MAX_REPLIES = 1000
MAX_BYTES = 8 * 1024 * 1024
"""The bodies of all stored replies of a session; the oldest leave first."""

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The reply to the first request with a key, and what shaped its form."""

    reply: Reply
    action: str
    is_by_rules: bool
    hint: str | None


def idempotency_key(request: RequestContext) -> str | None:
    """Return the key of a request; None if it has no key, or its method ignores it.

    Raises:
        BadRequestError: the key is not 1 to 255 visible characters.
    """
    header = request.headers.get("idempotency-key")
    if header is None or request.method not in METHODS:
        return None
    key = header.strip()
    if len(key) > 2 and key[0] == key[-1] == '"':  # the draft has a quoted string
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise BadRequestError("Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key


def stored_reply(store: SessionStore, request: RequestContext, key: str) -> StoredReply | None:
    """Return the reply to an earlier request with the key, or None.

    Raises:
        KeyReusedError: the earlier request was a different one.
    """
    row = store.data.record(REPLIES, key)
    if row is None or _is_old(row, store.now()):
        return None
    if row["request"] != _digest(request):
        raise KeyReusedError(
            f"the Idempotency-Key {key[:80]} belongs to another request of this session; send a"
            " new key with a new request"
        )
    body = None if row["body"] is None else row["body"].encode()
    reply = Reply(row["status"], body, row["headers"], row["media_type"])
    return StoredReply(reply, row["action"], row["is_by_rules"], row["hint"])


def store_reply(
    transaction: Transaction,
    request: RequestContext,
    key: str,
    stored: StoredReply,
    now: datetime,
) -> None:
    """Add a reply to the transaction of the change that it reports; drop old replies."""
    view = transaction.hidden(REPLIES)
    reply = stored.reply
    row: Record = {
        "id": key,
        "request": _digest(request),
        "at": now.isoformat(),
        "status": reply.status,
        "headers": dict(reply.headers),
        "media_type": reply.media_type,
        "body": None if reply.body is None else reply.body.decode(),
        "action": stored.action,
        "is_by_rules": stored.is_by_rules,
        "hint": stored.hint,
    }
    rows, _ = view.list()
    for old in [*_expendable(list(rows), _body_bytes(row), now), key]:
        view.delete(old)
    view.insert(row)


def _expendable(rows: list[Record], new_bytes: int, now: datetime) -> Iterator[str]:
    """Yield the keys of the replies that are too old, or one too many; the oldest come first."""
    total = new_bytes + sum(map(_body_bytes, rows))
    for index, row in enumerate(rows):
        is_full = total > MAX_BYTES or len(rows) - index >= MAX_REPLIES
        if not is_full and not _is_old(row, now):
            return
        total -= _body_bytes(row)
        yield row["id"]


def _body_bytes(row: Mapping[str, object]) -> int:
    return len(str(row["body"] or ""))


def _is_old(row: Record, now: datetime) -> bool:
    return now - datetime.fromisoformat(row["at"]) > KEPT_FOR


def _digest(request: RequestContext) -> str:
    identity = [
        request.method,
        request.segments,
        sorted(request.query.items()),
        str(request.body.kind),
        request.body.json,
        request.body.text,
    ]
    content = orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()

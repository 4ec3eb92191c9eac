"""Entity tags and If-Match (RFC 9110, sections 8.8.3 and 13.1.1).

The tag of a plain record is a hash of the stored record. The tag of any other path is a hash of
the reply to GET, so the program for GET has to run first. Must never change a session.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from larst.domain import NO_BODY, Reply, RequestContext
from larst.errors import PreconditionFailedError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import RestPath, ShapedRequest
from larst.store import SessionStore

CONDITIONAL_METHODS = frozenset({"PUT", "PATCH", "DELETE", "POST"})
"""The methods that If-Match applies to here; other methods ignore it."""

RecordKey = tuple[str, str]
"""A resource and the id of a record, as text."""


def as_get(request: RequestContext) -> RequestContext:
    """Return the request whose reply shows the current version."""
    return replace(request, method="GET", query={}, body=NO_BODY)


def check_if_match(request: RequestContext, etag: str | None) -> None:
    """Compare If-Match with the tag of the current version; None: the record does not exist.

    Raises:
        PreconditionFailedError: the header does not list the tag. Weak tags never match.
    """
    condition = request.headers["if-match"]
    tags = [tag.strip() for tag in condition.split(",")]
    if etag is None or not ("*" in tags or etag in tags):
        raise PreconditionFailedError(
            f"the stored version is {etag or 'missing'}, not {condition}; GET it and try again"
        )


def reply_etag(
    store: SessionStore, shaped: ShapedRequest, ready: ReadyPlan, reply: Reply
) -> str | None:
    """Return the strong tag of a successful reply to GET; None for any other reply."""
    if shaped.shape.method != "GET" or reply.status != 200 or reply.body is None:
        return None
    key = plain_record(shaped, ready)
    return _etag_of(reply.body) if key is None else record_etag(store, key)


def plain_record(shaped: ShapedRequest, ready: ReadyPlan | None) -> RecordKey | None:
    """Return the record that GET of the path returns unchanged; None if a program decides.

    The rules return records unchanged, and they plan such a path if it has no plan yet.
    """
    path = shaped.path
    if not isinstance(path, RestPath) or path.identifier is None or path.is_search:
        return None
    if path.is_list_of_ids or path.field is not None or shaped.shape.asks:
        return None
    if ready is not None and ready.maker.planner != RULES:
        return None
    return path.resource, shaped.request.segments[path.identifier]


def record_etag(store: SessionStore, key: RecordKey) -> str | None:
    """Return the strong tag of a stored record; None if it does not exist."""
    record = store.record(*key)
    return None if record is None else _etag_of(orjson.dumps(record))


def _etag_of(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'

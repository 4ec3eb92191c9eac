"""Entity tags, If-Match and If-None-Match on writes (RFC 9110, sections 8.8.3 and 13.1).

The tag of a plain record is a hash of the stored record. The tag of any other path is a hash of
the reply to GET, so the program for GET has to run first. Must never change a session.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from larst.domain import NO_BODY, NO_GUIDANCE, Reply, RequestContext
from larst.errors import PreconditionFailedError
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import RestPath, ShapedRequest
from larst.store import SessionStore

CONDITIONAL_METHODS = frozenset({"PUT", "PATCH", "DELETE", "POST"})
"""The methods that conditions apply to here; If-None-Match on GET saves sending a reply again."""

_SHOWN_IN_PART = frozenset({"select", "embed"})
"""What a GET may ask for that makes its reply differ from the stored record."""

RecordKey = tuple[str, str]
"""A resource and the id of a record, as text."""


def as_get(request: RequestContext) -> RequestContext:
    """Return the request whose reply shows the current version."""
    return replace(request, method="GET", query={}, body=NO_BODY, guidance=NO_GUIDANCE)


def is_conditional(request: RequestContext) -> bool:
    """Return whether a request makes its effect depend on the current version."""
    headers = request.headers
    if request.method not in CONDITIONAL_METHODS:
        return False
    return "if-match" in headers or "if-none-match" in headers


def check_conditions(request: RequestContext, etag: str | None, *, is_record: bool) -> None:
    """Compare If-Match and If-None-Match with the tag of the current version.

    `etag` None: it does not exist. `is_record`: the path names a record. A collection always
    exists, so there `If-None-Match: *` means the new record and is always met.

    Raises:
        PreconditionFailedError: If-Match does not list the tag, or If-None-Match does. Weak tags
            match in If-None-Match only.
    """
    if (condition := request.headers.get("if-match")) is not None:
        tags = _tags(condition)
        if etag is None or not ("*" in tags or etag in tags):
            raise PreconditionFailedError(
                f"the stored version is {etag or 'missing'}, not {condition}; GET it and try again"
            )
    if (condition := request.headers.get("if-none-match")) is not None and etag is not None:
        tags = [tag.removeprefix("W/") for tag in _tags(condition)]
        if etag in tags or ("*" in tags and is_record):
            raise PreconditionFailedError(
                f"the record exists, and its version is {etag}; If-None-Match: {condition} asks"
                " for a change only if it does not"
            )


def _tags(condition: str) -> list[str]:
    return [tag.strip() for tag in condition.split(",")]


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
    if path.is_list_of_ids or path.is_latest or path.field is not None:
        return None
    if not _SHOWN_IN_PART.isdisjoint(shaped.shape.asks):
        return None
    if ready is not None and ready.maker.planner != RULES:
        return None
    return path.resource, shaped.request.segments[path.identifier]


def record_etag(store: SessionStore, key: RecordKey) -> str | None:
    """Return the strong tag of a stored record; None if it does not exist."""
    record = store.data.record(*key)
    if record is None:
        return None
    return f'"{hashlib.blake2b(orjson.dumps(record), digest_size=12).hexdigest()}"'


def _etag_of(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'

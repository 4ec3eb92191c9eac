"""Preferences of the client (RFC 7240): minimal replies, and Preference-Applied. Pure."""

from __future__ import annotations

from dataclasses import replace

from larst.domain import Reply, RequestContext
from larst.planning.reading.preferences import preferences
from larst.planning.reading.request import Reading

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def apply_preferences(reply: Reply, reading: Reading, context: RequestContext) -> Reply:
    """Return the reply without a body if the client prefers that, and name the preferences."""
    is_write = context.method in _WRITES
    if is_write and reading.returns == "minimal" and reply.body is not None:
        reply = replace(reply, status=201 if reply.status == 201 else 204, body=None)
    applied: list[str] = []
    if is_write and reading.returns == "minimal" and reply.body is None:
        applied.append("return=minimal")
    if is_write and reading.returns == "representation" and reply.body is not None:
        applied.append("return=representation")
    if reading.is_upsert and context.method == "POST":
        applied.append("resolution=merge-duplicates")
    wanted = preferences(context.headers["prefer"])
    if wanted.get("count") == "exact" and "X-Total-Count" in reply.headers:
        applied.append("count=exact")
    if not applied:
        return reply
    return replace(reply, headers={**reply.headers, "Preference-Applied": ", ".join(applied)})

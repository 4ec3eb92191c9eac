"""Keeps the reading and the binding of large requests off the event loop."""

from __future__ import annotations

from larst.domain import RequestContext
from larst.planning.reading import reading_steps
from larst.store import SessionStore


def require_reading(store: SessionStore, request: RequestContext) -> None:
    """Return if a request can be read, or bound to a plan, here.

    Raises:
        LeaveLoopError: it may take too long for the event loop.
    """
    if steps := reading_steps(request, store.data.resources, store.data.fields):
        store.work.require(steps)

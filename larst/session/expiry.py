"""Deletes the records of a session whose time is over, before it answers a message.

Must never delete by another clock than the session's own.
"""

from __future__ import annotations

from datetime import datetime

from larst.actors import OutputGate
from larst.session.session_clock import now_of
from larst.store import SessionStore


class Expiry:
    """Knows when the records of a session expire, and deletes them."""

    def __init__(self, store: SessionStore, gate: OutputGate) -> None:
        self._store = store
        self._gate = gate

    @property
    def is_due(self) -> bool:
        """Whether records may have expired: a few lookups, for every message."""
        rules = self._store.data.rules
        return rules.has_expiry and rules.is_due(self._store.data.resources, self._now())

    async def delete_expired(self) -> None:
        """Delete the records that have expired; the next reply waits until that is durable."""
        if self.is_due and await self._store.commits.delete_expired(self._now()):
            self._gate.mark()

    def _now(self) -> datetime:
        return now_of(self._store.settings.current.clock, self._store.now())

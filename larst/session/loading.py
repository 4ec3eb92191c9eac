"""How a session's files are loaded, and what becomes of it while they are damaged.

A session whose files cannot be loaded refuses requests, tries to load again with each, and admits
the tasks that erase or replace its data. Must never let a request see a part of its records.
"""

from __future__ import annotations

from larst.actors import Clock, OutputGate, StartRefused
from larst.errors import StoreError
from larst.session.events import log_event
from larst.session.messages import Message, StoreTask
from larst.store import SessionStore


class SessionLoading:
    """Loads a session at its start, and again after a failed flush or while it is damaged."""

    __slots__ = ("_begun_s", "_clock", "_damage", "_gate", "_store")

    def __init__(self, store: SessionStore, gate: OutputGate, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._damage: StoreError | None = None
        self._begun_s = clock.now()

    async def load(self) -> None:
        """Load the session's files; on failure, log the error and remember it."""
        self._begun_s, self._damage = self._clock.now(), None
        try:
            await self._store.load()
        except StoreError as error:
            self._stay_damaged(error)
        self._mark_pending()

    async def retry(self, message: Message, enqueued_s: float) -> None:
        """Load the session's files again, unless the message already waited for the last attempt.

        Raises:
            StoreError: they cannot be loaded, and the message does not admit that.
        """
        if self._damage is None or enqueued_s >= self._begun_s:
            await self.load()
        admits_damaged = isinstance(message, StoreTask) and message.admits_damaged
        if self._damage is not None and not admits_damaged:
            raise self._damage

    async def reload(self) -> None:
        """Return to the state on disk; if that cannot be loaded, the session is damaged."""
        self._begun_s = self._clock.now()
        try:
            await self._store.reload()
        except StoreError as damage:
            self._store.release()
            self._stay_damaged(damage)
        self._mark_pending()

    def _stay_damaged(self, error: StoreError) -> None:
        self._damage = error
        log_event(StartRefused(self._store.session_id, error))

    def _mark_pending(self) -> None:
        """Let the changes that a load itself has made become durable."""
        if self._store.has_pending:
            self._gate.mark()

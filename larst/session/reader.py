"""Reads the requests of one session: their shapes, with the session's settings and memory."""

from __future__ import annotations

from functools import partial

from larst.domain import RequestContext
from larst.planning.reading.request import ReadingSettings
from larst.planning.shapes import ShapedRequest, ShapeMemory
from larst.session.contracts import SessionContract
from larst.session.reading_work import require_reading
from larst.session.settings import applied_settings
from larst.store import SessionStore


class RequestReader:
    """Gives requests their shapes; `defaults` are the settings of a session without its own."""

    __slots__ = ("_contract", "_defaults", "_memory", "_settings", "_store", "_stored")

    def __init__(
        self, store: SessionStore, contract: SessionContract, defaults: ReadingSettings
    ) -> None:
        self._store = store
        self._contract = contract
        self._defaults = defaults
        self._stored, self._settings = store.settings.current, defaults
        self._memory = ShapeMemory()

    async def shape(self, request: RequestContext) -> ShapedRequest:
        """Return a request with its shape and its operation; a large one is read in a thread."""
        shaped = await self._store.work.run(partial(self.read, request))
        return await self._contract.with_operation(shaped, request)

    def read(self, request: RequestContext) -> ShapedRequest:
        """Return a request with its shape.

        Raises:
            LeaveLoopError: it may take too long for the event loop.
        """
        if (stored := self._store.settings.current) is not self._stored:
            self._stored, self._settings = stored, applied_settings(self._defaults, stored)
        require_reading(self._store, request)
        return self._memory.shape(request, self._store.data, self._settings)

"""The control API for the clock of a session: show it, set, freeze and move it, back to real time.

Must never change the time of anything but the session's own programs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from larst.domain import session_name
from larst.http.control.guards import json_body
from larst.http.control.named_session import session_key, session_not_found
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient, SessionQuota
from larst.session.session_clock import REAL_TIME, SessionClock, clock_of, set_clock
from larst.store import DataRoot, SessionStore


class ClockControl:
    """Handles the requests of `/_larst/sessions/{id}/clock`."""

    def __init__(self, root: DataRoot, sessions: SessionClient, quota: SessionQuota) -> None:
        self._root = root
        self._sessions = sessions
        self._quota = quota

    async def show(self, request: web.Request) -> web.Response:
        """Return the time of a session.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = session_key(request)
        if not await asyncio.to_thread(self._root.has_session, key):
            raise session_not_found(key)
        clock, real = await self._sessions.run_on_store(key, _clock, keeps_awake=False)
        return json_response(clock.as_json(real))

    async def put(self, request: web.Request) -> web.Response:
        """Set the clock of a session, which may have no data yet.

        Raises:
            BadRequestError: a name or a value is not allowed.
        """
        key, value = session_key(request), await json_body(request)

        async def put(store: SessionStore) -> tuple[SessionClock, datetime]:
            clock, real = await _clock(store)
            clock = set_clock(clock, value, real)
            await _store(store, clock)
            return clock, real

        await self._quota.admit(request[ACCESS].tenant, session_name(key))
        clock, real = await self._sessions.run_on_store(key, put)
        return json_response(clock.as_json(real))

    async def delete(self, request: web.Request) -> web.Response:
        """Return to real time.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = session_key(request)
        if not await asyncio.to_thread(self._root.has_session, key):
            raise session_not_found(key)
        await self._sessions.run_on_store(key, lambda store: _store(store, REAL_TIME))
        return web.Response(status=204)


async def _clock(store: SessionStore) -> tuple[SessionClock, datetime]:
    return clock_of(store.settings.current.clock), store.now()


async def _store(store: SessionStore, clock: SessionClock) -> None:
    await store.settings.put(replace(store.settings.current, clock=clock.stored()))

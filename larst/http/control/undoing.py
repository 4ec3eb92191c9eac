"""The control API that takes back the latest run of a plan in a session."""

from __future__ import annotations

from aiohttp import web

from larst.errors import ForbiddenError
from larst.http.client_identity import checked_session_id
from larst.http.control.parameters import OF_SESSION
from larst.http.control.plans import PlanControl
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient
from larst.store import SessionStore


class UndoControl:
    """Handles the requests that take changes back."""

    def __init__(self, sessions: SessionClient, plans: PlanControl) -> None:
        self._sessions = sessions
        self._plans = plans

    async def undo(self, request: web.Request) -> web.Response:
        """Take back what the latest run of a plan changed in a session; return the counts.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
            UndoRefusedError: it cannot be taken back; nothing is changed.
        """
        access, entry = request[ACCESS], self._plans.entry(request)
        if self._plans.tenant(request) != access.tenant.name:
            raise ForbiddenError("the sessions of another tenant are its own to change")
        name = request.query.get(OF_SESSION.name)
        session_id = (
            request.app[INGRESS].unnamed_session(access)
            if name is None
            else checked_session_id(name)
        )

        async def undo(store: SessionStore) -> dict[str, int]:
            return await store.commits.undo(entry.key)

        key = access.tenant.key_of(session_id)
        return json_response({"undone": await self._sessions.run_on_store(key, undo)})

"""The session that the path of a control request names."""

from __future__ import annotations

import asyncio

from aiohttp import web

from larst.domain import SessionKey, session_name
from larst.errors import SessionNotFoundError
from larst.http.client_identity import checked_session_id
from larst.http.keys import ACCESS
from larst.store import DataRoot


def session_id(request: web.Request) -> str:
    """Return the name of the session that the path names.

    Raises:
        BadSessionIdError: it is not valid.
    """
    return checked_session_id(request.match_info["id"])


def session_key(request: web.Request) -> SessionKey:
    """Return the key of the session that the path names.

    Raises:
        BadSessionIdError: its name is not valid.
    """
    return request[ACCESS].tenant.key_of(session_id(request))


def session_not_found(key: SessionKey) -> SessionNotFoundError:
    """Return the error that the session has no data."""
    return SessionNotFoundError(
        f"the session {session_name(key)} has no data; GET /_larst/sessions lists the sessions with"
        " data"
    )


async def existing_key(root: DataRoot, request: web.Request) -> SessionKey:
    """Return the key of the session that the path names, if it has data.

    Raises:
        SessionNotFoundError: the session has no data.
    """
    key = session_key(request)
    if not await asyncio.to_thread(root.has_session, key):
        raise session_not_found(key)
    return key

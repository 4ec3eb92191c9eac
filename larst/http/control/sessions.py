"""The control API for sessions, under `/_larst/sessions`: look, export, import, erase.

A session that is awake is asked by its mailbox, as any request; the files of one that sleeps are
only looked at. Must never write to a session's files itself: one that cannot be loaded rescues
itself, where that is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

from aiohttp import web

from larst import actors
from larst.config import HttpSettings
from larst.domain import Json
from larst.errors import (
    DiskRefusedError,
    SessionDamagedError,
    SessionNotEmptyError,
    SessionNotFoundError,
)
from larst.http.client_identity import session_id_of
from larst.http.control.guards import flag_in_query, number_in_query
from larst.http.control.imports import Imports
from larst.http.control.parameters import OFFSET, REPLACE, SESSION_LIMIT
from larst.http.responses import json_response
from larst.session import SessionClient
from larst.store import DataRoot, SessionStore, Threads
from larst.store.collection import Collection
from larst.store.recovery.inspection import Inspection, disk_usage, inspect
from larst.store.transfer.exporting import export_lines

LOOK_S = 1.0
"""How long a look at a session may wait for it, in seconds; it is busy then."""

LOOKS_AT_ONCE = 32


class SessionControl:
    """Handles the requests below `/_larst/sessions`."""

    def __init__(
        self, root: DataRoot, sessions: SessionClient, threads: Threads, settings: HttpSettings
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._imports = Imports(
            threads, timeout_s=settings.request_timeout_s, max_bytes=settings.max_import_bytes
        )
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of the sessions that have data, by their ids.

        Raises:
            BadRequestError: a query value is none of those allowed.
        """
        limit = number_in_query(request, SESSION_LIMIT)
        offset = number_in_query(request, OFFSET)
        ids = await asyncio.to_thread(self._root.session_ids)
        looked_at = await asyncio.gather(*map(self._looked_at, ids[offset : offset + limit]))
        items = [item for item in looked_at if item is not None]
        page = {"total": len(ids), "limit": limit, "offset": offset}
        return json_response({"items": items, "page": page})

    async def show(self, request: web.Request) -> web.Response:
        """Answer what one session holds, by resource.

        Raises:
            SessionNotFoundError: it has no data.
        """
        session_id = await self._existing(request)
        try:
            return json_response(await self._described(session_id))
        except FileNotFoundError as error:
            raise _no_session(session_id) from error

    async def erase(self, request: web.Request) -> web.Response:
        """Forget a session, on disk too: what it is asked next, it begins anew.

        Raises:
            SessionNotFoundError: it has no data.
        """
        session_id = await self._existing(request)
        await self._sessions.run_on_store(
            session_id, lambda store: store.erase(), admits_damaged=True
        )
        return web.Response(status=204)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream a session as it is at this moment, as JSON a line.

        Raises:
            SessionNotFoundError: it has no data.
        """
        session_id = await self._existing(request)
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{session_id}.ndjson"'}
        )
        response.content_type = "application/x-ndjson"
        if request.method == "HEAD":
            return response  # a body would be taken for the reply to the connection's next request
        resources = await self._sessions.run_on_store(session_id, _snapshot, keeps_awake=False)
        await response.prepare(request)
        for chunk in export_lines(resources):
            await response.write(chunk)
            await asyncio.sleep(0)  # a fast client's connection is always ready for more
        await response.write_eof()
        return response

    async def import_(self, request: web.Request) -> web.Response:
        """Take an export, or a json-server `db.json`, in; all of it or nothing.

        Raises:
            SessionNotEmptyError: the session has data, and `?replace=true` was not said.
            BadRequestError: it is no export, or not whole.
            BodyTooLargeError: it is over LARS_MAX_IMPORT_BYTES.
        """
        session_id = _session_id(request)
        raw = await self._imports.read(request)
        replaces = flag_in_query(request, REPLACE)
        async with self._imports.turn():
            counts = await self._import_into(session_id, raw, replaces=replaces)
        return json_response({"imported": counts, "records": sum(counts.values())})

    async def _import_into(
        self, session_id: str, raw: bytearray, *, replaces: bool
    ) -> dict[str, int]:
        """Take the import in; return the records of it by resource."""
        ready = await self._imports.ready(raw)
        counts = {name: len(one.collection.records) for name, one in sorted(ready.items())}

        async def restore(store: SessionStore) -> None:
            if not store.is_loaded:
                await store.set_all_aside()
            if any(store.counts().values()) and not replaces:
                raise SessionNotEmptyError(
                    f"the session {session_id} has records; say ?replace=true to replace them,"
                    " or import into another session"
                )
            store.restore(ready)

        await self._sessions.run_on_store(session_id, restore, admits_damaged=replaces)
        return counts

    async def _existing(self, request: web.Request) -> str:
        session_id = _session_id(request)
        if not await asyncio.to_thread(self._root.has_session, session_id):
            raise _no_session(session_id)
        return session_id

    async def _looked_at(self, session_id: str) -> dict[str, Json] | None:
        """Return what is told of a session; None: it was erased since."""
        async with self._looks:
            with contextlib.suppress(FileNotFoundError):
                return await self._described(session_id)
        return None

    async def _described(self, session_id: str) -> dict[str, Json]:
        """Return what is told of a session.

        Raises:
            FileNotFoundError: it is gone.
        """
        directory = self._root.session_directory(session_id)
        if not self._sessions.is_live(session_id):
            found = await asyncio.to_thread(inspect, directory)
            # Awake by now, it may have written its files while they were looked at.
            if found.problem is None or not self._sessions.is_live(session_id):
                return _told(found, "asleep")
        size_bytes, used_at = await asyncio.to_thread(disk_usage, directory)
        try:
            async with asyncio.timeout(LOOK_S):
                records = await self._sessions.run_on_store(session_id, _counts, keeps_awake=False)
        except SessionDamagedError as error:
            return _told(Inspection(session_id, size_bytes, used_at, {}, error.detail), "asleep")
        except (TimeoutError, actors.MailboxFullError):
            return _told(await asyncio.to_thread(inspect, directory), "busy")
        except (actors.ActorError, DiskRefusedError):  # cooling down, or not to be read
            return _told(await asyncio.to_thread(inspect, directory), "failed")
        return _told(Inspection(session_id, size_bytes, used_at, records), "awake")


async def _counts(store: SessionStore) -> dict[str, int]:
    return store.counts()


async def _snapshot(store: SessionStore) -> dict[str, Collection]:
    return store.snapshot()


def _session_id(request: web.Request) -> str:
    return session_id_of(request.match_info["id"], None, "")


def _no_session(session_id: str) -> SessionNotFoundError:
    return SessionNotFoundError(
        f"the session {session_id} has no data; GET /_larst/sessions lists those that have"
    )


def _told(found: Inspection, state: str) -> dict[str, Json]:
    used_at = datetime.fromtimestamp(found.used_at, UTC).isoformat(timespec="seconds")
    return {
        "id": found.session_id,
        "state": "damaged" if found.problem else state,
        "problem": found.problem,
        "records": sum(found.records.values()),
        "resources": found.records,
        "size_bytes": found.size_bytes,
        "last_used_at": used_at,
    }

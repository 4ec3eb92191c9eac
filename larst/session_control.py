"""The control API for sessions, under `/_larst/sessions`: look, export, import, erase.

A session that is awake is asked by its mailbox, as any request; the files of one that sleeps are
only looked at. Must never write to a session's files itself, unless the session cannot wake.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar, cast

from aiohttp import web

import actors
from larst.context import session_id_of
from larst.control import number_in_query
from larst.errors import (
    BodyTooLargeError,
    DiskRefusedError,
    SessionDamagedError,
    SessionNotEmptyError,
    SessionNotFoundError,
)
from larst.handlers import json_response
from larst.model import Json
from larst.session import Answered, Turn, Visit, Visited
from larst.store import DataRoot, DiskFiles, SessionStore
from larst.store.collection import Collection
from larst.store.inspection import Inspection, extent, inspect
from larst.store.transfer import lines_of, resources_of

MAX_PAGE = 500

Value = TypeVar("Value")


class Sessions(Protocol):
    """The supervisor of the session actors, as far as the control API needs it."""

    def is_live(self, key: str) -> bool:
        """Tell whether the session holds memory."""

    async def ask(
        self, key: str, message: Turn | Visit, *, timeout_s: float, is_use: bool = True
    ) -> Answered | Visited:
        """Have the session answer; start or wake it first where it sleeps."""


class SessionControl:
    """Handles the requests below `/_larst/sessions`."""

    def __init__(
        self, root: DataRoot, sessions: Sessions, *, timeout_s: float, max_import_bytes: int
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._timeout_s = timeout_s
        self._max_import_bytes = max_import_bytes

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of the sessions that have data, by their ids.

        Raises:
            BadRequestError: a query value is none of those allowed.
        """
        limit = number_in_query(request, "limit", default=100, highest=MAX_PAGE)
        offset = number_in_query(request, "offset", default=0, highest=10**9)
        ids = await asyncio.to_thread(self._root.session_ids)
        items = []
        for session_id in ids[offset : offset + limit]:
            with contextlib.suppress(FileNotFoundError):  # it was erased since
                items.append(await self._described(session_id))
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
        try:
            await self._visit(session_id, lambda store: store.erase())
        except SessionDamagedError:
            # It cannot wake, so nobody else has its files.
            await self._store_of(session_id).erase()
        return web.Response(status=204)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream a session as it is at this moment, as JSON a line.

        Raises:
            SessionNotFoundError: it has no data.
        """
        session_id = await self._existing(request)
        resources = await self._visit(session_id, _snapshot, is_use=False)
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{session_id}.ndjson"'}
        )
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        for chunk in lines_of(resources):
            await response.write(chunk)
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
        raw = await self._read(request)
        resources = await asyncio.to_thread(resources_of, raw, datetime.now(UTC))
        replaces = request.query.get("replace", "").lower() in ("true", "1", "yes")

        async def restore(store: SessionStore) -> None:
            if any(one.records for one in store.snapshot().values()) and not replaces:
                raise SessionNotEmptyError(
                    f"the session {session_id} has records; say ?replace=true to have them"
                    " replaced, or import into another session"
                )
            store.restore(resources)

        await self._visit(session_id, restore)
        counts = {name: len(one.records) for name, one in sorted(resources.items())}
        return json_response({"imported": counts, "records": sum(counts.values())})

    async def _visit(
        self,
        session_id: str,
        work: Callable[[SessionStore], Awaitable[Value]],
        *,
        is_use: bool = True,
    ) -> Value:
        answer = await self._sessions.ask(
            session_id, Visit(work), timeout_s=self._timeout_s, is_use=is_use
        )
        assert isinstance(answer, Visited)  # noqa: S101 - a visit is answered by nothing else
        return cast("Value", answer.value)

    async def _existing(self, request: web.Request) -> str:
        session_id = _session_id(request)
        if not await asyncio.to_thread(self._root.has_session, session_id):
            raise _no_session(session_id)
        return session_id

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
        size_bytes, used_at = await asyncio.to_thread(extent, directory)
        try:
            resources = await self._visit(session_id, _snapshot, is_use=False)
        except SessionDamagedError as error:
            return _told(Inspection(session_id, size_bytes, used_at, {}, error.detail), "asleep")
        except (actors.ActorError, DiskRefusedError):  # cooling down, too busy, not to be read
            return _told(await asyncio.to_thread(inspect, directory), "failed")
        records = {name: len(one.records) for name, one in resources.items()}
        return _told(Inspection(session_id, size_bytes, used_at, records), "awake")

    def _store_of(self, session_id: str) -> SessionStore:
        return SessionStore(
            self._root.session_directory(session_id),
            files=DiskFiles(),
            now=lambda: datetime.now(UTC),
        )

    async def _read(self, request: web.Request) -> bytes:
        """Read the body, which may be longer than a request's."""
        raw = bytearray()
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > self._max_import_bytes:
                raise BodyTooLargeError(
                    f"the import is over {self._max_import_bytes} bytes (LARS_MAX_IMPORT_BYTES)"
                )
        return bytes(raw)


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

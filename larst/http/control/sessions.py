"""The control API for sessions, below `/_larst/sessions`: list, show, set, export, import, erase.

A session that is awake answers through its mailbox, as for any request; the files of a session
that is asleep are inspected without waking it. Must never write to a session's files itself: even
the files of a damaged session are replaced or erased by its actor.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
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
from larst.http.control.guards import (
    choice_in_query,
    flag_in_query,
    json_body,
    number_in_query,
)
from larst.http.control.imports import Imports
from larst.http.control.parameters import LENIENT, OFFSET, REPLACE, SESSION_LIMIT, SET_DIALECT
from larst.http.responses import json_response
from larst.session import SessionClient
from larst.session.settings import client_settings, with_values
from larst.store import DataRoot, SessionStore, StoredSettings, Threads
from larst.store.collection import Collection
from larst.store.recovery.inspection import Inspection, disk_usage, inspect
from larst.store.transfer.db_json import ImportReport, shortened
from larst.store.transfer.exporting import export_lines

BUSY_AFTER_S = 1.0
"""A session whose description takes longer than this is reported as busy."""

MAX_CONCURRENT_DESCRIPTIONS = 32


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
        self._describing = asyncio.Semaphore(MAX_CONCURRENT_DESCRIPTIONS)

    async def list(self, request: web.Request) -> web.Response:
        """Return a page of the sessions that have data, in the order of their ids.

        Raises:
            BadRequestError: a query value is not allowed.
        """
        limit = number_in_query(request, SESSION_LIMIT)
        offset = number_in_query(request, OFFSET)
        ids = await asyncio.to_thread(self._root.session_ids)
        entries = await asyncio.gather(*map(self._list_entry, ids[offset : offset + limit]))
        items = [entry for entry in entries if entry is not None]
        page = {"total": len(ids), "limit": limit, "offset": offset}
        return json_response({"items": items, "page": page})

    async def show(self, request: web.Request) -> web.Response:
        """Return the state of a session and the number of its records by resource.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        session_id = await self._existing_id(request)
        try:
            return json_response(await self._describe(session_id))
        except FileNotFoundError as error:
            raise _not_found(session_id) from error

    async def erase(self, request: web.Request) -> web.Response:
        """Erase a session, on disk too; its next request starts with no data.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        session_id = await self._existing_id(request)
        await self._sessions.run_on_store(
            session_id, lambda store: store.erase(), admits_damaged=True
        )
        return web.Response(status=204)

    async def show_settings(self, request: web.Request) -> web.Response:
        """Return the settings of a session; null is the service's own setting.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        session_id = await self._existing_id(request)
        stored = await self._sessions.run_on_store(session_id, _settings, keeps_awake=False)
        return json_response(client_settings(stored))

    async def put_settings(self, request: web.Request) -> web.Response:
        """Replace the settings of a session, which may have no data yet.

        Raises:
            BadRequestError: a name or a value is not allowed.
        """
        session_id, value = _session_id(request), await json_body(request)

        async def put(store: SessionStore) -> StoredSettings:
            await store.settings.put(with_values(store.settings.current, value))
            return store.settings.current

        return json_response(client_settings(await self._sessions.run_on_store(session_id, put)))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream a snapshot of a session, one JSON value per line.

        Raises:
            SessionNotFoundError: the session has no data.
            SessionDamagedError: its files cannot be loaded.
        """
        session_id = await self._existing_id(request)
        resources = await self._sessions.run_on_store(session_id, _snapshot, keeps_awake=False)
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{session_id}.ndjson"'}
        )
        response.content_type = "application/x-ndjson"
        if request.method == "HEAD":
            return response  # the client would read a body as the reply to its next request
        await response.prepare(request)
        for chunk in export_lines(resources):
            await response.write(chunk)
            await asyncio.sleep(0)  # `write` never waits for a fast client
        await response.write_eof()
        return response

    async def import_(self, request: web.Request) -> web.Response:
        """Import an export or a json-server `db.json`: all of it or nothing.

        Raises:
            SessionNotEmptyError: the session has records, and `?replace=true` is missing.
            BadRequestError: the body is not a complete export and not a db.json.
            BodyTooLargeError: it exceeds LARS_MAX_IMPORT_BYTES.
        """
        session_id, dialect = _session_id(request), choice_in_query(request, SET_DIALECT)
        raw = await self._imports.read(request)
        replaces = flag_in_query(request, REPLACE)
        report = ImportReport(is_lenient=flag_in_query(request, LENIENT))
        async with self._imports.exclusive():
            counts = await self._import_into(
                session_id, raw, report, replaces=replaces, dialect=dialect
            )
        body: dict[str, Json] = {"imported": counts, "records": sum(counts.values())}
        if report.changes:
            body["changed"] = shortened(report.changes)
        if report.warnings:
            body["warnings"] = shortened(report.warnings)
        return json_response(body)

    async def seed(
        self, session_id: str, raw: bytearray, dialect: str, *, is_lenient: bool = False
    ) -> tuple[dict[str, int], ImportReport] | None:
        """Import into a session that has no records, and teach it a dialect; None: it has some.

        Raises:
            BadRequestError: it is not a complete export and not a db.json.
            SessionDamagedError: the files of the session cannot be loaded.
        """
        report = ImportReport(is_lenient=is_lenient)
        try:
            counts = await self._import_into(session_id, raw, report, dialect=dialect)
        except SessionNotEmptyError:
            return None
        return counts, report

    async def _import_into(
        self,
        session_id: str,
        raw: bytearray,
        report: ImportReport,
        *,
        replaces: bool = False,
        dialect: str | None = None,
        learns: str | None = None,
    ) -> dict[str, int]:
        """Import into the session; return the number of imported records by resource.

        The session is set to `dialect`, and taught `learns`.
        """
        resources = await self._imports.prepare(raw, report)

        async def restore(store: SessionStore) -> None:
            if not store.is_loaded:
                await store.set_all_aside()
            if any(store.counts().values()) and not replaces:
                raise SessionNotEmptyError(
                    f"the session {session_id} has records; send ?replace=true to replace them,"
                    " or import into another session"
                )
            if dialect is not None:
                await store.settings.put(replace(store.settings.current, dialect=dialect))
            if learns is not None:
                store.settings.learn_dialect(learns)
            store.restore(resources)

        # Counted before they become the store's own, and change with it.
        counts = {name: len(new.collection.records) for name, new in sorted(resources.items())}
        await self._sessions.run_on_store(session_id, restore, admits_damaged=replaces)
        return counts

    async def _existing_id(self, request: web.Request) -> str:
        session_id = _session_id(request)
        if not await asyncio.to_thread(self._root.has_session, session_id):
            raise _not_found(session_id)
        return session_id

    async def _list_entry(self, session_id: str) -> dict[str, Json] | None:
        """Return the description of a session, or None if it was erased in the meantime."""
        async with self._describing:
            with contextlib.suppress(FileNotFoundError):
                return await self._describe(session_id)
        return None

    async def _describe(self, session_id: str) -> dict[str, Json]:
        """Return the description of a session.

        Raises:
            FileNotFoundError: it was erased in the meantime.
        """
        directory = self._root.session_directory(session_id)
        if not self._sessions.is_live(session_id):
            inspection = await asyncio.to_thread(inspect, directory)
            # If it has woken up, its files may have changed during the inspection.
            if inspection.problem is None or not self._sessions.is_live(session_id):
                return _as_json(inspection, "asleep")
        size_bytes, used_at = await asyncio.to_thread(disk_usage, directory)
        try:
            async with asyncio.timeout(BUSY_AFTER_S):
                records, settings = await self._sessions.run_on_store(
                    session_id, _contents, keeps_awake=False
                )
        except SessionDamagedError as error:
            return _as_json(Inspection(session_id, size_bytes, used_at, {}, error.detail), "asleep")
        except (TimeoutError, actors.MailboxFullError):
            return _as_json(await asyncio.to_thread(inspect, directory), "busy")
        except (actors.ActorError, DiskRefusedError):  # it is cooling down, or cannot be read
            return _as_json(await asyncio.to_thread(inspect, directory), "failed")
        inspection = Inspection(session_id, size_bytes, used_at, records, settings=settings)
        return _as_json(inspection, "awake")


async def _contents(store: SessionStore) -> tuple[dict[str, int], StoredSettings]:
    return store.counts(), store.settings.current


async def _settings(store: SessionStore) -> StoredSettings:
    return store.settings.current


async def _snapshot(store: SessionStore) -> dict[str, Collection]:
    return store.snapshot()


def _session_id(request: web.Request) -> str:
    return session_id_of(request.match_info["id"], None, "")


def _not_found(session_id: str) -> SessionNotFoundError:
    return SessionNotFoundError(
        f"the session {session_id} has no data; GET /_larst/sessions lists the sessions with data"
    )


def _as_json(inspection: Inspection, state: str) -> dict[str, Json]:
    """Return the description of a session; damage overrides the other states."""
    used_at = datetime.fromtimestamp(inspection.used_at, UTC).isoformat(timespec="seconds")
    return {
        "id": inspection.session_id,
        "state": "damaged" if inspection.problem else state,
        "problem": inspection.problem,
        "records": sum(inspection.records.values()),
        "resources": inspection.records,
        "size_bytes": inspection.size_bytes,
        "last_used_at": used_at,
        "settings": client_settings(inspection.settings),
        "learned_dialect": inspection.settings.learned_dialect,
    }

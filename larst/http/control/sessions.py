"""The control API for sessions, below `/_larst/sessions`: list, show, set, export, import, erase.

A session that is awake answers through its mailbox, as for any request; of one that is asleep, the
small files are read without waking it. Must never load records to describe a session, nor write to
its files itself: even the files of a damaged session are replaced or erased by its actor.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from larst import actors
from larst.domain import DEFAULT_TENANT, Json, SessionKey, Tenant, session_name
from larst.errors import (
    DiskRefusedError,
    SessionDamagedError,
    SessionNotEmptyError,
    SessionNotFoundError,
)
from larst.http.client_identity import checked_session_id
from larst.http.control.guards import (
    choice_in_query,
    flag_in_query,
    json_body,
    number_in_query,
)
from larst.http.control.imports import Imports
from larst.http.control.parameters import (
    AFTER,
    LENIENT,
    OFFSET,
    REPLACE,
    SESSION_LIMIT,
    SET_DIALECT,
)
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient, SessionQuota
from larst.session.settings import client_settings, with_values
from larst.store import DataRoot, SessionStore, StoredSettings
from larst.store.collection import Collection
from larst.store.overview import Overview, look
from larst.store.session_edits import EditReport
from larst.store.transfer.db_json import ImportReport, shortened
from larst.store.transfer.exporting import export_lines

BUSY_AFTER_S = 1.0
"""A session whose description takes longer than this is reported as busy."""

MAX_CONCURRENT_DESCRIPTIONS = 32


class SessionControl:
    """Handles the requests below `/_larst/sessions`."""

    def __init__(
        self,
        root: DataRoot,
        sessions: SessionClient,
        imports: Imports,
        quota: SessionQuota,
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._quota = quota
        self._imports = imports
        self._describing = asyncio.Semaphore(MAX_CONCURRENT_DESCRIPTIONS)

    async def list(self, request: web.Request) -> web.Response:
        """Return a page of the sessions that have data, in the order of their ids.

        `after` continues behind an id, also if sessions were made or erased since.

        Raises:
            BadRequestError: a query value is not allowed.
        """
        limit = number_in_query(request, SESSION_LIMIT)
        offset = number_in_query(request, OFFSET)
        after = request.query.get(AFTER.name)
        start_id = "" if after is None else checked_session_id(after)
        tenant = request[ACCESS].tenant
        ids = await asyncio.to_thread(self._root.session_ids, tenant.name)
        first = bisect_right(ids, start_id) + offset
        keys = [tenant.key_of(session_id) for session_id in ids[first : first + limit]]
        overviews = await asyncio.to_thread(self._look_at, keys)
        items = await asyncio.gather(*map(self._describe, overviews))
        page = {"total": len(ids), "limit": limit, "offset": offset}
        return json_response({"items": items, "page": page})

    async def show(self, request: web.Request) -> web.Response:
        """Return the state of a session and the number of its records by resource.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = await self._existing_key(request)
        for overview in await asyncio.to_thread(self._look_at, [key]):
            return json_response(await self._describe(overview))
        raise session_not_found(key)

    async def erase(self, request: web.Request) -> web.Response:
        """Erase a session, on disk too; its next request starts with no data.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        request.app[INGRESS].instruments.forget(session_key(request))
        key = await self._existing_key(request)
        await self._sessions.run_on_store(key, lambda store: store.erase(), admits_damaged=True)
        return web.Response(status=204)

    async def show_settings(self, request: web.Request) -> web.Response:
        """Return the settings of a session; null is the service's own setting.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = await self._existing_key(request)
        stored = await self._sessions.run_on_store(key, _settings, keeps_awake=False)
        return json_response(client_settings(stored))

    async def put_settings(self, request: web.Request) -> web.Response:
        """Replace the settings of a session, which may have no data yet.

        Raises:
            BadRequestError: a name or a value is not allowed.
        """
        key, value = session_key(request), await json_body(request)

        async def put(store: SessionStore) -> StoredSettings:
            await store.settings.put(with_values(store.settings.current, value))
            return store.settings.current

        await self._quota.admit(request[ACCESS].tenant, session_name(key))
        return json_response(client_settings(await self._sessions.run_on_store(key, put)))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream a snapshot of a session, one JSON value per line.

        Raises:
            SessionNotFoundError: the session has no data.
            SessionDamagedError: its files cannot be loaded.
        """
        key = await self._existing_key(request)
        resources = await self._sessions.run_on_store(key, _snapshot, keeps_awake=False)
        file = f"{session_name(key)}.ndjson"
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{file}"'}
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
        tenant, session_id = request[ACCESS].tenant, _session_id(request)
        dialect = choice_in_query(request, SET_DIALECT)
        replaces = flag_in_query(request, REPLACE)
        report = ImportReport(is_lenient=flag_in_query(request, LENIENT))
        with request.app[INGRESS].bodies.share() as share:
            raw = await self._imports.read(request, share)
            async with self._imports.exclusive():
                counts = await self._import_into(
                    session_id, raw, report, tenant=tenant, replaces=replaces, style=dialect
                )
        body: dict[str, Json] = {"imported": counts, "records": sum(counts.values())}
        if report.changes:
            body["changed"] = shortened(report.changes)
        if report.warnings:
            body["warnings"] = shortened(report.warnings)
        return json_response(body)

    async def seed(
        self,
        session_id: str,
        raw: bytearray,
        style: str | StoredSettings,
        *,
        is_lenient: bool = False,
        replaces: bool = False,
    ) -> tuple[dict[str, int], ImportReport] | None:
        """Import into a session that has no records; None: it has some.

        `style`: the dialect that it gets, or all of its settings.
        `replaces`: the records that it has are replaced, and ids begin again.

        Raises:
            BadRequestError: it is not a complete export and not a db.json.
            SessionDamagedError: the files of the session cannot be loaded.
        """
        report = ImportReport(is_lenient=is_lenient)
        try:
            counts = await self._import_into(
                session_id, raw, report, replaces=replaces, resets=replaces, style=style
            )
        except SessionNotEmptyError:
            return None
        return counts, report

    async def _import_into(
        self,
        session_id: str,
        raw: bytearray,
        report: ImportReport,
        *,
        tenant: Tenant = DEFAULT_TENANT,
        replaces: bool = False,
        resets: bool = False,
        style: str | StoredSettings | None = None,
    ) -> dict[str, int]:
        """Import into the session; return the number of imported records by resource.

        The session gets the dialect `style`, or these settings, for which it must be new.
        `resets`: ids that it has given out are given out again.
        """
        resources = await self._imports.prepare(raw, report)
        await self._quota.admit(tenant, session_id)

        async def restore(store: SessionStore) -> None:
            store.check_replacements(resources)
            if not store.is_loaded:
                await store.set_all_aside()
            if any(store.counts().values()) and not replaces:
                raise SessionNotEmptyError(
                    f"the session {session_id} has records; send ?replace=true to replace them,"
                    " or import into another session"
                )
            if isinstance(style, StoredSettings):
                store.reset_to(resources, style)
                return
            if style is not None:
                await store.settings.put(replace(store.settings.current, dialect=style))
            if resets:
                store.reset_to(resources)
            else:
                store.restore(resources)

        # Counted before they become the store's own, and change with it.
        counts = {name: len(new.collection.records) for name, new in sorted(resources.items())}
        key = tenant.key_of(session_id)
        await self._sessions.run_on_store(key, restore, admits_damaged=replaces)
        return counts

    async def _existing_key(self, request: web.Request) -> SessionKey:
        key = session_key(request)
        if not await asyncio.to_thread(self._root.has_session, key):
            raise session_not_found(key)
        return key

    def _look_at(self, keys: Sequence[SessionKey]) -> Sequence[tuple[SessionKey, Overview]]:
        """Return what the files of the sessions show; without those erased meanwhile; blocks."""
        overviews = []
        for key in keys:
            if (problem := self._root.folders.problem(key)) is not None:
                overviews.append((key, Overview(session_name(key), 0, None, None, problem)))
                continue
            with contextlib.suppress(FileNotFoundError):
                overviews.append((key, look(self._root.session_directory(key))))
        return overviews

    async def _describe(self, session: tuple[SessionKey, Overview]) -> dict[str, Json]:
        """Return the description of a session; if it is awake, with its own figures."""
        key, overview = session
        if overview.used_at is None:  # its records in memory have no files any more
            return _as_json(overview, "asleep")
        async with self._describing:
            try:
                async with asyncio.timeout(BUSY_AFTER_S):
                    current, edits = await self._sessions.run_on_store(
                        key, partial(_contents, overview), keeps_awake=False, wakes=False
                    )
            except actors.ActorStoppedError:
                return _as_json(overview, "asleep")
            except SessionDamagedError as error:
                return _as_json(replace(overview, problem=error.detail), "asleep")
            except (TimeoutError, actors.MailboxFullError):
                return _as_json(overview, "busy")
            except (actors.ActorError, DiskRefusedError):  # it is cooling down, or cannot be read
                return _as_json(overview, "failed")
        return _as_json(current, "awake", edits)


async def _contents(overview: Overview, store: SessionStore) -> tuple[Overview, list[EditReport]]:
    current = replace(
        overview,
        size_bytes=store.size_bytes,
        records=store.counts(),
        settings=store.settings.current,
        problem=None,
    )
    return current, store.edits


async def _settings(store: SessionStore) -> StoredSettings:
    return store.settings.current


async def _snapshot(store: SessionStore) -> dict[str, Collection]:
    return store.snapshot()


def _session_id(request: web.Request) -> str:
    return checked_session_id(request.match_info["id"])


def session_key(request: web.Request) -> SessionKey:
    """Return the key of the session that the path names.

    Raises:
        BadSessionIdError: its name is not valid.
    """
    return request[ACCESS].tenant.key_of(_session_id(request))


def session_not_found(key: SessionKey) -> SessionNotFoundError:
    """Return the error that the session has no data."""
    return SessionNotFoundError(
        f"the session {session_name(key)} has no data; GET /_larst/sessions lists the sessions with"
        " data"
    )


def _as_json(overview: Overview, state: str, edits: Sequence[EditReport] = ()) -> dict[str, Json]:
    """Return the description of a session; damage overrides the other states."""
    used_at = None
    if overview.used_at is not None:
        used_at = datetime.fromtimestamp(overview.used_at, UTC).isoformat(timespec="seconds")
    records = overview.records
    return {
        "id": overview.session_id,
        "state": "damaged" if overview.problem else state,
        "problem": overview.problem,
        "records": None if records is None else sum(records.values()),
        "resources": records,
        "size_bytes": overview.size_bytes,
        "last_used_at": used_at,
        "settings": client_settings(overview.settings),
        "learned_dialect": overview.settings.learned_dialect,
        "edits": [
            {
                "at": edit.at.isoformat(timespec="seconds"),
                "resource": edit.resource,
                "taken_in": edit.is_taken_in,
                "detail": edit.detail,
                "kept_as": list(edit.kept_as),
            }
            for edit in edits
        ],
    }

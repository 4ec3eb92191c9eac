"""The control API for the data of a session as a whole: export it, import into it, seed it.

An import is all or nothing. Must never write to the files of a session itself: its actor does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from larst.domain import DEFAULT_TENANT, Json, Tenant, session_name
from larst.errors import SessionNotEmptyError
from larst.http.control.guards import choice_in_query, flag_in_query
from larst.http.control.imports import Imports
from larst.http.control.named_session import existing_key, session_id
from larst.http.control.parameters import LENIENT, REPLACE, SET_DIALECT
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.session import SessionClient, SessionQuota
from larst.session.resources import take_in_settings
from larst.store import DataRoot, SessionStore, StoredSettings
from larst.store.collection import Collection
from larst.store.resource_settings import ResourceSettings
from larst.store.transfer.db_json import ImportReport, shortened
from larst.store.transfer.exporting import export_lines
from larst.store.transfer.importing import exported_settings


class TransferControl:
    """Handles export and import of a session, and seeds sessions at start."""

    def __init__(
        self,
        root: DataRoot,
        sessions: SessionClient,
        imports: Imports,
        quota: SessionQuota,
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._imports = imports
        self._quota = quota

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream a snapshot of a session, one JSON value per line.

        Raises:
            SessionNotFoundError: the session has no data.
            SessionDamagedError: its files cannot be loaded.
        """
        key = await existing_key(self._root, request)
        resources, declared = await self._sessions.run_on_store(key, _snapshot, keeps_awake=False)
        file = f"{session_name(key)}.ndjson"
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{file}"'}
        )
        response.content_type = "application/x-ndjson"
        if request.method == "HEAD":
            return response  # the client would read a body as the reply to its next request
        await response.prepare(request)
        for chunk in export_lines(resources, declared=declared):
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
        tenant, name = request[ACCESS].tenant, session_id(request)
        dialect = choice_in_query(request, SET_DIALECT)
        replaces = flag_in_query(request, REPLACE)
        report = ImportReport(is_lenient=flag_in_query(request, LENIENT))
        with request.app[INGRESS].bodies.share() as share:
            raw = await self._imports.read(request, share)
            async with self._imports.exclusive():
                counts = await self._import_into(
                    name, raw, report, tenant=tenant, replaces=replaces, style=dialect
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
        declared = await asyncio.to_thread(exported_settings, raw)
        await self._quota.admit(tenant, session_id)

        async def restore(store: SessionStore) -> None:
            store.replacements.check(resources)
            if not store.is_loaded:
                await store.set_all_aside()
            if any(store.data.counts().values()) and not replaces:
                raise SessionNotEmptyError(
                    f"the session {session_id} has records; send ?replace=true to replace them,"
                    " or import into another session"
                )
            if isinstance(style, StoredSettings):
                store.replacements.reset_to(resources, style)
                return
            collections = {name: new.collection for name, new in resources.items()}
            await take_in_settings(store, collections, declared)
            if style is not None:
                await store.settings.put(replace(store.settings.current, dialect=style))
            if resets:
                store.replacements.reset_to(resources)
            else:
                store.replacements.restore(resources)

        # Counted before they become the store's own, and change with it.
        counts = {name: len(new.collection.records) for name, new in sorted(resources.items())}
        key = tenant.key_of(session_id)
        await self._sessions.run_on_store(key, restore, admits_damaged=replaces)
        return counts


async def _snapshot(
    store: SessionStore,
) -> tuple[dict[str, Collection], Mapping[str, ResourceSettings]]:
    return store.data.snapshot(), store.settings.current.resources

"""The control API for sessions, below `/_larst/sessions`: list, show, set, erase.

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
from larst.domain import Json, SessionKey, session_name
from larst.errors import (
    DiskRefusedError,
    SessionDamagedError,
)
from larst.http.client_identity import checked_session_id
from larst.http.control.guards import (
    json_body,
    number_in_query,
)
from larst.http.control.named_session import existing_key, session_key, session_not_found
from larst.http.control.parameters import (
    AFTER,
    OFFSET,
    SESSION_LIMIT,
)
from larst.http.ingress import INGRESS
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.http.webhooks import WebhookService
from larst.session import SessionClient, SessionQuota
from larst.session.settings import client_settings, with_values
from larst.store import DataRoot, SessionStore, StoredSettings
from larst.store.overview import Overview, look
from larst.store.session_edits import EditReport

BUSY_AFTER_S = 1.0
"""A session whose description takes longer than this is reported as busy."""

MAX_CONCURRENT_DESCRIPTIONS = 32


class SessionControl:
    """Handles the requests below `/_larst/sessions`."""

    def __init__(
        self,
        root: DataRoot,
        sessions: SessionClient,
        quota: SessionQuota,
        webhooks: WebhookService,
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._quota = quota
        self._webhooks = webhooks
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
        key = session_key(request)
        if (description := await self.describe(key)) is None:
            raise session_not_found(key)
        return json_response(description)

    async def describe(self, key: SessionKey) -> dict[str, Json] | None:
        """Return the description of a session, which is not woken; None: it has no data."""
        if not await asyncio.to_thread(self._root.has_session, key):
            return None
        for overview in await asyncio.to_thread(self._look_at, [key]):
            return await self._describe(overview)
        return None

    async def erase(self, request: web.Request) -> web.Response:
        """Erase a session, on disk too; its next request starts with no data.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        request.app[INGRESS].instruments.forget(session_key(request))
        key = await existing_key(self._root, request)
        erase = partial(
            self._sessions.run_on_store, key, lambda store: store.erase(), admits_damaged=True
        )
        await self._webhooks.erase(key, erase)
        return web.Response(status=204)

    async def show_settings(self, request: web.Request) -> web.Response:
        """Return the settings of a session; null is the service's own setting.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = await existing_key(self._root, request)
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
        records=store.data.counts(),
        settings=store.settings.current,
        problem=None,
    )
    return current, store.edits.reports


async def _settings(store: SessionStore) -> StoredSettings:
    return store.settings.current


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

"""The control API for packs: `GET /_larst/sessions/{id}/pack`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from aiohttp import web

from larst.domain import session_name, tenant_of
from larst.http.control.imports import Imports
from larst.http.control.named_session import session_key, session_not_found
from larst.http.faults import FaultTable
from larst.packs import PACK_SUFFIX, packed_plans, write_pack
from larst.planning.planner import Maker
from larst.session import SessionClient, Tenants
from larst.store import DataRoot, SessionStore, StoredSettings
from larst.store.collection import Collection

PACK_TYPE = "application/zip"


class PackControl:
    """Packs a session with the plans that served it. `maker` is the planner of the service."""

    def __init__(
        self,
        root: DataRoot,
        sessions: SessionClient,
        tenants: Tenants,
        imports: Imports,
        maker: Maker,
        faults: FaultTable,
    ) -> None:
        self._root = root
        self._sessions = sessions
        self._tenants = tenants
        self._imports = imports
        self._maker = maker
        self._faults = faults

    async def pack(self, request: web.Request) -> web.Response:
        """Return the pack of a session.

        Raises:
            SessionNotFoundError: the session has no data.
            SessionDamagedError: its files cannot be loaded.
            DeadlineError: other packs and imports took too long.
        """
        key = session_key(request)
        if not await asyncio.to_thread(self._root.has_session, key):
            raise session_not_found(key)
        resources, settings = await self._sessions.run_on_store(key, _contents, keeps_awake=False)
        shared = self._tenants.plans(None).book.entries() if tenant_of(key) is not None else []
        entries = [
            *(entry for entry in shared if entry.state == "pinned"),
            *self._tenants.plans(tenant_of(key)).book.entries(),
        ]
        name = session_name(key)
        faults = self._faults.find(key)
        write = partial(
            write_pack,
            name,
            resources,
            settings,
            packed_plans(entries, key),
            self._maker,
            None if faults is None else faults.source,
        )
        async with self._imports.exclusive():  # a pack is as large as an import
            content = await asyncio.to_thread(write)
        disposition = f'attachment; filename="{name}{PACK_SUFFIX}"'
        return web.Response(
            body=content, content_type=PACK_TYPE, headers={"Content-Disposition": disposition}
        )


async def _contents(store: SessionStore) -> tuple[Mapping[str, Collection], StoredSettings]:
    return store.data.snapshot(), store.settings.current

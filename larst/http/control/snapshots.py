"""The control API for a session's snapshots, and for its reset: save, list, load, delete.

The files of a snapshot are read and parsed outside of the session, which then takes all of it in
one transaction. Must never write to a session's files itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from larst.domain import Json, SessionKey, session_name
from larst.errors import BadRequestError, SnapshotNotFoundError
from larst.http.control.imports import Imports
from larst.http.control.named_session import session_key, session_not_found
from larst.http.control.parameters import TO_SNAPSHOT
from larst.http.responses import json_response
from larst.session import SessionClient
from larst.store import DataRoot, DiskFiles, SessionStore, StoredSettings
from larst.store.session_snapshots import (
    Save,
    Snapshot,
    checked_snapshot_name,
    snapshot_path,
)
from larst.store.transfer.importing import snapshot_settings
from larst.store.transfer.replacing import Replacement

START = "start"
"""The snapshot of what the file gave that the service was started with."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a snapshot holds, ready to be put in place."""

    resources: Mapping[str, Replacement]
    settings: StoredSettings | None


class SnapshotControl:
    """Handles the requests for snapshots below `/_larst/sessions/{id}`."""

    def __init__(self, root: DataRoot, sessions: SessionClient, imports: Imports) -> None:
        self._root = root
        self._sessions = sessions
        self._imports = imports

    async def list(self, request: web.Request) -> web.Response:
        """Return the snapshots of a session, in the order of their names.

        Raises:
            SessionNotFoundError: the session has no data.
        """
        key = await self._existing_key(request)
        snapshots = await self._sessions.run_on_store(key, _listed, keeps_awake=False)
        return json_response({"items": [_as_json(snapshot) for snapshot in snapshots]})

    async def save(self, request: web.Request) -> web.Response:
        """Save a snapshot of a session; it replaces one of its name.

        Raises:
            SessionNotFoundError: the session has no data.
            BadRequestError: the name is not valid.
            QuotaFullError: the session may have no more snapshots, or no more bytes.
        """
        name = checked_snapshot_name(request.match_info["name"])
        return json_response(_as_json(await self.save_as(await self._existing_key(request), name)))

    async def save_as(self, key: SessionKey, name: str) -> Snapshot:
        """Save a snapshot of a session.

        Raises:
            QuotaFullError: the session may have no more snapshots, or no more bytes.
        """
        save = Save(name)
        try:
            # When this is answered, all that the snapshot holds is durable.
            await self._sessions.run_on_store(key, lambda store: store.write_snapshot(save))
            return await self._sessions.run_on_store(key, lambda store: store.snapshots.keep(save))
        except BaseException:  # also a client that has gone: its file must not stay
            save.is_abandoned = True
            raise

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a snapshot.

        Raises:
            SessionNotFoundError, SnapshotNotFoundError: it does not exist.
            BadRequestError: the name is not valid.
        """
        name = checked_snapshot_name(request.match_info["name"])
        key = await self._existing_key(request)
        await self._sessions.run_on_store(key, lambda store: store.snapshots.delete(name))
        return web.Response(status=204)

    async def load(self, request: web.Request) -> web.Response:
        """Replace all that a session has with a snapshot: all of it or nothing.

        Raises:
            SessionNotFoundError, SnapshotNotFoundError: it does not exist.
            BadRequestError: the name is not valid, or the file was changed.
        """
        name = checked_snapshot_name(request.match_info["name"])
        return await self._restore(await self._existing_key(request), name)

    async def reset(self, request: web.Request) -> web.Response:
        """Go back to a snapshot, or to `start`; a session without it has no data afterwards.

        Raises:
            SnapshotNotFoundError: the session has no snapshot of this name.
            BadRequestError: the name is not valid, or the file was changed.
        """
        key, name = session_key(request), request.query.get(TO_SNAPSHOT.name)
        if name is not None:
            return await self._restore(key, checked_snapshot_name(name))
        if not await asyncio.to_thread(self._root.has_session, key):
            return _restored(None, {})  # nothing to reset, and no directory to make
        return await self._restore(key, START, is_optional=True)

    async def _restore(
        self, key: SessionKey, name: str, *, is_optional: bool = False
    ) -> web.Response:
        """Put a snapshot in place; an optional one that does not exist stands for no data."""
        contents = await self._read(key, name)
        if contents is None and not is_optional:
            raise SnapshotNotFoundError(
                f"the session {session_name(key)} has no snapshot {name};"
                " GET …/snapshots lists those that it has"
            )

        async def put(store: SessionStore) -> dict[str, int]:
            if not store.is_loaded:
                await store.set_all_aside()
            if contents is None:
                store.replacements.reset_to({})
                return {}
            store.snapshots.require(name)  # the session may have been erased meanwhile
            store.replacements.check(contents.resources)
            # Counted before they become the store's own, and change with it.
            counts = {key: len(new.collection.records) for key, new in contents.resources.items()}
            store.replacements.reset_to(contents.resources, contents.settings)
            return counts

        counts = await self._sessions.run_on_store(key, put, admits_damaged=True)
        return _restored(None if contents is None else name, counts)

    async def _read(self, key: SessionKey, name: str) -> _Contents | None:
        """Return a snapshot; None if it does not exist.

        Raises:
            BadRequestError: its file was changed, or is damaged.
        """
        path = snapshot_path(self._root.session_directory(key), name)
        async with self._imports.exclusive():
            raw = await asyncio.to_thread(_content, path)
            if raw is None:
                return None
            try:
                settings = snapshot_settings(raw)
                return _Contents(await self._imports.prepare(bytearray(raw)), settings)
            except BadRequestError as error:
                raise BadRequestError(
                    f"the snapshot {name} cannot be loaded: {error.detail}. Nothing was changed;"
                    " put a good copy of its file back, or delete it"
                ) from error

    async def _existing_key(self, request: web.Request) -> SessionKey:
        key = session_key(request)
        if not await asyncio.to_thread(self._root.has_session, key):
            raise session_not_found(key)
        return key


def _content(path: Path) -> bytes | None:
    """Return the content of a file; None if it does not exist, or its folder.

    Raises:
        BadRequestError: it cannot be read.
    """
    try:
        return DiskFiles().read(path)
    except OSError as error:
        raise BadRequestError(f"{path.name} cannot be read: {error.strerror}") from error


async def _listed(store: SessionStore) -> list[Snapshot]:
    return store.snapshots.list()


def _restored(snapshot: str | None, counts: Mapping[str, int]) -> web.Response:
    body: dict[str, Json] = {
        "snapshot": snapshot,
        "records": sum(counts.values()),
        "resources": dict(sorted(counts.items())),
    }
    return json_response(body)


def _as_json(snapshot: Snapshot) -> dict[str, Json]:
    saved_at = datetime.fromtimestamp(snapshot.saved_at, UTC).isoformat(timespec="seconds")
    return {"name": snapshot.name, "size_bytes": snapshot.size_bytes, "saved_at": saved_at}

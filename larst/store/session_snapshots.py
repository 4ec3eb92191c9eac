"""The snapshots of one session: each a file of its own beside the documented files.

::

    .snapshots/before-demo.ndjson   an export of the session, with its settings in the first line

A snapshot is complete or absent: it is written under a temporary name, and put in place once all
that it holds is durable. `larst import` reads the file, too. Must be used only by the session's
actor.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from larst.errors import BadRequestError, QuotaFullError, SnapshotNotFoundError
from larst.store.collection import Collection
from larst.store.disk.files import TEMP_SUFFIX, FileOps
from larst.store.disk.set_aside import SNAPSHOTS
from larst.store.disk.settings import StoredSettings
from larst.store.io_threads import Threads
from larst.store.transfer.exporting import export_lines

MAX_SNAPSHOTS = 100
"""The most that one session may have."""

SNAPSHOT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SUFFIX = ".ndjson"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot; `saved_at` is in seconds since 1970."""

    name: str
    size_bytes: int
    saved_at: float


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A snapshot that is written, but not in place yet."""

    name: str
    path: Path
    size_bytes: int


def checked_snapshot_name(name: str) -> str:
    """Return the name of a snapshot.

    Raises:
        BadRequestError: it is not a valid name.
    """
    if not SNAPSHOT_NAME.fullmatch(name):
        raise BadRequestError(
            f"{name[:80]!r} is not a name for a snapshot: use 1 to 64 of the characters"
            " A-Z a-z 0-9 _ and -"
        )
    return name


def snapshot_path(directory: Path, name: str) -> Path:
    """Return the file of a session's snapshot."""
    return directory / SNAPSHOTS / f"{name}{_SUFFIX}"


class SessionSnapshots:
    """The snapshots of a session, which `load` lists."""

    def __init__(self, directory: Path, files: FileOps, threads: Threads) -> None:
        self._session_directory = directory
        self._directory = directory / SNAPSHOTS
        self._files = files
        self._threads = threads
        self._snapshots: dict[str, Snapshot] = {}

    @property
    def size_bytes(self) -> int:
        """The bytes of all snapshots."""
        return sum(snapshot.size_bytes for snapshot in self._snapshots.values())

    def list(self) -> list[Snapshot]:
        """Return the snapshots, sorted by name."""
        return sorted(self._snapshots.values(), key=lambda snapshot: snapshot.name)

    def require(self, name: str) -> None:
        """Check that the session has this snapshot.

        Raises:
            SnapshotNotFoundError: it does not.
        """
        if name not in self._snapshots:
            names = ", ".join(sorted(self._snapshots)[:20])
            raise SnapshotNotFoundError(
                f"the session has no snapshot {name}; it has {names or 'none'}"
            )

    def has(self, name: str) -> bool:
        """Return whether the session has this snapshot."""
        return name in self._snapshots

    def clear(self) -> None:
        """Forget all: the session was erased."""
        self._snapshots = {}

    async def load(self) -> None:
        """List the snapshots, and remove what interrupted saves left.

        Raises:
            DiskRefusedError: the directory cannot be read.
        """
        self._snapshots = await self._threads.run_to_completion(self._load, is_long=True)

    async def write(
        self, name: str, resources: Mapping[str, Collection], settings: StoredSettings
    ) -> Unfinished:
        """Write a snapshot of these resources, which must not change, under a temporary name.

        Raises:
            QuotaFullError: there are too many snapshots.
            DiskRefusedError: nothing was saved.
        """
        if name not in self._snapshots and len(self._snapshots) >= MAX_SNAPSHOTS:
            raise QuotaFullError(
                f"the session has {MAX_SNAPSHOTS} snapshots, the most that it may have; delete one"
            )
        work = partial(self._write, name, resources, settings)
        return await self._threads.run_to_completion(work, is_long=True)

    async def keep(self, unfinished: Unfinished) -> Snapshot:
        """Put a snapshot in place, durably; it replaces one of its name.

        Raises:
            DiskRefusedError: it could not be put in place.
        """
        work = partial(self._keep, unfinished)
        snapshot = await self._threads.run_to_completion(work, is_long=False)
        self._snapshots[snapshot.name] = snapshot
        return snapshot

    async def discard(self, unfinished: Unfinished) -> None:
        """Remove a snapshot that is not in place."""
        await self._threads.run_to_completion(partial(self._remove, unfinished.path), is_long=False)

    async def delete(self, name: str) -> None:
        """Delete a snapshot, durably.

        Raises:
            SnapshotNotFoundError: the session has none of that name.
            DiskRefusedError: the snapshot may still be there.
        """
        self.require(name)
        work = partial(self._delete, snapshot_path(self._session_directory, name))
        await self._threads.run_to_completion(work, is_long=False)
        del self._snapshots[name]

    def _load(self) -> dict[str, Snapshot]:
        snapshots = {}
        for file in self._files.names(self._directory):
            path, name = self._directory / file, file.removesuffix(_SUFFIX)
            if file.endswith(TEMP_SUFFIX):
                self._remove(path)
            elif file.endswith(_SUFFIX) and SNAPSHOT_NAME.fullmatch(name):
                snapshots[name] = Snapshot(name, *self._files.size_and_time(path))
        return snapshots

    def _write(
        self, name: str, resources: Mapping[str, Collection], settings: StoredSettings
    ) -> Unfinished:
        self._files.make_directory(self._session_directory)
        self._files.make_directory(self._directory)
        path = self._directory / f"{name}-{secrets.token_hex(4)}{_SUFFIX}{TEMP_SUFFIX}"
        try:
            self._files.write_new(path, export_lines(resources, settings))
            return Unfinished(name, path, self._files.size_and_time(path)[0])
        except OSError:
            self._remove(path)
            raise

    def _keep(self, unfinished: Unfinished) -> Snapshot:
        path = snapshot_path(self._session_directory, unfinished.name)
        self._files.rename(unfinished.path, path)
        for folder in (self._directory, self._session_directory, self._session_directory.parent):
            self._files.sync_directory(folder)
        return Snapshot(unfinished.name, *self._files.size_and_time(path))

    def _delete(self, path: Path) -> None:
        self._files.remove(path)
        self._files.sync_directory(self._directory)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # harmless there; the next load removes it
            self._files.remove(path)

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


@dataclass(slots=True, eq=False)
class Save:
    """A save of a snapshot; it has a file under a temporary name before that is in place.

    The file of an abandoned save, whose caller has gone, is removed with the next save at the
    latest.
    """

    name: str
    path: Path | None = None
    size_bytes: int = 0
    is_abandoned: bool = False


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

    def __init__(
        self, directory: Path, files: FileOps, threads: Threads, *, folds_case: bool = False
    ) -> None:
        self._folds_case = folds_case
        self._session_directory = directory
        self._directory = directory / SNAPSHOTS
        self._files = files
        self._threads = threads
        self._snapshots: dict[str, Snapshot] = {}
        self._saves: list[Save] = []  # whose file is not in place yet

    @property
    def size_bytes(self) -> int:
        """The bytes of all snapshots, and of the files of saves."""
        snapshots = sum(snapshot.size_bytes for snapshot in self._snapshots.values())
        return snapshots + sum(save.size_bytes for save in self._saves)

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
        self._snapshots, self._saves = {}, []

    async def load(self) -> None:
        """List the snapshots, and remove what interrupted saves left.

        Raises:
            DiskRefusedError: the directory cannot be read.
        """
        snapshots = await self._threads.run_to_completion(self._load, is_long=True)
        self._snapshots, self._saves = snapshots, []

    async def write(
        self, save: Save, resources: Mapping[str, Collection], settings: StoredSettings
    ) -> None:
        """Write a snapshot of these resources, which must not change, under a temporary name.

        Raises:
            BadRequestError: its file would be that of another snapshot.
            QuotaFullError: there are too many snapshots.
            DiskRefusedError: nothing was saved.
        """
        for other in [other for other in self._saves if other.is_abandoned]:
            await self.discard(other)
        self._check_name(save.name)
        self._saves.append(save)  # before its file exists: a cancelled write may leave one
        try:
            work = partial(self._write, save, resources, settings)
            await self._threads.run_to_completion(work, is_long=True)
        except BaseException:
            save.is_abandoned = True
            raise

    async def keep(self, save: Save) -> Snapshot:
        """Put a snapshot in place, durably; it replaces one of its name.

        Raises:
            SnapshotNotFoundError: the session was erased since it was written.
            DiskRefusedError: it could not be put in place.
        """
        if save not in self._saves or save.path is None:
            raise SnapshotNotFoundError(
                f"the snapshot {save.name} was not kept: the session was erased meanwhile"
            )
        work = partial(self._keep, save.name, save.path)
        snapshot = await self._threads.run_to_completion(work, is_long=False)
        self._saves.remove(save)
        self._snapshots[snapshot.name] = snapshot
        return snapshot

    async def discard(self, save: Save) -> None:
        """Remove a snapshot that is not in place."""
        if save.path is not None:
            await self._threads.run_to_completion(partial(self._remove, save.path), is_long=False)
        if save in self._saves:
            self._saves.remove(save)

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

    def _check_name(self, name: str) -> None:
        """Check that the session may have a snapshot of this name.

        Raises:
            BadRequestError: its file would be that of another snapshot.
            QuotaFullError: there are too many snapshots.
        """
        names = {*self._snapshots, *(save.name for save in self._saves)}
        if self._folds_case:
            for other in names:
                if other != name and other.lower() == name.lower():  # names are ASCII
                    raise BadRequestError(
                        f"{name} and {other} would be one file: the disk of this service does not"
                        f" distinguish upper and lower case; use {other}"
                    )
        if name not in names and len(names) >= MAX_SNAPSHOTS:
            raise QuotaFullError(
                f"the session has {MAX_SNAPSHOTS} snapshots, the most that it may have; delete one"
            )

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
        self, save: Save, resources: Mapping[str, Collection], settings: StoredSettings
    ) -> None:
        self._files.make_directory(self._session_directory)
        self._files.make_directory(self._directory)
        path = self._directory / f"{save.name}-{secrets.token_hex(4)}{_SUFFIX}{TEMP_SUFFIX}"
        save.path = path
        try:
            self._files.write_new(path, export_lines(resources, settings))
            save.size_bytes = self._files.size_and_time(path)[0]
        except OSError:
            self._remove(path)
            raise

    def _keep(self, name: str, temporary: Path) -> Snapshot:
        path = snapshot_path(self._session_directory, name)
        self._files.rename(temporary, path)
        for folder in (self._directory, self._session_directory, self._session_directory.parent):
            self._files.sync_directory(folder)
        return Snapshot(name, *self._files.size_and_time(path))

    def _delete(self, path: Path) -> None:
        self._files.remove(path)
        self._files.sync_directory(self._directory)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # harmless there; the next load removes it
            self._files.remove(path)

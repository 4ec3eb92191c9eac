"""Read-only inspection of a session's files: what they hold, and whether they are damaged.

The files are read as a session reads them when it wakes, but through file operations that refuse
every write. Must never change anything, not even to set a damaged file aside.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from larst.errors import SessionDamagedError
from larst.store.collection import Collection
from larst.store.disk.disk_files import DiskFiles
from larst.store.disk.documents import DocumentDamagedError
from larst.store.disk.files import FileOps
from larst.store.disk.journal_format import JOURNAL
from larst.store.disk.loaded import EditedFile, Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.disk.settings import NO_SETTINGS, StoredSettings
from larst.store.edits.resolving import preview
from larst.store.records import is_hidden
from larst.store.schema.learning import accepts

_MAX_ATTEMPTS = 3
"""Attempts for a session whose journal is written meanwhile."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a session's files hold.

    `records` counts by resource. `problem` describes the damage; None: nothing is damaged.
    `remarks` describe harmless differences from what LARST writes. `used_at` is when a file was
    last written, in seconds since 1970.
    """

    session_id: str
    size_bytes: int
    used_at: float
    records: dict[str, int]
    problem: str | None = None
    remarks: tuple[str, ...] = ()
    settings: StoredSettings = NO_SETTINGS


class ReadOnlyFiles(DiskFiles):
    """The real disk, with every write refused."""

    def make_directory(self, path: Path) -> NoReturn:
        """Refuse."""
        self._refuse(path)

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> NoReturn:
        """Refuse."""
        del chunks
        self._refuse(path)

    def write_hint(self, path: Path, data: bytes) -> NoReturn:
        """Refuse."""
        del data
        self._refuse(path)

    def write_at(self, path: Path, offset: int, data: bytes) -> NoReturn:
        """Refuse."""
        del offset, data
        self._refuse(path)

    def truncate(self, path: Path, size: int) -> NoReturn:
        """Refuse."""
        del size
        self._refuse(path)

    def rename(self, old: Path, new: Path) -> NoReturn:
        """Refuse."""
        del new
        self._refuse(old)

    def remove(self, path: Path) -> NoReturn:
        """Refuse."""
        self._refuse(path)

    def remove_directory(self, path: Path) -> NoReturn:
        """Refuse."""
        self._refuse(path)

    def sync(self, path: Path) -> None:
        """Do nothing: no reply depends on an inspection."""

    def sync_directory(self, path: Path) -> None:
        """Do nothing, as `sync`."""

    def _refuse(self, path: Path) -> NoReturn:
        raise OSError(errno.EROFS, "an inspection changes nothing", str(path))


def inspect(directory: Path, files: FileOps | None = None) -> Inspection:
    """Return what the directory of a session holds, even if it cannot be read; blocks.

    Raises:
        FileNotFoundError: the session does not exist any more.
    """
    for _ in range(_MAX_ATTEMPTS):
        before = _journal_state(directory)
        inspection = _inspect_once(directory, files or ReadOnlyFiles())
        if inspection.problem is None or _journal_state(directory) == before:
            return inspection
    # The session is in use, so it is not damaged: a damaged session cannot wake and write.
    return replace(inspection, problem=None)


def disk_usage(directory: Path) -> tuple[int, float]:
    """Return the bytes of all files, and when a file was last written; blocks.

    Raises:
        FileNotFoundError: the session does not exist any more.
    """
    size_bytes, used_at = 0, 0.0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):  # renamed or removed since it was listed
                status = (Path(folder) / name).lstat()
                size_bytes += status.st_size
                used_at = max(used_at, status.st_mtime)
    return size_bytes, max(used_at, directory.lstat().st_mtime)


def _inspect_once(directory: Path, files: FileOps) -> Inspection:
    loaded, problem = Loaded({}, set()), None
    edits: list[str] = []
    try:
        loaded = SessionFiles(directory, files, lambda: datetime.now(UTC), lambda: 0).load()
        edits = preview(loaded)
        problem = next((_odd(directory, file) for file in loaded.edited if file.is_odd), None)
    except SessionDamagedError as error:
        problem = error.detail
    except DocumentDamagedError as error:
        problem = f"{directory / error.name} cannot be read ({error})"
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        problem = f"cannot be read: {reason}"
    size_bytes, used_at = disk_usage(directory)  # last: it raises if the session was erased
    shown = {name: item for name, item in loaded.collections.items() if not is_hidden(name)}
    records = {name: len(item.records) for name, item in sorted(shown.items())}
    remarks = (*edits, *_remarks(shown))
    return Inspection(
        directory.name, size_bytes, used_at, records, problem, remarks, loaded.settings
    )


def _odd(directory: Path, file: EditedFile) -> str:
    return f"{directory / file.name}: it is not an ordinary file"


def _journal_state(directory: Path) -> tuple[int, int, int] | None:
    """Return a value that changes whenever the journal is written or replaced."""
    try:
        status = (directory / JOURNAL).lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _remarks(collections: Mapping[str, Collection]) -> Iterator[str]:
    """Yield for each resource how many records do not conform to its learned schema."""
    for name, collection in sorted(collections.items()):
        schema = collection.schema
        misfits = sum(
            1
            for record in collection.records.values()
            if schema is None or not accepts(schema["json_schema"], record)
        )
        if misfits:
            yield f"{name}: {misfits} of {len(collection.records)} records do not fit its schema"

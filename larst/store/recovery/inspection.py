"""Looking at a session's files without touching them: what is in them, and whether it is whole.

The files are read just as a session reads them when it wakes, on a disk that takes no write. Must
never change anything, not even to set a damaged file aside.
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
from larst.store.collection import Collection, numeric_id
from larst.store.disk.files import DiskFiles, FileOps
from larst.store.disk.journal import JOURNAL
from larst.store.disk.session_files import Loaded, SessionFiles
from larst.store.schema.learning import accepts

_LOOKS = 3
"""How often a session is looked at whose journal somebody writes meanwhile."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a session's files hold.

    `records` counts by resource; `problem` says what is damaged, None: nothing; `remarks` what is
    unlike what LARST writes, but does no harm. `used_at` is when a file was last written, in
    seconds since 1970.
    """

    session_id: str
    size_bytes: int
    used_at: float
    records: dict[str, int]
    problem: str | None = None
    remarks: tuple[str, ...] = ()


class ReadOnlyFiles(DiskFiles):
    """The real disk, from which nothing is taken and to which nothing is added."""

    def make_directory(self, path: Path) -> NoReturn:
        """Refuse."""
        self._refuse(path)

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> NoReturn:
        """Refuse."""
        del chunks
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
        """Do nothing: nothing is shown to anybody who would rely on it."""

    def sync_directory(self, path: Path) -> None:
        """Do nothing, as above."""

    def _refuse(self, path: Path) -> NoReturn:
        raise OSError(errno.EROFS, "it is only looked at, and left as it is", str(path))


def inspect(directory: Path, files: FileOps | None = None) -> Inspection:
    """Return what the directory of a session holds, also where it cannot be read; blocks.

    Raises:
        FileNotFoundError: the session is gone.
    """
    for _ in range(_LOOKS):
        before = _journal_of(directory)
        found = _looked_at(directory, files or ReadOnlyFiles())
        if found.problem is None or _journal_of(directory) == before:
            return found
    # The session is in use: a damaged one could not wake, and nobody would write its journal.
    return replace(found, problem=None)


def extent(directory: Path) -> tuple[int, float]:
    """Return the bytes of all files, and when one was last written; blocks.

    Raises:
        FileNotFoundError: the session is gone.
    """
    size_bytes, used_at = 0, 0.0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):  # renamed or removed since it was listed
                status = (Path(folder) / name).lstat()
                size_bytes += status.st_size
                used_at = max(used_at, status.st_mtime)
    return size_bytes, max(used_at, directory.lstat().st_mtime)


def _looked_at(directory: Path, files: FileOps) -> Inspection:
    loaded, problem = Loaded({}, set(), 0), None
    try:
        loaded = SessionFiles(directory, files, lambda: datetime.now(UTC), lambda: 0).load()
    except SessionDamagedError as error:
        problem = error.detail
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        problem = f"cannot be read: {what}"
    size_bytes, used_at = extent(directory)  # last: it tells whether the session is there still
    records = {name: len(one.records) for name, one in sorted(loaded.collections.items())}
    remarks = tuple(_remarks(loaded.collections))
    return Inspection(directory.name, size_bytes, used_at, records, problem, remarks)


def _journal_of(directory: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the journal is written, or another takes its place."""
    try:
        status = (directory / JOURNAL).lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _remarks(collections: Mapping[str, Collection]) -> Iterator[str]:
    """Hold ids and records against what the other files say of them."""
    for name, collection in sorted(collections.items()):
        last = max(map(numeric_id, collection.records), default=0)
        if last > collection.auto_id:
            yield f"{name}: the id {last} is beyond the last that was given out"
        learned = collection.schema
        unlike = sum(
            1
            for record in collection.records.values()
            if learned is None or not accepts(learned["json_schema"], record)
        )
        if unlike:
            yield f"{name}: {unlike} of {len(collection.records)} records do not fit its schema"

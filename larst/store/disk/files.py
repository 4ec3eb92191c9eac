"""What the store asks of a disk; `disk_files.py` is the real one, and tests have others.

Every operation is synchronous and called from a thread. Must never call the operating system.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class NotRegularFileError(OSError):
    """The path names a link, a directory, a pipe or a device."""


TEMP_SUFFIX = ".tmp"
"""Suffix of a file that is written, but not renamed to its final name yet."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What distinguishes a file from one that is written later, without reading it."""

    size: int
    mtime_ns: int
    inode: int
    is_regular: bool = True


class FileOps(Protocol):
    """The disk operations that the store needs. Each raises OSError where the disk refuses."""

    def read(self, path: Path) -> bytes | None:
        """Return the file's bytes, or None if it does not exist.

        Raises:
            NotRegularFileError: it is not an ordinary file.
        """

    def names(self, directory: Path) -> list[str]:
        """Return the names in the directory, sorted; an empty list if it does not exist."""

    def size_and_time(self, path: Path) -> tuple[int, float]:
        """Return the size of a file, and when it was last written in seconds since 1970."""

    def begins_with(self, path: Path, beginning: bytes, size: int) -> bool:
        """Return whether the file begins so, and has at least that size."""

    def identity(self, path: Path) -> Identity | None:
        """Return the identity of what has this name, a link too; None if it does not exist."""

    def make_directory(self, path: Path) -> None:
        """Make the directory, private, unless it exists; its name is not durable yet."""

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Create or overwrite a file, and make its content durable."""

    def write_hint(self, path: Path, data: bytes) -> None:
        """Create or overwrite a small file that need not be durable: it may be torn, or old."""

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        """Write into an existing file at the offset, and make it durable."""

    def sync(self, path: Path) -> None:
        """Make the content of an existing file durable, also if another process wrote it."""

    def truncate(self, path: Path, size: int) -> None:
        """Truncate the file to `size` bytes, and make that durable."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or directory in one step; replace a file of that name."""

    def remove(self, path: Path) -> None:
        """Remove a file."""

    def remove_directory(self, path: Path) -> None:
        """Remove a directory and everything in it."""

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory durable."""


def put_in_place(files: FileOps, path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file under a temporary name, durably, and then rename it.

    The rename is durable once the directory is synced; until then the old file or the new one is
    in place, each of them whole.
    """
    temporary = path.with_name(path.name + TEMP_SUFFIX)
    files.write_new(temporary, chunks)
    files.rename(temporary, path)

"""The seam to the disk: the only place of the store that calls the operating system.

Every call is synchronous and made from a thread. Nothing here decides what is written when.
Symbolic links are never followed: a session's files are its own (SPEC section 7).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class FileOps(Protocol):
    """What the store asks of a disk. Each method raises OSError where the disk refuses."""

    def read(self, path: Path) -> bytes | None:
        """Return the file's bytes, or None where there is no such file."""

    def names(self, directory: Path) -> list[str]:
        """Return what the directory holds, sorted; nothing where there is no directory."""

    def make_directory(self, path: Path) -> None:
        """Make the directory, private and durable, unless it is there."""

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Write a file from its beginning, and make its content durable."""

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        """Write into an existing file, and make it durable."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut the file to `size` bytes, and make that durable."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another's name, in one step."""

    def remove(self, path: Path) -> None:
        """Remove a file."""

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory durable."""


class DiskFiles:
    """The real disk."""

    def read(self, path: Path) -> bytes | None:
        """Return the file's bytes, or None where there is no such file."""
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def names(self, directory: Path) -> list[str]:
        """Return what the directory holds, sorted; nothing where there is no directory."""
        try:
            if not stat.S_ISDIR(directory.lstat().st_mode):
                raise NotADirectoryError(f"{directory} is not a directory of its own")
            return sorted(os.listdir(directory))  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            return []

    def make_directory(self, path: Path) -> None:
        """Make the directory, private and durable, unless it is there."""
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        self.sync_directory(path.parent)

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Write a file from its beginning, and make its content durable."""
        with os.fdopen(os.open(path, _WRITE | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        """Write into an existing file, and make it durable."""
        descriptor = os.open(path, _WRITE)
        try:
            rest = memoryview(data)
            while rest:
                written = os.pwrite(descriptor, rest, offset)
                rest, offset = rest[written:], offset + written
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def truncate(self, path: Path, size: int) -> None:
        """Cut the file to `size` bytes, and make that durable."""
        descriptor = os.open(path, _WRITE)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another's name, in one step."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""Disks for the tests of the store: in memory, refusing calls or halting."""

from __future__ import annotations

import errno
import os
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path

from larst.store.disk.files import Identity


class MemoryDisk:
    """A disk in memory that counts its calls.

    Call number `refuses_at` fails with `error`; None: no call fails. A write that fails has written
    half of its data. `history` holds the content before each call: what a kill there leaves.
    """

    def __init__(self, content: dict[Path, bytes] | None = None) -> None:
        self.content: dict[Path, bytes] = dict(content or {})
        self.calls = 0
        self.refuses_at: int | None = None
        self.error = errno.ENOSPC
        self.history: list[dict[Path, bytes]] = []

    def read(self, path: Path) -> bytes | None:
        return self.content.get(path)

    def names(self, directory: Path) -> list[str]:
        return sorted(path.name for path in self.content if path.parent == directory)

    def size_and_time(self, path: Path) -> tuple[int, float]:
        return len(self.content[path]), 0.0

    def begins_with(self, path: Path, beginning: bytes, size: int) -> bool:
        content = self.content.get(path, b"")
        return content.startswith(beginning) and len(content) >= size

    def identity(self, path: Path) -> Identity | None:
        """Equal content counts as the same file."""
        content = self.content.get(path)
        return None if content is None else Identity(len(content), zlib.crc32(content), 1)

    def write_hint(self, path: Path, data: bytes) -> None:
        self._count(lambda: self.content.__setitem__(path, data[: len(data) // 2]))
        self.content[path] = data

    def make_directory(self, path: Path) -> None:
        del path
        self._count()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        data = b"".join(chunks)
        self._count(lambda: self.content.__setitem__(path, data[: len(data) // 2]))
        self.content[path] = data

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        before = self.content[path]
        assert offset <= len(before), "a hole in the file"

        def write(piece: bytes) -> None:
            self.content[path] = before[:offset] + piece + before[offset + len(piece) :]

        self._count(lambda: write(data[: len(data) // 2]))
        write(data)

    def sync(self, path: Path) -> None:
        del path
        self._count()

    def truncate(self, path: Path, size: int) -> None:
        self._count()
        self.content[path] = self.content[path][:size]

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        self.content[new] = self.content.pop(old)

    def remove(self, path: Path) -> None:
        self._count()
        if path not in self.content:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        del self.content[path]

    def remove_directory(self, path: Path) -> None:
        self._count()
        self.content = {
            name: data for name, data in self.content.items() if path not in name.parents
        }

    def sync_directory(self, path: Path) -> None:
        del path
        self._count()

    def _count(self, do_half: object = None) -> None:
        """Count a call that changes the disk; at `refuses_at`, do half of it and fail."""
        self.history.append(dict(self.content))
        self.calls += 1
        if self.calls == self.refuses_at:
            if callable(do_half):
                do_half()
            raise OSError(self.error, os.strerror(self.error))


class ReadOnlyDisk(MemoryDisk):
    """Refuses every call but reads."""

    def _count(self, do_half: object = None) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def sync(self, path: Path) -> None:
        """Do nothing: a read-only disk has no unsynced writes."""


class HaltingDisk(MemoryDisk):
    """Halts before each rename while `may_go_on` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.is_halted = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def rename(self, old: Path, new: Path) -> None:
        if not self.may_go_on.is_set():
            self.is_halted.set()
        assert self.may_go_on.wait(timeout=20)
        super().rename(old, new)


class HaltingNewFiles(MemoryDisk):
    """Halts before each file that a checkpoint writes while `may_go_on` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.is_halted = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        if path.name.endswith(".json.tmp") and not self.may_go_on.is_set():
            self.is_halted.set()
            assert self.may_go_on.wait(timeout=20)
        super().write_new(path, chunks)

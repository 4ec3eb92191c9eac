"""A disk that forgets: what was not synced may be lost, torn or kept when the power goes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

SECTOR_BYTES = 512


class KilledError(Exception):
    """The process died in this very call."""


@dataclass
class Inode:
    """A file's bytes as programs see them, and as they are on the platter."""

    seen: bytes = b""
    kept: bytes = b""


class PowerDisk:
    """Names and bytes twice: as seen by programs, and as a loss of power would find them.

    The call number `dies_at` is begun and not ended: any part of it has happened. So it is with
    `refuses_at`, but the process lives on and is told of `error`.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.seen: dict[Path, Inode] = {}
        self.kept: dict[Path, Inode] = {}
        self.folders_seen: set[Path] = set()
        self.folders_kept: set[Path] = set()
        self.calls = 0
        self.dies_at = 0
        self.refuses_at = 0
        self.error = errno.EIO

    def read(self, path: Path) -> bytes | None:
        inode = self.seen.get(path)
        return None if inode is None else inode.seen

    def names(self, directory: Path) -> list[str]:
        return sorted(path.name for path in self.seen if path.parent == directory)

    def make_directory(self, path: Path) -> None:
        self.folders_seen.add(path)
        self._pass()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        assert path.parent in self.folders_seen, "there is no such directory"
        inode = self.seen.setdefault(path, Inode())
        inode.seen = b"".join(chunks)
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        inode = self.seen[path]
        assert offset <= len(inode.seen), "a hole in the file"
        inode.seen = inode.seen[:offset] + data + inode.seen[offset + len(data) :]
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def sync(self, path: Path) -> None:
        self._pass(lambda: self._tear(self.seen[path]))
        self.seen[path].kept = self.seen[path].seen

    def truncate(self, path: Path, size: int) -> None:
        inode = self.seen[path]
        inode.seen = inode.seen[:size]
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def rename(self, old: Path, new: Path) -> None:
        self.seen[new] = self.seen.pop(old)
        self._pass()

    def remove(self, path: Path) -> None:
        del self.seen[path]
        self._pass()

    def remove_directory(self, path: Path) -> None:
        raise NotImplementedError

    def sync_directory(self, path: Path) -> None:
        self._pass(lambda: self._keep_names(path, chance=0.5))
        self._keep_names(path, chance=1.0)

    def lose_power(self) -> None:
        """Leave what is on the platter, and of the rest any part."""
        for folder in {path.parent for path in (*self.seen, *self.kept)}:
            self._keep_names(folder, chance=0.5)
        for folder in self.folders_seen - self.folders_kept:
            if self._random.random() < 0.5:
                self.folders_kept.add(folder)
        self.folders_seen = set(self.folders_kept)
        self.seen = {path: i for path, i in self.kept.items() if self._is_kept(path.parent)}
        self.kept = dict(self.seen)
        for inode in self.seen.values():
            if inode.kept != inode.seen:
                self._tear(inode)
            inode.seen = inode.kept

    def _is_kept(self, folder: Path) -> bool:
        parents = [parent for parent in (folder, *folder.parents) if parent in self.folders_made]
        return all(parent in self.folders_kept for parent in parents)

    @property
    def folders_made(self) -> set[Path]:
        """Every directory but those that were there before: the data root and above."""
        return {Path("/data/session"), Path("/data/session/.schemas")}

    def _pass(self, part: Callable[[], object] = lambda: None) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            part()
            raise KilledError
        if self.calls == self.refuses_at:
            part()
            raise OSError(self.error, os.strerror(self.error))

    def _tear(self, inode: Inode) -> None:
        """Bring any of the unsynced sectors to the platter, in any order; a file may be short."""
        size = max(len(inode.seen), len(inode.kept))
        torn = bytearray(inode.kept.ljust(size, b"\0"))
        for start in range(0, size, SECTOR_BYTES):
            if self._random.random() < 0.5:
                sector = inode.seen[start : start + SECTOR_BYTES]
                torn[start : start + len(sector)] = sector
        inode.kept = bytes(torn[: self._random.choice([len(inode.seen), len(inode.kept), size])])

    def _keep_names(self, folder: Path, *, chance: float) -> None:
        for path in {*self.seen, *self.kept}:
            if path.parent == folder and self._random.random() <= chance:
                if path in self.seen:
                    self.kept[path] = self.seen[path]
                else:
                    self.kept.pop(path, None)
        self.folders_kept |= {path for path in self.folders_seen if path.parent == folder}

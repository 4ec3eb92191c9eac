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


ROOT = Path("/data")
"""The directory of the sessions' directories; it was always there."""


class PowerDisk:
    """Names and bytes twice: as seen by programs, and as a loss of power would find them.

    Files are kept under the directory that they are in, whatever that is called at the moment:
    `places` say by which name a directory below ROOT is found.

    The call number `dies_at` is begun and not ended: any part of it has happened. So it is with
    `refuses_at`, but the process lives on and is told of `error`.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.seen: dict[Path, Inode] = {}
        self.kept: dict[Path, Inode] = {}
        self.folders_seen: set[Path] = set()
        self.folders_kept: set[Path] = set()
        self.places_seen: dict[Path, Path] = {}
        self.places_kept: dict[Path, Path] = {}
        self.made = 0
        self.calls = 0
        self.dies_at = 0
        self.refuses_at = 0
        self.error = errno.EIO

    def read(self, path: Path) -> bytes | None:
        inode = self.seen.get(self.at(path))
        return None if inode is None else inode.seen

    def names(self, directory: Path) -> list[str]:
        folder = self.at(directory)
        return sorted(path.name for path in self.seen if path.parent == folder)

    def make_directory(self, path: Path) -> None:
        if path.parent == ROOT and path not in self.places_seen:
            self.made += 1
            self.places_seen[path] = ROOT / f"#{self.made}"
        elif path.parent != ROOT:
            self.folders_seen.add(self.at(path))
        self._pass()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        path = self.at(path)
        assert path.parent in {*self.folders_seen, *self.places_seen.values()}, "no such directory"
        inode = self.seen.setdefault(path, Inode())
        inode.seen = b"".join(chunks)
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        inode = self.inode(path)
        assert offset <= len(inode.seen), "a hole in the file"
        inode.seen = inode.seen[:offset] + data + inode.seen[offset + len(data) :]
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def sync(self, path: Path) -> None:
        inode = self.inode(path)
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def truncate(self, path: Path, size: int) -> None:
        inode = self.inode(path)
        inode.seen = inode.seen[:size]
        self._pass(lambda: self._tear(inode))
        inode.kept = inode.seen

    def rename(self, old: Path, new: Path) -> None:
        if old.parent != ROOT:
            self.seen[self.at(new)] = self.seen.pop(self.at(old))
        elif old not in self.places_seen:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(old))
        else:
            assert new not in self.places_seen, "a directory in the way"
            self.places_seen[new] = self.places_seen.pop(old)
        self._pass()

    def remove(self, path: Path) -> None:
        del self.seen[self.at(path)]
        self._pass()

    def remove_directory(self, path: Path) -> None:
        """Remove one file after another, in any order, and then the directory."""
        folder = self.at(path)
        inside = sorted(one for one in self.seen if folder in one.parents)
        self._random.shuffle(inside)
        for one in inside:
            del self.seen[one]
            self._pass()
        del self.places_seen[path]
        self._pass()

    def sync_directory(self, path: Path) -> None:
        self._pass(lambda: self._keep_names(self.at(path), chance=0.5))
        self._keep_names(self.at(path), chance=1.0)

    def lose_power(self) -> None:
        """Leave what is on the platter, and of the rest any part."""
        for folder in sorted({ROOT, *(path.parent for path in (*self.seen, *self.kept))}):
            self._keep_names(folder, chance=0.5)
        self.folders_seen = set(self.folders_kept)
        self.places_seen = dict(self.places_kept)
        self.seen = {path: i for path, i in self.kept.items() if self._is_kept(path.parent)}
        self.kept = dict(self.seen)
        for inode in self.seen.values():
            if inode.kept != inode.seen:
                self._tear(inode)
            inode.seen = inode.kept

    def inode(self, path: Path) -> Inode:
        """Return the file that is seen at a path."""
        return self.seen[self.at(path)]

    def at(self, path: Path) -> Path:
        """Return where the file or directory is kept that is seen at a path."""
        for place, folder in self.places_seen.items():
            if path.is_relative_to(place):
                return folder / path.relative_to(place)
        return path

    def _is_kept(self, folder: Path) -> bool:
        is_inner = folder.parent != ROOT
        return folder in (self.folders_kept if is_inner else self.places_kept.values())

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
        for path in sorted({*self.seen, *self.kept}):
            if path.parent == folder and self._random.random() <= chance:
                if path in self.seen:
                    self.kept[path] = self.seen[path]
                else:
                    self.kept.pop(path, None)
        for inner in sorted(self.folders_seen):
            if inner.parent == folder and self._random.random() <= chance:
                self.folders_kept.add(inner)
        if folder == ROOT:
            self._keep_places(chance)

    def _keep_places(self, chance: float) -> None:
        """Keep where directories are now; one that was renamed is never at both places."""
        for moved in sorted({*self.places_seen.values(), *self.places_kept.values()}):
            if self._random.random() <= chance:
                self.places_kept = {at: one for at, one in self.places_kept.items() if one != moved}
                self.places_kept |= {
                    at: one for at, one in self.places_seen.items() if one == moved
                }

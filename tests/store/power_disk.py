"""A disk that can lose power: unsynced writes may then be lost, torn or durable."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from larst.store.disk.files import Identity

SECTOR_BYTES = 512


class KilledError(Exception):
    """The process died during this call."""


@dataclass
class Inode:
    """A file's bytes as programs read them, and as they are on the platter."""

    current: bytes = b""
    durable: bytes = b""


ROOT = Path("/data")
"""The directory of the sessions' directories; it always exists."""


class PowerDisk:
    """Names and bytes in two versions: current ones, and those that a loss of power leaves.

    Files are stored under the directory that contains them, whatever its name is at the moment:
    `places` map the name of a directory below ROOT to that directory.

    Call number `dies_at` begins and does not end: any part of it may have happened. The same holds
    for `refuses_at`, but there the process lives on and gets `error`.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.files: dict[Path, Inode] = {}
        self.durable_files: dict[Path, Inode] = {}
        self.folders: set[Path] = set()
        self.durable_folders: set[Path] = set()
        self.places: dict[Path, Path] = {}
        self.durable_places: dict[Path, Path] = {}
        self.place_count = 0
        self.calls = 0
        self.dies_at = 0
        self.refuses_at = 0
        self.error = errno.EIO

    def install(self, directory: Path, contents: Mapping[str, bytes]) -> None:
        """Store a session's directory and its files, all of them durable."""
        self.make_directory(directory)
        for name, content in contents.items():
            path = self.at(directory / name)
            if path.parent != self.at(directory):
                self.folders.add(path.parent)
            self.files[path] = Inode(content, content)
        for path in (ROOT, *(self.at(path) for path in (directory, directory / ".schemas"))):
            self._sync_names(path, chance=1.0)

    def edit(self, path: Path, content: bytes) -> None:
        """Replace a file, durably, as a person does."""
        self.files[self.at(path)] = self.durable_files[self.at(path)] = Inode(content, content)

    def read(self, path: Path) -> bytes | None:
        inode = self.files.get(self.at(path))
        return None if inode is None else inode.current

    def names(self, directory: Path) -> list[str]:
        folder = self.at(directory)
        return sorted(path.name for path in self.files if path.parent == folder)

    def size_and_time(self, path: Path) -> tuple[int, float]:
        content = self.read(path)
        assert content is not None
        return len(content), 0.0

    def begins_with(self, path: Path, beginning: bytes, size: int) -> bool:
        content = self.read(path)
        return content is not None and content.startswith(beginning) and len(content) >= size

    def identity(self, path: Path) -> Identity | None:
        """Equal content counts as the same file."""
        content = self.read(path)
        return None if content is None else Identity(len(content), zlib.crc32(content), 1)

    def write_hint(self, path: Path, data: bytes) -> None:
        inode = self.files.setdefault(self.at(path), Inode())
        inode.current = data
        self._count_call(lambda: self._tear(inode))

    def make_directory(self, path: Path) -> None:
        if path.parent == ROOT and path not in self.places:
            self.place_count += 1
            self.places[path] = ROOT / f"#{self.place_count}"
        elif path.parent != ROOT:
            self.folders.add(self.at(path))
        self._count_call()

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        path = self.at(path)
        assert path.parent in {*self.folders, *self.places.values()}, "no such directory"
        inode = self.files.setdefault(path, Inode())
        inode.current = b"".join(chunks)
        self._count_call(lambda: self._tear(inode))
        inode.durable = inode.current

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        inode = self.inode(path)
        assert offset <= len(inode.current), "a hole in the file"
        inode.current = inode.current[:offset] + data + inode.current[offset + len(data) :]
        self._count_call(lambda: self._tear(inode))
        inode.durable = inode.current

    def sync(self, path: Path) -> None:
        inode = self.inode(path)
        self._count_call(lambda: self._tear(inode))
        inode.durable = inode.current

    def truncate(self, path: Path, size: int) -> None:
        inode = self.inode(path)
        inode.current = inode.current[:size]
        self._count_call(lambda: self._tear(inode))
        inode.durable = inode.current

    def rename(self, old: Path, new: Path) -> None:
        if old.parent != ROOT:
            self.files[self.at(new)] = self.files.pop(self.at(old))
        elif old not in self.places:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(old))
        else:
            assert new not in self.places, "the new name is taken"
            self.places[new] = self.places.pop(old)
        self._count_call()

    def remove(self, path: Path) -> None:
        del self.files[self.at(path)]
        self._count_call()

    def remove_directory(self, path: Path) -> None:
        """Remove one file after another, in any order, and then the directory."""
        folder = self.at(path)
        inside = sorted(file for file in self.files if folder in file.parents)
        self._random.shuffle(inside)
        for file in inside:
            del self.files[file]
            self._count_call()
        del self.places[path]
        self._count_call()

    def sync_directory(self, path: Path) -> None:
        self._count_call(lambda: self._sync_names(self.at(path), chance=0.5))
        self._sync_names(self.at(path), chance=1.0)

    def lose_power(self) -> None:
        """Keep the durable names and bytes, and any part of the others."""
        for folder in sorted({ROOT, *(path.parent for path in (*self.files, *self.durable_files))}):
            self._sync_names(folder, chance=0.5)
        self.folders = set(self.durable_folders)
        self.places = dict(self.durable_places)
        self.files = {
            path: inode
            for path, inode in self.durable_files.items()
            if self._is_durable(path.parent)
        }
        self.durable_files = dict(self.files)
        for inode in self.files.values():
            if inode.durable != inode.current:
                self._tear(inode)
            inode.current = inode.durable

    def inode(self, path: Path) -> Inode:
        """Return the file at a path."""
        return self.files[self.at(path)]

    def at(self, path: Path) -> Path:
        """Return under which path the disk stores the file or directory."""
        for place, folder in self.places.items():
            if path.is_relative_to(place):
                return folder / path.relative_to(place)
        return path

    def _is_durable(self, folder: Path) -> bool:
        is_inner = folder.parent != ROOT
        return folder in (self.durable_folders if is_inner else self.durable_places.values())

    def _count_call(self, do_part: Callable[[], object] = lambda: None) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            do_part()
            raise KilledError
        if self.calls == self.refuses_at:
            do_part()
            raise OSError(self.error, os.strerror(self.error))

    def _tear(self, inode: Inode) -> None:
        """Make any of the unsynced sectors durable, in any order; the file may become short."""
        size = max(len(inode.current), len(inode.durable))
        torn = bytearray(inode.durable.ljust(size, b"\0"))
        for start in range(0, size, SECTOR_BYTES):
            if self._random.random() < 0.5:
                sector = inode.current[start : start + SECTOR_BYTES]
                torn[start : start + len(sector)] = sector
        sizes = [len(inode.current), len(inode.durable), size]
        inode.durable = bytes(torn[: self._random.choice(sizes)])

    def _sync_names(self, folder: Path, *, chance: float) -> None:
        """Make each name in the directory durable, with this chance."""
        for path in sorted({*self.files, *self.durable_files}):
            if path.parent == folder and self._random.random() <= chance:
                if path in self.files:
                    self.durable_files[path] = self.files[path]
                else:
                    self.durable_files.pop(path, None)
        for inner in sorted(self.folders):
            if inner.parent == folder and self._random.random() <= chance:
                self.durable_folders.add(inner)
        if folder == ROOT:
            self._sync_places(chance)

    def _sync_places(self, chance: float) -> None:
        """Make each directory's name durable; a renamed directory never has both names."""
        for moved in sorted({*self.places.values(), *self.durable_places.values()}):
            if self._random.random() <= chance:
                self.durable_places = {
                    place: folder
                    for place, folder in self.durable_places.items()
                    if folder != moved
                } | {place: folder for place, folder in self.places.items() if folder == moved}

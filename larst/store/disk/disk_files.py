"""The real disk: the only module of the store that calls the operating system.

Every call is synchronous and made from a thread. Must never decide when to write, nor
follow a symbolic link out of a session's directory (SPEC section 7).
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from larst.store.disk.files import Identity, NotRegularFileError
from larst.store.disk.folders import SessionFolders

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would block


_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class DiskFiles:
    """The real disk. A link in the place of a file, or of the folder that it is in, is refused.

    `folds_case`: the disk does not distinguish upper and lower case, so that a folder may answer to
    the name of another session. `folders`: the sessions that must have one, where their data root
    is served; reads, writes and new folders raise FilesLostError where it is gone.
    """

    _folds_case = False
    _folders: SessionFolders | None = None

    def __init__(self, *, folds_case: bool = False, folders: SessionFolders | None = None) -> None:
        self._folds_case = folds_case
        self._folders = folders

    def read(self, path: Path) -> bytes | None:
        """Return the file's bytes, or None if it does not exist."""
        try:
            if not stat.S_ISREG(path.lstat().st_mode):  # to open a device can have effects
                raise _not_regular(path)
            with os.fdopen(_open(path, _READ), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # replaced meanwhile
                    raise _not_regular(path)
                return file.read()
        except FileNotFoundError:
            return None

    def names(self, directory: Path) -> list[str]:
        """Return the names in the directory, sorted; an empty list if it does not exist."""
        try:
            if not stat.S_ISDIR(directory.lstat().st_mode):
                raise NotADirectoryError(
                    errno.ENOTDIR, "it is not a directory of its own", str(directory)
                )
            self._refuse_other_spelling(directory)
            names = sorted(os.listdir(directory))  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            self._check_lost(directory)
            return []
        if self._folders is not None:
            self._folders.check_root()
            self._folders.add(directory)
        return names

    def size_and_time(self, path: Path) -> tuple[int, float]:
        """Return the size of a file, and when it was last written in seconds since 1970."""
        status = path.lstat()
        return status.st_size, status.st_mtime

    def begins_with(self, path: Path, beginning: bytes, size: int) -> bool:
        """Return whether the file begins so, and has at least that size."""
        try:  # before each write, so that the folder is not opened: a link to one shows nothing
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            self._check_lost(path)
            return False
        try:
            if os.fstat(descriptor).st_size < size:
                return False
            return os.pread(descriptor, len(beginning), 0) == beginning
        finally:
            os.close(descriptor)

    def identity(self, path: Path) -> Identity | None:
        """Return the identity of what has this name, a link too; None if it does not exist."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        is_regular = stat.S_ISREG(status.st_mode)
        return Identity(status.st_size, status.st_mtime_ns, status.st_ino, is_regular)

    def make_directory(self, path: Path) -> None:
        """Make the directory, private, unless it exists; its name is not durable yet."""
        self._check_lost(path)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            self._refuse_other_spelling(path)
        else:
            make_private(path)
        if self._folders is not None:
            self._folders.add(path)

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Create or overwrite a file, and make its content durable."""
        with os.fdopen(self._opened(path, _WRITE | os.O_CREAT | os.O_TRUNC), "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # the umask, or an older file, may say otherwise
            file.writelines(chunks)
            file.flush()
            _sync(file.fileno())

    def write_hint(self, path: Path, data: bytes) -> None:
        """Create or overwrite a small file that need not be durable: it may be torn, or old."""
        with os.fdopen(self._opened(path, _WRITE | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(data)

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        """Write into an existing file at the offset, and make it durable."""
        descriptor = self._opened(path, _WRITE)
        try:
            remaining = memoryview(data)
            while remaining:
                written_bytes = os.pwrite(descriptor, remaining, offset)
                remaining, offset = remaining[written_bytes:], offset + written_bytes
            _sync(descriptor, is_data_enough=True)
        finally:
            os.close(descriptor)

    def sync(self, path: Path) -> None:
        """Make the content of an existing file durable, also if another process wrote it."""
        self._sync_at(path, _READ)

    def truncate(self, path: Path, size: int) -> None:
        """Truncate the file to `size` bytes, and make that durable."""
        descriptor = self._opened(path, _WRITE)
        try:
            os.ftruncate(descriptor, size)
            _sync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or directory in one step; replace a file of that name."""
        if self._folders is not None:
            self._folders.check_root()
            self._folders.discard(old)  # it is to be gone, or has gone
        old.replace(new)
        if self._folders is not None:
            self._folders.add(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def remove_directory(self, path: Path) -> None:
        """Remove a directory and everything in it; a link is removed, not followed."""
        shutil.rmtree(path)

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory durable."""
        self._sync_at(path, _READ | os.O_DIRECTORY)

    def _sync_at(self, path: Path, flags: int) -> None:
        descriptor = self._opened(path, flags)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)

    def _opened(self, path: Path, flags: int) -> int:
        """Open a file of the data root that is locked, and of no other one in its place."""
        if self._folders is not None:
            self._folders.check_root()
        try:
            return _open(path, flags)
        except FileNotFoundError:
            self._check_lost(path)
            raise

    def _check_lost(self, path: Path) -> None:
        if self._folders is not None:
            self._folders.check(path)

    def _refuse_other_spelling(self, directory: Path) -> None:
        """Refuse a folder whose name on the disk differs from the one that was asked for.

        Raises:
            OSError: it belongs to a session whose name differs in case only.
        """
        if self._folds_case and directory.name not in os.listdir(directory.parent):  # noqa: PTH208
            raise FileExistsError(
                errno.EEXIST,
                "another session has this folder: the disk does not distinguish upper and lower"
                " case; use that session's name",
                str(directory),
            )


def make_private(directory: Path) -> None:
    """Give the directory mode 0700, whatever the umask.

    Raises:
        OSError: it is a link, or belongs to another user.
    """
    descriptor = os.open(directory, _FOLDER)
    try:
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    """Open a file in its folder, neither of which may be a link; a new file is private."""
    folder = os.open(path.parent, _FOLDER)
    try:
        return os.open(path.name, flags, 0o600, dir_fd=folder)
    finally:
        os.close(folder)


def _not_regular(path: Path) -> NotRegularFileError:
    return NotRegularFileError(errno.EINVAL, "it is not an ordinary file", str(path))


def _sync(descriptor: int, *, is_data_enough: bool = False) -> None:
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # its fsync stops at the drive's cache
    elif is_data_enough:
        _sync_data(descriptor)
    else:
        os.fsync(descriptor)

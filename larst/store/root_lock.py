"""The lock of a data root: on the directory itself, and on the file `.lock` in it.

The lock of the directory cannot be removed with the file, nor can a link or a mount lead around it.
The file names the holder, and is what LARST 0.1 and 0.2 lock. Where a file system locks no
directories (NFS), the file alone is the lock, so that its holder has lost the root once another
file has its name.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from larst.errors import DataRootTakenError

LOCK_NAME = ".lock"

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would block
_WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LOCKS = Path("/proc/locks")
_MAX_HOLDER_BYTES = 200


@dataclass(frozen=True, slots=True)
class RootLock:
    """A lock that is held until `close`.

    `file` is the descriptor of `.lock`; None: a reader found no such file. `locks_directory`: the
    file system locks directories. `inode` is that of the directory.
    """

    path: Path
    directory: int
    file: int | None
    locks_directory: bool
    inode: tuple[int, int]

    @classmethod
    def exclusive(cls, path: Path) -> RootLock:
        """Lock an existing directory for this process alone, and name it in `.lock`.

        Raises:
            DataRootTakenError: another process holds it; it is named, and nothing was changed.
            OSError: the directory cannot be opened, or the file not be written.
        """
        directory = os.open(path, _DIRECTORY)
        try:
            locks_directory = _lock_directory(path, directory, fcntl.LOCK_EX)
            file = _locked_file(path)
        except BaseException:
            os.close(directory)
            raise
        return cls(path, directory, file, locks_directory, _inode(os.fstat(directory)))

    @classmethod
    def shared(cls, path: Path) -> RootLock:
        """Keep other processes from changing an existing directory; nothing is created.

        Raises:
            DataRootTakenError: another process may change it; it is named.
            OSError: the directory cannot be read.
        """
        directory = os.open(path, _DIRECTORY)
        try:
            locks_directory = _lock_directory(path, directory, fcntl.LOCK_SH)
            file = None
            with suppress(FileNotFoundError):
                file = os.open(path / LOCK_NAME, _READ)
                _lock_file(path, file, fcntl.LOCK_SH)
        except BaseException:
            os.close(directory)
            raise
        return cls(path, directory, file, locks_directory, _inode(os.fstat(directory)))

    def is_in_place(self) -> bool:
        """Return whether the path still leads to the locked directory: one system call."""
        try:
            if _inode(self.path.stat()) != self.inode:
                return False
            if self.locks_directory or self.file is None:
                return True
            file = (self.path / LOCK_NAME).lstat()
            return os.path.samestat(file, os.fstat(self.file))
        except OSError:
            return False

    def close(self) -> None:
        """Unlock the directory."""
        if self.file is not None:
            os.close(self.file)
        os.close(self.directory)


def _inode(status: os.stat_result) -> tuple[int, int]:
    """Return the device and the inode: no other directory has them while this one is open."""
    return status.st_dev, status.st_ino


def _lock_directory(path: Path, directory: int, kind: int) -> bool:
    """Lock the directory; return whether its file system can.

    Raises:
        DataRootTakenError: another process holds it.
    """
    try:
        fcntl.flock(directory, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _taken(path, _holder_in(path) or _holder_of(directory)) from error
    except OSError:
        return False
    return True


def _locked_file(path: Path) -> int:
    """Lock the lock file, write who holds it, and return its descriptor."""
    while True:
        file = os.open(path / LOCK_NAME, _WRITE, 0o600)
        _lock_file(path, file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat((path / LOCK_NAME).lstat(), os.fstat(file)):
                break
        os.close(file)  # removed after it was opened: others would lock another file
    os.fchmod(file, 0o600)
    os.ftruncate(file, 0)
    os.write(file, _this_process().encode())
    return file


def _lock_file(path: Path, file: int, kind: int) -> None:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(file, _MAX_HOLDER_BYTES).decode(errors="replace").strip()
        os.close(file)
        raise _taken(path, holder) from error
    except OSError:
        os.close(file)
        raise


def _taken(path: Path, holder: str) -> DataRootTakenError:
    return DataRootTakenError(
        f"{path} is held by {holder or 'another process'}; stop it, or choose another data root"
    )


def _holder_in(path: Path) -> str:
    """Return what the lock file says, without a change of it; empty if it is missing."""
    try:
        file = os.open(path / LOCK_NAME, _READ)
    except OSError:
        return ""
    try:
        return os.read(file, _MAX_HOLDER_BYTES).decode(errors="replace").strip()
    finally:
        os.close(file)


def _holder_of(directory: int) -> str:
    """Return the holder of a directory's lock as Linux lists it; empty if it does not say.

    A line of the list (proc_locks(5)): `1: FLOCK  ADVISORY  WRITE 4711 08:01:262145 0 EOF`.
    """
    inode = str(os.fstat(directory).st_ino)
    try:
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        return ""
    for fields in map(str.split, lines):
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
            return f"process {fields[4]}"
    return ""


def _this_process() -> str:
    started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"process {os.getpid()} on {socket.gethostname()} since {started}\n"

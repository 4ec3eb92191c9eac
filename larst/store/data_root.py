"""The data root: the directory of all sessions, held by one process at a time.

Only who serves it removes what an erasure left behind; only who holds it may change anything.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from larst.errors import DataRootTakenError
from larst.store.disk.session_files import ERASED

_LOCK_NAME = ".lock"
_PROBE_NAME = ".probe"
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would wait for ever
_MAKE = os.O_CREAT | _SAFELY


class DataRoot:
    """A hold on a data root; a process that would serve it is refused until `close`."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> DataRoot:
        """Take hold of the directory to serve it: made where missing, rid of erased sessions.

        Raises:
            DataRootTakenError: another process has it; names that process.
            OSError: the directory cannot be made or written.
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = cls.hold(path)
        _make_names_durable(path)
        for unfinished in path.glob(f"{ERASED}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        return root

    @classmethod
    def hold(cls, path: Path) -> DataRoot:
        """Take hold of a directory that is there; nothing in it is changed.

        Raises:
            DataRootTakenError, OSError: as for `open`.
        """
        lock = _locked(path, os.open(path / _LOCK_NAME, os.O_RDWR | _MAKE, 0o600), fcntl.LOCK_EX)
        os.ftruncate(lock, 0)
        os.write(lock, _holder().encode())
        return cls(path, lock)

    @classmethod
    def look(cls, path: Path) -> DataRoot:
        """Keep others from serving the directory while it is read; it may be a read-only copy.

        Where it was never served there is nothing to hold it by, and none is made.

        Raises:
            DataRootTakenError: another process serves it; names that process.
            OSError: the directory cannot be read.
        """
        try:
            lock = os.open(path / _LOCK_NAME, os.O_RDONLY | _SAFELY)
        except FileNotFoundError:
            return cls(path, None)
        return cls(path, _locked(path, lock, fcntl.LOCK_SH))

    def session_ids(self) -> list[str]:
        """Return the ids of the sessions that have a directory, sorted; blocks."""
        return sorted(
            entry.name
            for entry in os.scandir(self.path)
            if _SESSION_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )

    def has_session(self, session_id: str) -> bool:
        """Tell whether the session has a directory; a link to one is none; blocks."""
        try:
            return stat.S_ISDIR(self.session_directory(session_id).lstat().st_mode)
        except OSError:
            return False

    def session_directory(self, session_id: str) -> Path:
        """Return where the session's files are; nothing is made yet."""
        return self.path / session_id

    def is_writable(self) -> bool:
        """Tell whether a file can be made here now; for /readyz."""
        probe = self.path / _PROBE_NAME
        try:
            os.close(os.open(probe, os.O_WRONLY | _MAKE, 0o600))
            probe.unlink()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            os.close(self._lock)

    def __enter__(self) -> DataRoot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _make_names_durable(path: Path) -> None:
    """Sync what a killed process may have renamed only in memory: an erasure will be shown."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path, lock: int, kind: int) -> int:
    """Return the open lock file, locked; closed where that is not to be had."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(lock, 200).decode(errors="replace").strip() or "another process"
        os.close(lock)
        raise DataRootTakenError(
            f"{path} is held by {holder}; stop it, or choose another data root"
        ) from error
    except OSError:
        os.close(lock)
        raise
    return lock


def _holder() -> str:
    started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"process {os.getpid()} on {socket.gethostname()} since {started}\n"

"""The data root: the directory of all sessions, held by one process at a time."""

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
from larst.store.session_files import ERASED

_LOCK_NAME = ".lock"
_PROBE_NAME = ".probe"
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MAKE = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class DataRoot:
    """An exclusive hold on a data root; another process is refused until `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> DataRoot:
        """Make the directory where it is missing, and take hold of it.

        Raises:
            DataRootTakenError: another process has it; names that process.
            OSError: the directory cannot be made or written.
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / _LOCK_NAME, os.O_RDWR | _MAKE, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 200).decode(errors="replace").strip() or "another process"
            os.close(lock)
            raise DataRootTakenError(
                f"{path} is served by {holder}; stop it, or choose another data root"
            ) from error
        except OSError:
            os.close(lock)
            raise
        os.ftruncate(lock, 0)
        os.write(lock, _holder().encode())
        for unfinished in path.glob(f"{ERASED}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        return cls(path, lock)

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


def _holder() -> str:
    started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"process {os.getpid()} on {socket.gethostname()} since {started}\n"

"""The data root: the directory of all sessions, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType

from larst.errors import DataRootTakenError

_LOCK_NAME = ".lock"
_PROBE_NAME = ".probe"


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
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(path / _LOCK_NAME, flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 200).decode(errors="replace").strip() or "another process"
            os.close(lock)
            raise DataRootTakenError(
                f"{path} is served by {holder}; stop it, or choose another data root"
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        return cls(path, lock)

    def session_directory(self, session_id: str) -> Path:
        """Return where the session's files are; nothing is made yet."""
        return self.path / session_id

    def is_writable(self) -> bool:
        """Tell whether a file can be made here now; for /readyz."""
        probe = self.path / _PROBE_NAME
        try:
            probe.write_bytes(b"")
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

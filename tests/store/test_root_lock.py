"""Two real processes are never the owners of one data root, whatever becomes of its lock file."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from larst.errors import DataRootTakenError
from larst.store import DataRoot
from larst.store.root_lock import RootLock
from tests.service.api import ROOT

_OWNER = """
import sys
from pathlib import Path
from larst.errors import DataRootTakenError
from larst.store import DataRoot
try:
    root = DataRoot.open(Path(sys.argv[1]))
except DataRootTakenError as error:
    print(error, flush=True)
else:
    print("owner", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _process(path: Path) -> Iterator[tuple[int, str]]:
    """Open the data root in another process; give its id, and what it says."""
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline().strip()


def test_a_removed_lock_file_lets_no_second_process_in(tmp_path: Path) -> None:
    """Both would answer with the same ids, and overwrite each other's files."""
    with _process(tmp_path) as (pid, said):
        (tmp_path / ".lock").unlink()

        with pytest.raises(DataRootTakenError, match=f"held by process {pid};"):
            DataRoot.open(tmp_path)

        assert said == "owner"
        assert not (tmp_path / ".lock").exists(), "the refused process has changed something"
        os.kill(pid, signal.SIGKILL)

    DataRoot.open(tmp_path).close()


def test_another_file_in_the_place_of_the_lock_file_lets_no_second_owner_in(
    tmp_path: Path,
) -> None:
    with DataRoot.open(tmp_path):
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").touch()

        with pytest.raises(DataRootTakenError, match=f"held by process {os.getpid()};"):
            DataRoot.open(tmp_path)


def test_a_link_to_the_root_is_the_same_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "link").symlink_to("root")

    with DataRoot.open(tmp_path / "root"), pytest.raises(DataRootTakenError):
        DataRoot.open(tmp_path / "link")


def test_the_lock_of_an_older_version_is_respected(tmp_path: Path) -> None:
    """LARST 0.1 and 0.2 lock the file alone."""
    file = os.open(tmp_path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, b"process 4711 on old\n")

        with pytest.raises(DataRootTakenError, match="process 4711 on old"):
            DataRoot.open(tmp_path)
    finally:
        os.close(file)


class TestWithoutLocksOfDirectories:
    """NFS locks no directory that is open for reading."""

    @pytest.fixture(autouse=True)
    def _refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        flock = fcntl.flock

        def only_files(descriptor: int, kind: int) -> None:
            if not os.path.samestat(os.fstat(descriptor), self.directory.stat()):
                flock(descriptor, kind)
            else:
                raise OSError(9, "Bad file descriptor")

        monkeypatch.setattr("larst.store.root_lock.fcntl.flock", only_files)

    @pytest.fixture(autouse=True)
    def _directory(self, tmp_path: Path) -> None:
        self.directory = tmp_path

    def test_the_lock_file_keeps_a_second_process_out(self, tmp_path: Path) -> None:
        with (
            DataRoot.open(tmp_path),
            pytest.raises(DataRootTakenError, match=f"process {os.getpid()} on"),
        ):
            DataRoot.open(tmp_path)

    def test_the_holder_notices_that_its_lock_file_is_gone(self, tmp_path: Path) -> None:
        lock = RootLock.exclusive(tmp_path)
        assert lock.is_in_place()

        (tmp_path / ".lock").unlink()

        assert not lock.is_in_place()
        lock.close()


class TestPlace:
    def test_a_root_that_is_moved_back_is_in_place_again(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        lock = RootLock.exclusive(root)
        assert lock.is_in_place()

        root.rename(tmp_path / "elsewhere")
        assert not lock.is_in_place()
        root.mkdir()
        assert not lock.is_in_place(), "another directory has its name"
        root.rmdir()
        (tmp_path / "elsewhere").rename(root)

        assert lock.is_in_place()
        lock.close()

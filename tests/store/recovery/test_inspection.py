"""Looking at a session while its owner works on, or where there is nothing to be read."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.store import DiskFiles, SessionStore
from larst.store.recovery.inspection import ReadOnlyFiles, disk_usage, inspect


async def _write(directory: Path, resource: str = "users") -> None:
    """Have a session wake, write a record, checkpoint, and sleep again."""
    store = SessionStore(directory, files=DiskFiles(), now=lambda: datetime.now(UTC))
    await store.load()
    transaction = store.begin()
    transaction.resource(resource).insert({"n": 1})
    store.commit(transaction)
    await store.flush()
    await store.close()


class BusyFiles(ReadOnlyFiles):
    """Files of which the owner writes others as soon as the journal has been read."""

    def __init__(self, directory: Path, times: int) -> None:
        self._directory = directory
        self._times = times

    def read(self, path: Path) -> bytes | None:
        content = super().read(path)
        if path.name == ".journal" and self._times:
            self._times -= 1
            asyncio.run(_write(self._directory))
        return content


async def test_a_session_that_folds_meanwhile_is_not_called_damaged(tmp_path: Path) -> None:
    """Its files fit no journal that was read a moment before."""
    await _write(tmp_path / "one")

    found = await asyncio.to_thread(inspect, tmp_path / "one", BusyFiles(tmp_path / "one", 1))

    assert (found.problem, found.records) == (None, {"users": 2})


async def test_one_that_never_stands_still_is_not_called_damaged_either(tmp_path: Path) -> None:
    """A damaged session could not wake, and so not write."""
    await _write(tmp_path / "one")

    found = await asyncio.to_thread(inspect, tmp_path / "one", BusyFiles(tmp_path / "one", 99))

    assert found.problem is None


def test_a_file_that_gets_its_name_meanwhile_is_no_failure(tmp_path: Path) -> None:
    """A checkpoint renames each file that it wrote."""
    for number in range(100):  # each of them takes time to look at
        (tmp_path / f"r{number}.json").write_bytes(b"[]")
    is_done = threading.Event()

    def checkpoint() -> None:
        while not is_done.is_set():
            for name in "abcdefgh":
                (tmp_path / name).with_suffix(".tmp").touch()
                (tmp_path / name).with_suffix(".tmp").replace(tmp_path / name)

    folder = threading.Thread(target=checkpoint)
    folder.start()
    try:
        for _ in range(100):
            assert disk_usage(tmp_path)[0] == 200
    finally:
        is_done.set()
        folder.join()


def test_a_session_that_is_gone_is_told_from_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert inspect(tmp_path / "empty").problem is None

    for look in (inspect, disk_usage):
        with pytest.raises(FileNotFoundError):
            look(tmp_path / "gone")


def _link(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"[]")
    path.symlink_to("elsewhere")


ODD: dict[str, Callable[[Path], None]] = {
    "a directory": lambda path: path.mkdir(),
    "a link": _link,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ["users.json", ".journal", ".schemas/users.json"])
def test_what_is_no_ordinary_file_is_a_problem_of_its_session(
    tmp_path: Path, name: str, kind: str
) -> None:
    """Raised, it would end the listing of all others."""
    (tmp_path / "one" / name).parent.mkdir(parents=True)
    ODD[kind](tmp_path / "one" / name)

    assert f"{name}: it is not an ordinary file" in str(inspect(tmp_path / "one").problem)


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, _link])
def test_schemas_that_are_no_directory_are_a_problem_of_their_session(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "one").mkdir()
    make(tmp_path / "one" / ".schemas")

    assert ".schemas: it is not a directory" in str(inspect(tmp_path / "one").problem)

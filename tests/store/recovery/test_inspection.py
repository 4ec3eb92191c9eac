"""Inspecting a session that is in use, or that cannot be read."""

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
    """Wake a session, write a record, and close it with a checkpoint."""
    store = SessionStore(directory, files=DiskFiles(), now=lambda: datetime.now(UTC))
    await store.load()
    transaction = store.commits.begin()
    transaction.resource(resource).insert({"n": 1})
    store.commits.commit(transaction)
    await store.durability.flush()
    await store.close()


class BusyFiles(ReadOnlyFiles):
    """Files that their session changes as soon as the inspection has read the journal."""

    def __init__(self, directory: Path, times: int) -> None:
        self._directory = directory
        self._times = times

    def read(self, path: Path) -> bytes | None:
        content = super().read(path)
        if path.name == ".journal" and self._times:
            self._times -= 1
            asyncio.run(_write(self._directory))
        return content


async def test_a_session_that_checkpoints_meanwhile_is_not_damaged(tmp_path: Path) -> None:
    """Its files do not match the journal that was read a moment before."""
    await _write(tmp_path / "one")

    inspection = await asyncio.to_thread(inspect, tmp_path / "one", BusyFiles(tmp_path / "one", 1))

    assert (inspection.problem, inspection.records) == (None, {"users": 2})


async def test_a_session_that_changes_all_the_time_is_not_damaged(tmp_path: Path) -> None:
    """A damaged session cannot wake and write."""
    await _write(tmp_path / "one")

    inspection = await asyncio.to_thread(inspect, tmp_path / "one", BusyFiles(tmp_path / "one", 99))

    assert inspection.problem is None


def test_a_file_that_is_renamed_meanwhile_causes_no_error(tmp_path: Path) -> None:
    """A checkpoint renames every file that it writes."""
    for number in range(100):  # each takes time to inspect
        (tmp_path / f"r{number}.json").write_bytes(b"[]")
    is_done = threading.Event()

    def checkpoint() -> None:
        while not is_done.is_set():
            for name in "abcdefgh":
                (tmp_path / name).with_suffix(".tmp").touch()
                (tmp_path / name).with_suffix(".tmp").replace(tmp_path / name)

    writer = threading.Thread(target=checkpoint)
    writer.start()
    try:
        for _ in range(100):
            assert disk_usage(tmp_path)[0] == 200
    finally:
        is_done.set()
        writer.join()


def test_a_missing_session_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert inspect(tmp_path / "empty").problem is None

    for function in (inspect, disk_usage):
        with pytest.raises(FileNotFoundError):
            function(tmp_path / "gone")


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
def test_an_entry_that_is_not_an_ordinary_file_is_a_problem_of_its_session(
    tmp_path: Path, name: str, kind: str
) -> None:
    """An exception would end the listing of all other sessions."""
    (tmp_path / "one" / name).parent.mkdir(parents=True)
    ODD[kind](tmp_path / "one" / name)

    assert f"{name}: it is not an ordinary file" in str(inspect(tmp_path / "one").problem)


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, _link])
def test_an_entry_in_the_place_of_the_schemas_directory_is_a_problem_of_its_session(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "one").mkdir()
    make(tmp_path / "one" / ".schemas")

    assert ".schemas: it is not a directory" in str(inspect(tmp_path / "one").problem)

"""An overview of a session, without loading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from larst.store import REPLIES, DataRoot, DiskFiles
from larst.store.overview import look
from larst.store.recovery.inspection import disk_usage
from tests.store.disks import MemoryDisk, ReadOnlyDisk
from tests.store.stores import HOME, ids_of, insert, open_store

STATS = HOME / ".stats"


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """The directory of a session that sleeps, with two users and a hidden resource."""
    directory = tmp_path / "one"
    store = await open_store(DiskFiles(), directory)
    await insert(store, "users", {}, {})
    transaction = store.commits.begin()
    transaction.hidden(REPLIES).insert({})
    store.commits.commit(transaction)
    await store.close()
    return directory


async def test_a_session_that_sleeps_shows_its_records_and_its_size(home: Path) -> None:
    overview = look(home)

    size_bytes, _ = disk_usage(home)
    assert overview.records == {"users": 2}
    assert overview.size_bytes == size_bytes - len((home / ".stats").read_bytes())
    assert overview.problem is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"journal_bytes":-1,"resources":{}}'])
async def test_damaged_statistics_count_as_missing(home: Path, content: bytes) -> None:
    """They are not durable, so a loss of power may leave anything in their place."""
    (home / ".stats").write_bytes(content)

    assert look(home).records is None
    assert ids_of(await open_store(DiskFiles(), home)) == [1, 2]


async def test_statistics_of_another_journal_count_as_missing(home: Path) -> None:
    """After a kill, the journal has changes that they do not count."""
    store = await open_store(DiskFiles(), home)
    await insert(store, "users", {})
    await store.durability.flush()

    assert look(home).records is None
    await store.close()
    assert look(home).records == {"users": 3}


async def test_a_session_without_statistics_gets_them_at_its_next_sleep(home: Path) -> None:
    """An earlier LARST has written it."""
    (home / ".stats").unlink()
    store = await open_store(DiskFiles(), home)
    await store.close()

    assert look(home).records == {"users": 2}


async def test_statistics_that_are_current_are_not_written_again(home: Path) -> None:
    """A session that is only read writes nothing."""
    before = (home / ".stats").stat().st_ino

    await (await open_store(DiskFiles(), home)).close()

    assert (home / ".stats").stat().st_ino == before


async def test_statistics_that_cannot_be_written_are_left_out() -> None:
    disk = MemoryDisk()
    store = await open_store(disk)
    await insert(store, "users", {})
    await store.durability.flush()
    full = ReadOnlyDisk(disk.content)
    store = await open_store(full)

    await store.close()

    assert STATS not in full.content


async def test_files_set_aside_are_seen(home: Path) -> None:
    (home / ".schemas" / "users.json.damaged-20261123T000000Z").touch()

    assert "set aside" in (look(home).problem or "")


def test_a_session_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "gone")


def test_new_and_removed_sessions_are_listed_at_once(tmp_path: Path) -> None:
    """The names are not read again while the directory has not changed."""
    with DataRoot.open(tmp_path / "root") as root:
        for name in ("one", "two"):
            root.session_directory(name).mkdir()
            assert name in root.session_ids()
        root.session_directory("one").rmdir()
        assert root.session_ids() == ["two"]

"""What a session must come back from: refused writes, seeded folders, odd data, cut-off tasks."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import DiskFiles, SessionStore
from larst.store.disk.files import FileOps
from larst.store.session_writer import CHECKPOINT_BYTES
from tests.store.disks import MemoryDisk

HOME = Path("/data/session")
JOURNAL = HOME / ".journal"


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


async def _open(disk: FileOps, directory: Path = HOME) -> SessionStore:
    store = SessionStore(directory, files=disk, now=_now)
    await store.load()
    return store


def _insert(store: SessionStore, resource: str, *records: dict[str, Any]) -> None:
    transaction = store.begin()
    for record in records:
        transaction.resource(resource).insert(record)
    store.commit(transaction)


def _ids(store: SessionStore, resource: str = "users") -> list[Any]:
    return [record["id"] for record in store.begin().resource(resource).list()[0]]


class UnsureDisk(MemoryDisk):
    """Writes everything, and then says that it could not."""

    is_failing = False

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        super().write_at(path, offset, data)
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class StuckDisk(UnsureDisk):
    """Cannot even take back what it wrote."""

    def truncate(self, path: Path, size: int) -> None:
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().truncate(path, size)


class ReadOnlyDisk(MemoryDisk):
    """FieldAccess, and refuses all else."""

    def _count(self, half_done: object = None) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def sync(self, path: Path) -> None:
        """Do nothing: there is nothing to sync on a read-only disk."""


class SlowDisk(MemoryDisk):
    """Writes when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_writing = threading.Event()
        self.may_write = threading.Event()

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        self.is_writing.set()
        assert self.may_write.wait(10)
        super().write_at(path, offset, data)


class TestRefusedWrites:
    async def test_a_refused_change_does_not_come_back_after_a_restart(self) -> None:
        """Its client was told 507: nothing was changed. The bytes may be there all the same."""
        disk = UnsureDisk()
        store = await _open(disk)
        _insert(store, "users", {})
        await store.flush()
        disk.is_failing = True
        _insert(store, "users", {})
        with pytest.raises(DiskRefusedError):
            await store.flush()
        await store.reload()

        assert _ids(store) == _ids(await _open(MemoryDisk(disk.content))) == [1]

    async def test_a_refused_change_that_cannot_be_taken_back_is_not_seen(self) -> None:
        """It is cut off as soon as the disk lets it, and before anything is written behind it."""
        disk = StuckDisk()
        store = await _open(disk)
        _insert(store, "users", {})
        await store.flush()
        disk.is_failing = True
        _insert(store, "users", {"name": "refused"})
        with pytest.raises(DiskRefusedError):
            await store.flush()
        await store.reload()
        seen = _ids(store)
        disk.is_failing = False
        _insert(store, "users", {})
        await store.flush()

        assert seen == [1]
        assert _ids(await _open(MemoryDisk(disk.content))) == [1, 2]
        assert b"refused" not in disk.content[JOURNAL]

    async def test_nothing_is_written_between_a_refusal_and_the_reload(self) -> None:
        """What is in memory then stands on something that is not durable."""
        disk = UnsureDisk()
        store = await _open(disk)
        disk.is_failing = True
        _insert(store, "users", {})
        with pytest.raises(DiskRefusedError):
            await store.flush()
        disk.is_failing = False
        _insert(store, "users", {})

        with pytest.raises(DiskRefusedError):
            await store.flush()
        with pytest.raises(DiskRefusedError):
            await store.checkpoint()
        await store.reload()
        assert _ids(store) == []

    async def test_reads_go_on_when_the_disk_became_read_only(self) -> None:
        disk = MemoryDisk()
        store = await _open(disk)
        _insert(store, "users", {})
        await store.flush()
        read_only = ReadOnlyDisk({**disk.content, HOME / "users.json.tmp": b"["})

        again = await _open(read_only)
        _insert(again, "users", {})
        with pytest.raises(DiskRefusedError, match="Read-only"):
            await again.flush()
        await again.reload()

        assert _ids(again) == [1]

    async def test_a_fold_that_fails_is_not_tried_again_at_each_flush(self) -> None:
        """A full disk would make every write as slow as a whole checkpoint."""
        disk = MemoryDisk()
        store = await _open(disk)
        _insert(store, "users", {"text": "x" * CHECKPOINT_BYTES})
        await store.flush()
        disk.refuses_at = disk.calls + 3  # an append, the `next` line, and then the first file
        _insert(store, "users", {})
        await store.flush()
        calls = disk.calls
        _insert(store, "users", {})
        await store.flush()

        assert disk.calls == calls + 1
        assert _ids(await _open(MemoryDisk(disk.content))) == [1, 2, 3]

    async def test_a_task_that_is_cut_off_leaves_the_disk_only_when_it_is_done(self) -> None:
        """Else the next incarnation reads a file that the old one still writes."""
        disk = SlowDisk()
        store = await _open(disk)
        _insert(store, "users", {})
        flush = asyncio.create_task(store.flush())
        await asyncio.to_thread(disk.is_writing.wait, 10)

        flush.cancel()
        second = asyncio.create_task(store.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not flush.done()
        assert not second.done()
        disk.may_write.set()

        with pytest.raises(asyncio.CancelledError):
            await flush
        await second
        assert _ids(await _open(MemoryDisk(disk.content))) == [1]


class TestJournal:
    async def test_a_flush_of_many_is_there_whole_or_not_at_all(self) -> None:
        """Pages reach the disk in any order: the first of a flush may be the one that is lost."""
        disk = MemoryDisk()
        store = await _open(disk)
        _insert(store, "users", {})
        await store.flush()
        end = len(disk.content[JOURNAL])
        for _ in range(5):
            _insert(store, "users", {"text": "x" * 2000})
        await store.flush()
        raw = disk.content[JOURNAL]

        torn = await _open(MemoryDisk({JOURNAL: raw[:end] + bytes(512) + raw[end + 512 :]}))

        assert _ids(torn) == [1]

    async def test_a_journal_that_lacks_a_frame_is_damaged(self) -> None:
        """Every frame that is left may be good."""
        disk = MemoryDisk()
        store = await _open(disk)
        ends = []
        for _ in range(3):
            _insert(store, "users", {})
            await store.flush()
            ends.append(len(disk.content[JOURNAL]))
        raw = disk.content[JOURNAL]

        with pytest.raises(SessionDamagedError, match="lacks"):
            await _open(MemoryDisk({JOURNAL: raw[: ends[0]] + raw[ends[1] :]}))

    async def test_folding_one_resource_keeps_the_others(self) -> None:
        disk = MemoryDisk()
        store = await _open(disk)
        for resource in ("users", "logs"):
            _insert(store, resource, {})
            await store.checkpoint()

        again = await _open(disk)

        assert (_ids(again, "users"), _ids(again, "logs")) == ([1], [1])


class TestSeededFolders:
    async def test_ids_that_were_not_given_do_not_meet_those_that_were(self) -> None:
        disk = MemoryDisk({HOME / "users.json": b'[{"n":1},{"id":1},{"id":"2"},{}]'})
        assert _ids(await _open(disk)) == [3, 1, "2", 4]

    async def test_what_was_found_out_at_first_is_still_known_after_a_restart(self) -> None:
        """The journal of another resource's change must not hide that these lack their files."""
        disk = MemoryDisk({HOME / "users.json": b'[{"id":1},{"id":2},{"id":3}]'})
        store = await _open(disk)
        _insert(store, "logs", {})
        await store.flush()

        again = await _open(MemoryDisk(disk.content))
        transaction = again.begin()
        transaction.resource("users").delete(3)
        again.commit(transaction)
        _insert(again, "users", {})

        assert again.fields("users") == {"id"}
        assert _ids(again) == [1, 2, 4]
        await again.close()
        assert _ids(await _open(MemoryDisk(disk.content))) == [1, 2, 3]

    async def test_looking_at_a_seeded_folder_writes_nothing(self) -> None:
        disk = MemoryDisk({HOME / "users.json": b"[]"})
        store = await _open(disk)
        await store.close()

        assert (disk.calls, list(disk.content)) == (0, [HOME / "users.json"])

    async def test_a_file_that_is_no_resource_s_is_left_alone(self) -> None:
        disk = MemoryDisk({HOME / "package.lock.json": b"{", HOME / "notes.txt": b""})
        assert (await _open(disk)).names() == []
        assert disk.calls == 0

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "object"},
            {"type": "string"},
            {"type": "object", "properties": {"a": {"type": "array"}}, "required": 1},
            {"type": "object", "properties": {"a": {"type": "?"}}, "required": []},
            {"type": "object", "properties": {"a": {"format": "ipv4"}}, "required": []},
            [],
        ],
    )
    async def test_a_schema_that_learning_cannot_go_on_from_is_damaged(self, schema: Any) -> None:
        """Else each write would fail on it, for ever."""
        content = orjson.dumps({"fields": [], "example": {}, "json_schema": schema})
        disk = MemoryDisk({HOME / ".schemas" / "users.json": content})

        with pytest.raises(SessionDamagedError, match=r"users\.json"):
            await _open(disk)

    async def test_a_pipe_in_the_folder_does_not_hang_the_session(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "users.json")
        with pytest.raises(DiskRefusedError, match="ordinary"):
            await _open(DiskFiles(), tmp_path)

    async def test_damage_on_a_read_only_disk_is_still_called_damage(self) -> None:
        disk = ReadOnlyDisk({HOME / "users.json": b"[{]"})
        with pytest.raises(SessionDamagedError, match="could not be set aside"):
            await _open(disk)


class TestOddData:
    @pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
    async def test_the_deepest_record_survives_journal_and_files(self, wrap: Any) -> None:
        """Its schema nests twice as deep as it does, and would be too deep for the writer."""
        value: Any = 1
        for _ in range(199):
            value = wrap(value)
        disk = MemoryDisk()
        store = await _open(disk)
        _insert(store, "users", {"deep": value})
        await store.flush()
        from_journal = await _open(MemoryDisk(disk.content))
        await store.checkpoint()
        from_files = await _open(MemoryDisk(disk.content))

        for loaded in (from_journal, from_files):
            record = loaded.begin().resource("users").get(1)
            assert record is not None
            assert record["deep"] == value

    async def test_odd_data_does_not_make_the_schema_grow_without_end(self) -> None:
        """Each transaction that widens it writes all of it to the journal."""
        store = await _open(MemoryDisk())
        sizes = []
        for number in range(400):
            field = {f"k{number}": {f"k{number}_{n}": {f"z{n}": [{"y": n}]} for n in range(30)}}
            _insert(store, "users", {"m": field})
            sizes.append(len(orjson.dumps(store.schema("users"))))

        assert max(sizes) < 300_000
        assert sizes[-1] == sizes[200]

    async def test_a_record_deleted_and_put_back_goes_to_the_end(self) -> None:
        """In one transaction as in two, and after a restart."""
        disk = MemoryDisk()
        store = await _open(disk)
        _insert(store, "users", {}, {})
        transaction = store.begin()
        users = transaction.resource("users")
        users.delete(1)
        users.insert({"id": 1})
        within = [record["id"] for record in users.list()[0]]
        store.commit(transaction)
        await store.flush()

        assert within == _ids(store) == _ids(await _open(MemoryDisk(disk.content))) == [2, 1]

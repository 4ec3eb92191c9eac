"""Sessions recover from refused writes, odd data and cancelled tasks."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store.checkpoint_choice import CHECKPOINT_BYTES
from tests.store.disks import MemoryDisk, ReadOnlyDisk
from tests.store.stores import HOME, JOURNAL, ids_of, insert, open_store


class UnsureDisk(MemoryDisk):
    """Writes everything, and then reports an error."""

    is_failing = False

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        super().write_at(path, offset, data)
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class StuckDisk(UnsureDisk):
    """Cannot truncate what it wrote, either."""

    def truncate(self, path: Path, size: int) -> None:
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().truncate(path, size)


class SlowDisk(MemoryDisk):
    """Writes once `may_write` is set."""

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
        """Its client got 507, nothing was changed. But the bytes may be in the journal."""
        disk = UnsureDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        disk.is_failing = True
        await insert(store, "users", {})
        with pytest.raises(DiskRefusedError):
            await store.durability.flush()
        await store.reload()

        assert ids_of(store) == ids_of(await open_store(MemoryDisk(disk.content))) == [1]

    async def test_a_refused_change_that_cannot_be_truncated_stays_invisible(self) -> None:
        """It is truncated as soon as the disk works, before the next write."""
        disk = StuckDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        disk.is_failing = True
        await insert(store, "users", {"name": "refused"})
        with pytest.raises(DiskRefusedError):
            await store.durability.flush()
        await store.reload()
        ids = ids_of(store)
        disk.is_failing = False
        await insert(store, "users", {})
        await store.durability.flush()

        assert ids == [1]
        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1, 2]
        assert b"refused" not in disk.content[JOURNAL]

    async def test_nothing_is_written_between_a_refusal_and_the_reload(self) -> None:
        """Until then, memory contains changes that are not durable."""
        disk = UnsureDisk()
        store = await open_store(disk)
        disk.is_failing = True
        await insert(store, "users", {})
        with pytest.raises(DiskRefusedError):
            await store.durability.flush()
        disk.is_failing = False
        await insert(store, "users", {})

        with pytest.raises(DiskRefusedError):
            await store.durability.flush()
        with pytest.raises(DiskRefusedError):
            await store.durability.checkpoint()
        await store.reload()
        assert ids_of(store) == []

    async def test_reads_go_on_when_the_disk_became_read_only(self) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        read_only = ReadOnlyDisk({**disk.content, HOME / "users.json.tmp": b"["})

        again = await open_store(read_only)
        await insert(again, "users", {})
        with pytest.raises(DiskRefusedError, match="Read-only"):
            await again.durability.flush()
        await again.reload()

        assert ids_of(again) == [1]

    async def test_a_failed_checkpoint_is_not_repeated_at_each_flush(self) -> None:
        """On a full disk, every write would take as long as a checkpoint."""
        disk = MemoryDisk()
        store = await open_store(disk)
        disk.refuses_at = 8  # five calls begin the journal, then an append, `.schemas` and a file
        await insert(store, "users", {"text": "x" * CHECKPOINT_BYTES})
        await store.durability.flush()
        await store.checkpoints.finished()
        calls = disk.calls
        await insert(store, "users", {"text": ""})  # it fits the schema
        await store.durability.flush()
        await store.checkpoints.finished()

        assert disk.calls == calls + 1
        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1, 2]

    async def test_a_cancelled_task_ends_after_its_write(self) -> None:
        """Otherwise the next incarnation would read a file that is still being written."""
        disk = SlowDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        flush = asyncio.create_task(store.durability.flush())
        await asyncio.to_thread(disk.is_writing.wait, 10)

        flush.cancel()
        second = asyncio.create_task(store.durability.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not flush.done()
        assert not second.done()
        disk.may_write.set()

        with pytest.raises(asyncio.CancelledError):
            await flush
        await second
        assert ids_of(await open_store(MemoryDisk(disk.content))) == [1]


class TestJournal:
    async def test_a_flush_of_many_transactions_is_atomic(self) -> None:
        """Pages reach the disk in any order, so the first page of a flush may be the lost one."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {})
        await store.durability.flush()
        end = len(disk.content[JOURNAL])
        for _ in range(5):
            await insert(store, "users", {"text": "x" * 2000})
        await store.durability.flush()
        raw = disk.content[JOURNAL]

        torn = await open_store(MemoryDisk({JOURNAL: raw[:end] + bytes(512) + raw[end + 512 :]}))

        assert ids_of(torn) == [1]

    async def test_a_journal_without_one_of_its_frames_is_damaged(self) -> None:
        """All other frames may be good."""
        disk = MemoryDisk()
        store = await open_store(disk)
        ends = []
        for _ in range(3):
            await insert(store, "users", {})
            await store.durability.flush()
            ends.append(len(disk.content[JOURNAL]))
        raw = disk.content[JOURNAL]

        with pytest.raises(SessionDamagedError, match="lacks"):
            await open_store(MemoryDisk({JOURNAL: raw[: ends[0]] + raw[ends[1] :]}))

    async def test_a_checkpoint_of_one_resource_keeps_the_others(self) -> None:
        disk = MemoryDisk()
        store = await open_store(disk)
        for resource in ("users", "logs"):
            await insert(store, resource, {})
            await store.durability.checkpoint()

        again = await open_store(disk)

        assert (ids_of(again, "users"), ids_of(again, "logs")) == ([1], [1])


class TestOddData:
    @pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
    async def test_the_deepest_record_is_restored_from_journal_and_files(self, wrap: Any) -> None:
        """A complete schema would nest twice as deep, too deep for the JSON writer."""
        value: Any = 1
        for _ in range(199):
            value = wrap(value)
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {"deep": value})
        await store.durability.flush()
        from_journal = await open_store(MemoryDisk(disk.content))
        await store.durability.checkpoint()
        from_files = await open_store(MemoryDisk(disk.content))

        for loaded in (from_journal, from_files):
            record = loaded.commits.begin().resource("users").get(1)
            assert record is not None
            assert record["deep"] == value

    async def test_odd_data_does_not_grow_the_schema_without_limit(self) -> None:
        """Every transaction that widens the schema writes all of it to the journal."""
        store = await open_store(MemoryDisk())
        sizes = []
        for number in range(400):
            field = {f"k{number}": {f"k{number}_{n}": {f"z{n}": [{"y": n}]} for n in range(30)}}
            await insert(store, "users", {"m": field})
            sizes.append(len(orjson.dumps(store.data.schema("users"))))

        assert max(sizes) < 300_000
        assert sizes[-1] == sizes[200]

    async def test_a_record_deleted_and_inserted_again_is_the_last(self) -> None:
        """In one transaction as in two, and after a restart."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {}, {})
        transaction = store.commits.begin()
        users = transaction.resource("users")
        users.delete(1)
        users.insert({"id": 1})
        ids_within = [record["id"] for record in users.list()[0]]
        store.commits.commit(transaction)
        await store.durability.flush()

        assert (
            ids_within
            == ids_of(store)
            == ids_of(await open_store(MemoryDisk(disk.content)))
            == [2, 1]
        )

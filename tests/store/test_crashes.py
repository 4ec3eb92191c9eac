"""A process that dies, damage, a disk that refuses: acknowledged changes stay."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from larst.errors import DiskRefusedError, SessionDamagedError
from tests.store.disks import MemoryDisk
from tests.store.stores import JOURNAL, insert, open_store, records_of


async def _three_flushes() -> tuple[bytes, list[list[dict[str, Any]]]]:
    """Return a journal of three frames, and the records before, between and after them."""
    disk = MemoryDisk()
    store = await open_store(disk)
    states: list[list[dict[str, Any]]] = [[]]
    for number in range(3):
        await insert(store, "users", {"n": number})
        await store.durability.flush()
        states.append(records_of(store))
    return disk.content[JOURNAL], states


class TestCrashes:
    async def _history(self, disk: MemoryDisk) -> list[list[int]]:
        """Write, delete, flush and checkpoint; return the ids acknowledged by each flush."""
        store = await open_store(disk)
        acknowledged: list[list[int]] = []
        for step in range(6):
            await insert(store, "users", {"n": step}, {"n": step})
            transaction = store.commits.begin()
            transaction.resource("users").delete(2 * step)
            transaction.resource("logs").insert({"step": step})
            store.commits.commit(transaction)
            await store.durability.flush()
            acknowledged.append([user["id"] for user in records_of(store)])
            if step in (1, 3):
                await store.durability.checkpoint()
        return acknowledged

    async def test_a_crash_between_any_two_disk_calls_leaves_an_acknowledged_state(self) -> None:
        """Either the last acknowledged state, or the state that was being flushed."""
        disk = MemoryDisk()
        acknowledged = [[], *await self._history(disk)]

        states = [
            [user["id"] for user in records_of(await open_store(MemoryDisk(content)))]
            for content in [*disk.history, disk.content]
        ]

        assert len(states) > 40
        assert [ids for ids in states if ids not in acknowledged] == []
        positions = [acknowledged.index(ids) for ids in states]
        assert positions == sorted(positions), "an acknowledged state was lost again"

    async def test_a_truncated_journal_holds_an_earlier_state(self) -> None:
        """A torn tail is an unfinished write: it is cut off, and the frames before it count."""
        whole, states = await _three_flushes()
        header_end = whole.index(b"}\n") + 2  # a checksum may hold a newline of its own

        for end in range(header_end, len(whole) + 1):
            torn = MemoryDisk({JOURNAL: whole[:end]})
            loaded = await open_store(torn)
            assert records_of(loaded) in states
            await insert(loaded, "users", {"after": True})
            await loaded.durability.flush()
            assert records_of(await open_store(MemoryDisk(torn.content))) == records_of(loaded)

    async def test_a_flipped_byte_never_yields_a_wrong_record(self) -> None:
        """It is reported as damage or, in the last frame, taken for an unfinished write."""
        whole, states = await _three_flushes()
        last_frame = whole.rindex(b'{"salt"') - 8

        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 0x41
            try:
                loaded = await open_store(MemoryDisk({JOURNAL: bytes(flipped)}))
            except SessionDamagedError:
                continue
            assert records_of(loaded) in states
            assert place >= last_frame, "an acknowledged transaction was dropped without an error"

    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
    async def test_a_failed_disk_call_loses_no_acknowledged_transaction(self, error: int) -> None:
        """Whichever call fails, the session continues with its acknowledged state."""
        counted = MemoryDisk()
        await self._history(counted)

        for call in range(1, counted.calls + 1):
            disk = MemoryDisk()
            disk.refuses_at, disk.error = call, error
            store = await open_store(disk)
            acknowledged: list[dict[str, Any]] = []
            for step in range(6):
                await insert(store, "users", {"n": step}, {"n": step})
                try:
                    await store.durability.flush()
                except DiskRefusedError:
                    await store.reload()
                    assert records_of(store) == acknowledged
                acknowledged = records_of(store)
                if step in (1, 3):
                    await store.durability.checkpoint()
            assert records_of(await open_store(MemoryDisk(disk.content))) == acknowledged, call

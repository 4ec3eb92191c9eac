"""Files are completed in proportion to what has changed."""

from __future__ import annotations

import orjson
import pytest

from larst.store import SessionStore
from larst.store.checkpoint_choice import (
    CHECKPOINT_BYTES,
    KEPT_JOURNAL_BYTES,
    SMALL_BYTES,
    is_large,
    quiet_choice,
)
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, ids_of, insert, open_store

LARGE = {"text": "x" * 2 * SMALL_BYTES}


class TestQuietChoice:
    def test_small_files_are_completed_whatever_has_changed(self) -> None:
        """Users read and edit them."""
        assert quiet_choice({"a", "b"}, {"a": 1000, "b": SMALL_BYTES - 1000}, 1) == {"a", "b"}

    def test_one_small_change_does_not_rewrite_a_large_file(self) -> None:
        assert quiet_choice({"large"}, {"large": 4_000_000}, 1_000_000) == set()
        assert quiet_choice({"large"}, {"large": 4_000_000}, 1_000_001) == {"large"}

    def test_small_files_beside_a_large_one_are_completed(self) -> None:
        assert quiet_choice({"large", "small"}, {"large": 4_000_000, "small": 9}, 10) == {"small"}

    def test_many_small_files_are_completed_up_to_a_limit(self) -> None:
        """A change of all of 1,000 files is a large change."""
        sizes = {f"r{number}": 1024 for number in range(1000)}

        assert len(quiet_choice(sizes.keys(), sizes, 9)) == SMALL_BYTES // 1024

    def test_a_resource_without_files_is_completed_by_its_share_of_the_journal(self) -> None:
        """All of it is in the journal, so writing it doubles the bytes written so far."""
        assert quiet_choice({"new"}, {}, 50_000_000) == {"new"}


def test_a_busy_session_checkpoints_a_journal_that_is_larger_than_its_files() -> None:
    assert not is_large(CHECKPOINT_BYTES, {"a"}, {})
    assert is_large(CHECKPOINT_BYTES + 1, {"a"}, {"a": CHECKPOINT_BYTES, "clean": 10**9})
    assert not is_large(CHECKPOINT_BYTES + 1, {"a"}, {"a": CHECKPOINT_BYTES + 1})


async def _quiet(store: SessionStore) -> None:
    await store.durability.flush()
    store.checkpoints.start_quiet()
    await store.checkpoints.finished()


class TestQuietSessions:
    async def _store_with_a_large_file(self, disk: MemoryDisk) -> SessionStore:
        store = await open_store(disk)
        await insert(store, "large", LARGE)
        await store.durability.checkpoint()
        return store

    async def test_a_large_file_waits_for_a_share_of_changes(self) -> None:
        """Each quiet second rewrote all of it for one small write."""
        disk = MemoryDisk()
        store = await self._store_with_a_large_file(disk)
        before = disk.content[HOME / "large.json"]

        await insert(store, "large", {"text": "y"})
        await _quiet(store)
        assert disk.content[HOME / "large.json"] is before
        await insert(store, "large", {"text": "z" * SMALL_BYTES})
        await _quiet(store)

        assert len(orjson.loads(disk.content[HOME / "large.json"])) == 3
        assert len(disk.content[HOME / ".journal"]) < 1000

    async def test_a_small_file_is_complete_beside_a_large_one_that_is_not(self) -> None:
        """The journal stays: after a kill, it completes the large one, and no other again."""
        disk = MemoryDisk()
        store = await self._store_with_a_large_file(disk)

        await insert(store, "large", {"text": "y"})
        await insert(store, "small", {"n": 1})
        await _quiet(store)
        await insert(store, "small", {"n": 2})
        await store.durability.flush()
        killed = await open_store(MemoryDisk(disk.content))

        assert orjson.loads(disk.content[HOME / "small.json"]) == [{"id": 1, "n": 1}]
        assert ids_of(killed, "large") == ids_of(killed, "small") == [1, 2]

    async def test_a_small_journal_stays_in_use(self) -> None:
        """To begin another took most of the time of a quiet second; a sleep ends it."""
        disk = MemoryDisk()
        store = await open_store(disk)
        for number in range(3):
            await insert(store, "users", {"n": number})
            await _quiet(store)
            assert len(orjson.loads(disk.content[HOME / "users.json"])) == number + 1
            assert ids_of(await open_store(MemoryDisk(disk.content))) == list(range(1, number + 2))
        assert disk.content[HOME / ".journal"].count(b'"tx"') == 3

        await store.close()

        assert b'"tx"' not in disk.content[HOME / ".journal"]
        assert ids_of(await open_store(disk)) == [1, 2, 3]

    async def test_quiet_seconds_do_not_let_the_journal_grow(self) -> None:
        """It is replayed at the next start."""
        disk = MemoryDisk()
        store = await open_store(disk)
        for _ in range(4):
            await insert(store, "users", {"text": "x" * 3000})
            await _quiet(store)

        assert len(disk.content[HOME / ".journal"]) < KEPT_JOURNAL_BYTES

    async def test_all_files_are_complete_after_a_stop(self) -> None:
        disk = MemoryDisk()
        store = await self._store_with_a_large_file(disk)
        await insert(store, "large", {"text": "y"})
        await insert(store, "small", {"n": 1})
        await _quiet(store)

        await store.close()

        assert len(orjson.loads(disk.content[HOME / "large.json"])) == 2
        assert ids_of(await open_store(disk), "large") == [1, 2]

    async def test_files_that_stay_the_same_are_not_written_again(self) -> None:
        """A change of one record rarely changes the schema, and each file costs a sync."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1}, {"n": 2})
        await store.durability.checkpoint()
        schema = disk.content[HOME / ".schemas" / "users.json"]

        transaction = store.commits.begin()
        transaction.resource("users").update(1, {"n": 3})
        store.commits.commit(transaction)
        await store.durability.checkpoint()

        assert disk.content[HOME / ".schemas" / "users.json"] is schema
        assert ids_of(await open_store(disk)) == [1, 2]

    @pytest.mark.parametrize("edited", [None, b"null\n"])
    async def test_a_file_that_was_edited_or_removed_is_written_again(
        self, edited: bytes | None
    ) -> None:
        """Otherwise the session could not be loaded, although its files were just completed."""
        disk = MemoryDisk()
        store = await open_store(disk)
        await insert(store, "users", {"n": 1})
        await store.durability.checkpoint()
        schema = HOME / ".schemas" / "users.json"
        before = disk.content.pop(schema)
        if edited is not None:
            disk.content[schema] = edited

        await insert(store, "users", {"n": 2})
        await store.edits.take_in_of_dirty()
        await store.durability.checkpoint()

        assert disk.content[schema] == before
        assert ids_of(await open_store(disk)) == [1, 2]

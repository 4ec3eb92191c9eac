"""Resets and snapshots on disks that fail or lose power: all of it or nothing, settings too."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from larst.errors import DiskRefusedError
from larst.store import SessionStore, StoredSettings
from larst.store.collection import Collection
from larst.store.transfer.replacing import Replacement, prepare_replacements
from tests.store.disks import MemoryDisk
from tests.store.power_disk import PowerDisk
from tests.store.stores import HOME, insert, now, open_store, records_of

OLD, NEW = StoredSettings(dialect="drf"), StoredSettings(dialect="odata")


def a_snapshot() -> dict[str, Replacement]:
    collection = Collection(next_id=8)
    collection.records = {"7": {"id": 7, "from": "snapshot"}}
    collection.derive_metadata(now())
    return prepare_replacements({"users": collection})


async def filled(disk: MemoryDisk | PowerDisk, *, is_folded: bool) -> SessionStore:
    store = await open_store(disk)
    await insert(store, "users", {"n": 1}, {"n": 2})
    await insert(store, "notes", {"n": 1})
    await store.durability.flush()
    await store.settings.put(OLD)
    if is_folded:
        await store.durability.checkpoint()
    return store


def state(store: SessionStore) -> tuple[Any, ...]:
    settings = replace(store.settings.current, restored=None)
    return (store.data.names(), [records_of(store, name) for name in store.data.names()], settings)


async def restore(store: SessionStore) -> None:
    store.replacements.reset_to(a_snapshot(), NEW)
    await store.durability.flush()


async def empty(store: SessionStore) -> None:
    store.replacements.reset_to({})
    await store.durability.flush()


async def empty_and_write(store: SessionStore) -> None:
    await empty(store)
    await insert(store, "users", {"n": 3})
    await store.durability.flush()


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize("work", [restore, empty])
async def test_a_kill_at_any_call_leaves_the_state_before_or_after(
    work: Callable[[SessionStore], Coroutine[Any, Any, None]], *, is_folded: bool
) -> None:
    """Also during the checkpoint that follows, which removes files."""
    disk = MemoryDisk()
    store = await filled(disk, is_folded=is_folded)
    before = state(store)
    disk.history.clear()

    await work(store)
    durable_at, after = len(disk.history), state(store)
    await store.durability.checkpoint()

    disk.history.append(dict(disk.content))
    for index, content in enumerate(disk.history):
        copy = MemoryDisk(content)
        reopened = await open_store(copy)
        allowed = [after] if index >= durable_at else [before, after]
        assert state(reopened) in allowed, index
        found = state(reopened)
        await reopened.durability.flush()
        await reopened.durability.checkpoint()
        assert state(await open_store(MemoryDisk(copy.content))) == found, index
    assert after != before


@pytest.mark.parametrize("work", [restore, empty, empty_and_write])
async def test_a_disk_that_refuses_any_call_leaves_the_state_before_or_after(
    work: Callable[[SessionStore], Coroutine[Any, Any, None]],
) -> None:
    refuses_at = 0
    while True:
        refuses_at += 1
        disk = MemoryDisk()
        store = await filled(disk, is_folded=True)
        refused_call = disk.refuses_at = disk.calls + refuses_at
        try:
            await work(store)
        except DiskRefusedError:  # the session's actor reloads
            await store.reload()
        expected = state(store)
        await store.durability.checkpoint()
        assert state(await open_store(MemoryDisk(disk.content))) == expected, refuses_at
        is_done = disk.calls < refused_call
        disk.refuses_at = None
        await store.durability.flush()
        assert state(store) == expected
        assert state(await open_store(MemoryDisk(disk.content))) == expected, refuses_at
        await store.close()
        assert state(await open_store(MemoryDisk(disk.content))) == expected, refuses_at
        if is_done:
            return


async def test_a_dropped_resource_leaves_no_file_and_begins_again() -> None:
    disk = MemoryDisk()
    store = await filled(disk, is_folded=True)

    await empty_and_write(store)
    await store.durability.checkpoint()

    names = {str(path.relative_to(HOME)) for path in disk.content}
    assert {name for name in names if "notes" in name} == set()
    assert records_of(await open_store(disk)) == [{"id": 1, "n": 3}]


async def test_settings_that_follow_a_snapshot_stay() -> None:
    """A restart must not bring those of the snapshot back while the journal still has them."""
    disk = MemoryDisk()
    store = await filled(disk, is_folded=False)
    await restore(store)

    await store.settings.put(replace(store.settings.current, dialect="postgrest"))

    assert (await open_store(disk)).settings.current.dialect == "postgrest"

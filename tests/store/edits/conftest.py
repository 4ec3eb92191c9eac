"""A session whose documented files are complete, so that they can be edited."""

from __future__ import annotations

import pytest

from larst.store import SessionStore
from tests.store.disks import MemoryDisk
from tests.store.stores import insert, open_store


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of these tests are complete."""
    monkeypatch.setattr("larst.store.edits.foreign_files.SETTLE_S", 0)


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
async def store(disk: MemoryDisk) -> SessionStore:
    """A store with two users, whose files are complete."""
    store = await open_store(disk)
    await insert(store, "users", {"name": "Ann"}, {"name": "Bob"})
    await store.durability.checkpoint()
    return store

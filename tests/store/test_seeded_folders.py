"""Folders that people or other programs filled: valid files are taken over, others set aside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from larst.errors import SessionDamagedError
from larst.store import DiskFiles
from tests.store.disks import MemoryDisk, ReadOnlyDisk
from tests.store.stores import HOME, ids_of, insert, open_store


async def test_generated_ids_differ_from_the_ids_in_the_file() -> None:
    disk = MemoryDisk({HOME / "users.json": b'[{"n":1},{"id":1},{"id":"2"},{}]'})
    assert ids_of(await open_store(disk)) == [3, 1, "2", 4]


async def test_derived_metadata_is_derived_again_after_a_restart() -> None:
    """A journal with a change of another resource must not hide that files are missing."""
    disk = MemoryDisk({HOME / "users.json": b'[{"id":1},{"id":2},{"id":3}]'})
    store = await open_store(disk)
    await insert(store, "logs", {})
    await store.durability.flush()

    again = await open_store(MemoryDisk(disk.content))
    transaction = again.commits.begin()
    transaction.resource("users").delete(3)
    again.commits.commit(transaction)
    await insert(again, "users", {})

    assert again.data.fields("users") == {"id"}
    assert ids_of(again) == [1, 2, 4]
    await again.close()
    assert ids_of(await open_store(MemoryDisk(disk.content))) == [1, 2, 3]


async def test_reading_a_seeded_folder_writes_nothing() -> None:
    disk = MemoryDisk({HOME / "users.json": b"[]"})
    store = await open_store(disk)
    await store.close()

    assert (disk.calls, list(disk.content)) == (0, [HOME / "users.json"])


async def test_a_file_that_does_not_belong_to_a_resource_is_ignored() -> None:
    disk = MemoryDisk({HOME / "package.lock.json": b"{", HOME / "notes.txt": b""})
    assert (await open_store(disk)).data.names() == []
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
async def test_a_schema_that_cannot_be_widened_is_damaged(schema: Any) -> None:
    """Otherwise every write would fail on it."""
    content = orjson.dumps({"fields": [], "example": {}, "json_schema": schema})
    disk = MemoryDisk({HOME / ".schemas" / "users.json": content})

    with pytest.raises(SessionDamagedError, match=r"users\.json"):
        await open_store(disk)


async def test_a_pipe_in_the_folder_does_not_block_the_session(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "users.json")
    with pytest.raises(SessionDamagedError, match="ordinary"):
        await open_store(DiskFiles(), tmp_path)


async def test_damage_on_a_read_only_disk_is_reported_as_damage() -> None:
    disk = ReadOnlyDisk({HOME / "users.json": b"[{]"})
    with pytest.raises(SessionDamagedError, match="could not be set aside"):
        await open_store(disk)

"""Helpers that edit the documented files of a session, and look at what became of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from larst.store import SessionStore
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, open_store

USERS = HOME / "users.json"
SCHEMA = HOME / ".schemas" / "users.json"
META = HOME / ".schemas" / "users.meta.json"
ASIDE = HOME / "users.json.edited-1"

ANN, BOB = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}


def edit(disk: MemoryDisk, *records: dict[str, Any], path: Path = USERS) -> bytes:
    """Write records as an editor does, with an indentation."""
    disk.content[path] = json.dumps(records, indent=4).encode()
    return disk.content[path]


def on_disk(disk: MemoryDisk, path: Path = USERS) -> Any:
    return orjson.loads(disk.content[path])


async def patch(store: SessionStore, id: int, **fields: Any) -> None:
    transaction = store.commits.begin()
    transaction.resource("users").update(id, fields)
    store.commits.commit(transaction)
    await store.durability.flush()


def asides(disk: MemoryDisk) -> list[str]:
    return sorted(path.name for path in disk.content if ".edited-" in path.name)


async def killed_and_restarted(disk: MemoryDisk) -> SessionStore:
    return await open_store(MemoryDisk(disk.content))

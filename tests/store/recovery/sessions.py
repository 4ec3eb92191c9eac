"""Helpers that damage, repair and read sessions on the real disk."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from larst.store import DiskFiles, SessionStore
from larst.store.recovery.repair import Repair, repair


def now() -> datetime:
    return datetime(2026, 11, 24, tzinfo=UTC)


def repair_session(directory: Path) -> Repair:
    numbers = itertools.count(1)
    return repair(directory, DiskFiles(), now, lambda: next(numbers))


async def open_session(directory: Path) -> SessionStore:
    store = SessionStore(directory, files=DiskFiles(), now=now)
    await store.load()
    return store


async def commit(store: SessionStore, resource: str, *records: dict[str, Any]) -> None:
    """Write the records as one transaction, in a separate frame."""
    transaction = store.commits.begin()
    for record in records:
        transaction.resource(resource).insert(record)
    store.commits.commit(transaction)
    await store.durability.flush()


def damage_file(path: Path, text: bytes, replacement: bytes) -> bytes:
    before = path.read_bytes()
    assert before.count(text) == 1
    path.write_bytes(before.replace(text, replacement))
    return path.read_bytes()


def files_set_aside(directory: Path) -> list[Path]:
    return list(directory.glob("*.damaged-*"))


def files_of(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def record_ids(directory: Path, resource: str) -> list[Any]:
    store = await open_session(directory)
    return [record["id"] for record in store.commits.begin().resource(resource).list()[0]]

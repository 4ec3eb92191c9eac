"""Helpers that open, fill and read session stores."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from larst.store import SessionStore
from larst.store.disk.files import FileOps

HOME = Path("/data/session")
JOURNAL = HOME / ".journal"


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


async def open_store(disk: FileOps, directory: Path = HOME) -> SessionStore:
    store = SessionStore(directory, files=disk, now=now)
    await store.load()
    return store


async def insert(store: SessionStore, resource: str, *records: dict[str, Any]) -> None:
    def fill() -> None:
        transaction = store.commits.begin()
        for record in records:
            transaction.resource(resource).insert(record)
        store.commits.commit(transaction)

    await store.work.run(fill)  # in a thread, if that is too much for the event loop


def records_of(store: SessionStore, resource: str = "users") -> list[dict[str, Any]]:
    return list(store.commits.begin().resource(resource).list()[0])


def ids_of(store: SessionStore, resource: str = "users") -> list[Any]:
    return [record["id"] for record in records_of(store, resource)]

"""A session with records in its files and in its journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.recovery.sessions import commit, open_session


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A session with ten users in its files, and four more and three notes in the journal."""
    directory = tmp_path / "one"
    store = await open_session(directory)
    await commit(store, "users", *({"name": f"user {number}"} for number in range(1, 11)))
    await store.durability.checkpoint()
    for number in range(11, 15):
        await commit(store, "users", {"name": f"user {number}"})
    for number in range(1, 4):
        await commit(store, "notes", {"text": f"note {number}"})
    transaction = store.commits.begin()
    transaction.resource("users").delete(2)
    store.commits.commit(transaction)
    await store.durability.flush()
    return directory

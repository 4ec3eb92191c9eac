"""A service in which a session has something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from larst.config import load_settings
from larst.http.app import make_app
from tests.http.control.asking import ONE, Client


@pytest.fixture
async def client(aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path) -> Client:
    """A service in which session one has two members and a note."""
    variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_MAX_IMPORT_BYTES": 100_000}
    made = await aiohttp_client(make_app(load_settings(variables)))
    assert (await made.post("/members", json=[{"n": 1}, {"n": 2}], headers=ONE)).status == 201
    assert (await made.post("/notes", json={"text": "☃"}, headers=ONE)).status == 201
    return made

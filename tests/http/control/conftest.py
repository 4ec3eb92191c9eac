"""A service with a session that has data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from larst.config import load_settings
from larst.http.app import default_components, make_app
from tests.fake_clock import FakeClock
from tests.http.control.helpers import IDLE_S, ONE, Client
from tests.lazy_sandbox import LazySandbox


@pytest.fixture
async def client(aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path) -> Client:
    """Return a client of a service in which session `one` has two members and a note."""
    settings = load_settings(
        {
            "SANDBOX_DATA_ROOT": str(tmp_path / "data"),
            "LARS_MAX_IMPORT_BYTES": 100_000,
            "LARS_IDLE_S": IDLE_S,
        }
    )
    defaults = default_components(settings)
    sandbox = LazySandbox(defaults.sandbox)
    components = replace(defaults, sandbox=sandbox, clock=FakeClock())
    client = await aiohttp_client(make_app(settings, components))
    assert (await client.post("/members", json=[{"n": 1}, {"n": 2}], headers=ONE)).status == 201
    assert (await client.post("/notes", json={"text": "☃"}, headers=ONE)).status == 201
    return client

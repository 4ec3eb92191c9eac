"""A service in this process, with the real sandbox and store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from larst.config import load_settings
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning import Planner
from tests.http import tenants
from tests.http.helpers import Client, MakeClient
from tests.lazy_sandbox import LazySandbox


@pytest.fixture
async def make_client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
) -> MakeClient:
    """Return a function that starts a service, with a planner and with settings by variable."""

    async def make(planner: Planner | None = None, **variables: object) -> Client:
        settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data"), **variables})
        defaults = default_components(settings)
        components = Components(
            planner=planner or defaults.planner, sandbox=LazySandbox(defaults.sandbox)
        )
        return await aiohttp_client(make_app(settings, components))

    return make


start = tenants.start
"""A fixture: starts a service with tokens of several tenants."""

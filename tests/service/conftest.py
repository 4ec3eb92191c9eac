"""A service process that most tests share; each test has its own session in it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.service.api import Api, Service


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service that the tests share, one for each worker of pytest-xdist."""
    folder = tmp_path_factory.mktemp("service")
    with Service(folder / "data", folder / "log") as running:
        yield running


@pytest.fixture
def session_id(request: pytest.FixtureRequest) -> str:
    """A session that no other test uses."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]


@pytest.fixture
async def api(service: Service, session_id: str) -> AsyncIterator[Api]:
    """A client in a session that no other test uses."""
    async with aiohttp.ClientSession() as http:
        yield Api(http, service.url, session_id)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services that the test may kill and restart; takes settings by variable."""
    started: list[Service] = []

    def start(**settings: str) -> Service:
        running = Service(tmp_path / "data", tmp_path / "log", **settings)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()
        running.check_turns()


@pytest.fixture
def own_service(start_service: Callable[..., Service]) -> Service:
    """A service with default settings, which only this test uses."""
    return start_service()

"""Services that export to a real receiver: two that tests share, and those that one test starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.service.api import Api, Service
from tests.service.telemetry.helpers import FAULTY, StartService
from tests.wire.collector import Collector
from tests.wire.shared_collector import SharedCollector

_DELAY = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
"""Spans are exported 50 ms after the request."""


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        yield running


@pytest.fixture
def start_traced(start_service: StartService, collector: Collector) -> StartService:
    """Starts services that export to the collector of this test."""

    def start(**settings: str) -> Service:
        return start_service(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **_DELAY, **settings)

    return start


@pytest.fixture(scope="package")
def shared_collector() -> Iterator[SharedCollector]:
    """The receiver of the spans of `traced` and `ruled`, in which each test finds its own."""
    with SharedCollector() as running:
        yield running


@pytest.fixture(scope="package")
def faulty_service(
    shared_collector: SharedCollector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    yield from _shared(shared_collector, tmp_path_factory, **FAULTY, LARS_MAX_EXEC_MS="5000")


@pytest.fixture(scope="package")
def ruled_service(
    shared_collector: SharedCollector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    yield from _shared(shared_collector, tmp_path_factory)


def _shared(
    collector: SharedCollector, tmp_path_factory: pytest.TempPathFactory, **settings: str
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("traced")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **_DELAY, **settings}
    with Service(folder / "data", folder / "log", **variables) as running:
        yield running


@pytest.fixture
def traced(faulty_service: Service, http: aiohttp.ClientSession, session_id: str) -> Api:
    """A client of a service whose planner provokes errors, in a session of this test."""
    return Api(http, faulty_service.url, session_id)


@pytest.fixture
def ruled(ruled_service: Service, http: aiohttp.ClientSession, session_id: str) -> Api:
    """A client of a service that plans with the built-in rules, in a session of this test."""
    return Api(http, ruled_service.url, session_id)

"""Services that export to a real receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.service.api import Api, Service
from tests.service.telemetry.helpers import FAULTY, StartService
from tests.wire.collector import Collector


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        yield running


@pytest.fixture
def start_traced(start_service: StartService, collector: Collector) -> StartService:
    """Starts services that export to the collector 0.2 s after each request."""

    def start(**settings: str) -> Service:
        return start_service(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="200", **settings
        )

    return start


@pytest.fixture
async def traced(start_traced: StartService, http: aiohttp.ClientSession) -> Api:
    """A client of a service whose planner provokes errors."""
    service = start_traced(**FAULTY, LARS_MAX_EXEC_MS="5000")
    return Api(http, service.url, "one")


@pytest.fixture
async def ruled(start_traced: StartService, http: aiohttp.ClientSession) -> Api:
    """A client of a service that plans with the built-in rules."""
    return Api(http, start_traced().url, "one")

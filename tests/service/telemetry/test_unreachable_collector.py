"""A collector that does not answer delays neither a request nor the shutdown."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.service.api import Api
from tests.service.telemetry.helpers import StartService, log_of
from tests.wire.collector import Collector


async def test_a_collector_that_hangs_delays_no_request_and_no_shutdown(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    """Accepting connections without an answer is the worst case."""
    collector.hang()
    service = start_traced()
    api = Api(http, service.url, "one")

    replies = [await api.post("/orders", {"n": number}) for number in range(100)]
    await collector.until(lambda: collector.request_count)
    stopped = await asyncio.to_thread(service.stop)

    assert {reply.status for reply in replies} == {201}
    assert stopped == 0
    messages = [line["msg"] for line in log_of(service) if line["logger"] == "otel"]
    assert "could not be sent within 2 s" in messages[-1]


async def test_an_unreachable_collector_is_logged_once_a_minute(
    start_service: StartService, http: aiohttp.ClientSession
) -> None:
    service = start_service(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_BSP_SCHEDULE_DELAY="20",
        OTEL_EXPORTER_OTLP_TIMEOUT="0.1",
        OTEL_METRIC_EXPORT_INTERVAL="50",
    )
    api = Api(http, service.url, "one")

    for number in range(200):
        await api.post("/orders", {"n": number})

    assert service.stop() == 0
    warnings = [line for line in log_of(service) if line["level"] == "warning"]
    assert len([line for line in warnings if line["msg"].startswith("telemetry: ")]) == 1
    assert {line["logger"] for line in warnings} == {"otel"}

"""A collector that is away costs nobody anything."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.service.api import Api
from tests.service.telemetry.reading import StartService, log_of
from tests.wire.collector import Collector


async def test_it_stops_no_request_and_holds_up_no_end(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    """A collector that takes connections and never answers is the worst there is."""
    collector.hang()
    service = start_traced()
    api = Api(http, service.url, "one")

    replies = [await api.post("/orders", {"n": number}) for number in range(100)]
    await collector.until(lambda: collector.asked)
    stopped = await asyncio.to_thread(service.stop)

    assert {reply.status for reply in replies} == {201}
    assert stopped == 0
    said = [line["msg"] for line in log_of(service) if line["logger"] == "otel"]
    assert "could not be sent within 2 s" in said[-1]


async def test_it_is_warned_of_once_a_minute(
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
    said = [line for line in log_of(service) if line["level"] == "warning"]
    assert len([line for line in said if line["msg"].startswith("telemetry: ")]) == 1
    assert {line["logger"] for line in said} == {"otel"}

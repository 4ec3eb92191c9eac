"""Metrics and log lines say the same of a request, whichever way it took."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from larst.telemetry import Telemetry
from larst.telemetry.metrics import FSYNCS, Distribution, Labels
from larst.telemetry.spans import Span, SpanContext
from tests.http.lane.servers import request, start

RECORD = b'{"name":"Ann"}'

REQUESTS = [
    request("POST", "/members", RECORD),
    request("GET", "/members/1"),
    request("GET", "/members/77"),
    request("HEAD", "/members/1"),
    request("GET", "/members?limit=ten"),
    request("GET", "/members?name=Ann"),
    request("PATCH", "/members/1", b'{"age":1}'),
    request("PATCH", "/members/1", b"{}", headers={"If-Match": "*"}),
    request("POST", "/members", RECORD, headers={"Idempotency-Key": "a-key"}),
    request("GET", "/members?rolle=1"),
    request("OPTIONS", "/members"),
    request("DELETE", "/members/1"),
]


class UnsampledRecorder:
    """Samples no request."""

    def start(self, headers: Any, name: str) -> SpanContext:
        del headers, name
        return SpanContext(1, 2, is_sampled=False)

    def export(self, context: SpanContext, spans: Sequence[Span]) -> None:
        raise AssertionError("no request is sampled")


def counts(telemetry: Telemetry) -> dict[tuple[str, Labels], float]:
    """Return the value of each series; of a distribution, how many measurements it has."""
    return {
        (data.metric.name, labels): sum(value.counts) if isinstance(value, Distribution) else value
        for data in telemetry.collect()
        if data.metric.name != FSYNCS  # held replies share flushes as they happen to arrive
        for labels, value in data.points
    }


async def test_the_metrics_are_the_same(tmp_path: Path) -> None:
    """A request that the lane declines is counted once."""
    async with AsyncExitStack() as stack:
        on, off = Telemetry(), Telemetry()
        lane = await start(stack, tmp_path / "on", lane="on", telemetry=on)
        plain = await start(stack, tmp_path / "off", lane="off", telemetry=off)
        for _ in range(3):
            for raw in REQUESTS:
                await lane.exchange(raw)
                await plain.exchange(raw)
        assert lane.answered >= 14

        assert counts(on) == counts(off)


async def test_the_log_lines_are_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Except for times and ids."""
    caplog.set_level("INFO")
    shown = []
    async with AsyncExitStack() as stack:
        for way in ("on", "off"):
            server = await start(stack, tmp_path / way, lane=way)
            for raw in [*REQUESTS, *REQUESTS]:
                await server.exchange(raw)
            shown.append([described(record) for record in caplog.records])
            caplog.clear()

    assert shown[0] == shown[1]
    assert len(shown[0]) > 2 * len(REQUESTS)


def described(record: Any) -> tuple[str, str, list[tuple[str, Any]]]:
    fields = dict(getattr(record, "fields", {}))
    fields["stages_ms"] = list(fields.get("stages_ms", ()))
    changing = ("ms", "request_id", "trace_id")
    return (
        record.levelname,
        record.name,
        [(name, value) for name, value in fields.items() if name not in changing],
    )


async def test_requests_that_may_be_sampled_take_the_ordinary_way(tmp_path: Path) -> None:
    """The recorder decides once per request, and spans are opened in many rooms."""
    async with AsyncExitStack() as stack:
        telemetry = Telemetry(UnsampledRecorder())
        server = await start(stack, tmp_path, lane="on", telemetry=telemetry)
        for _ in range(3):
            await server.exchange(*REQUESTS)

        assert server.answered == 0

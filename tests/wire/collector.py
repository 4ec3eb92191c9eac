"""A test collector: receives OTLP over HTTP, and returns the data as plain values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

WAIT_S = 15.0
_KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span received over the wire; ids are hex digits, `parent_id` is empty for a root."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: str
    attributes: dict[str, Any]
    is_error: bool
    message: str
    events: list[tuple[str, dict[str, Any]]]
    links: list[tuple[str, str]]
    begin_ns: int
    end_ns: int
    resource: dict[str, Any] = field(repr=False)

    def events_of(self, name: str) -> list[dict[str, Any]]:
        """Return the attributes of the events of that name."""
        return [attributes for event, attributes in self.events if event == name]


class Collector:
    """Stores exported data. It refuses if `status` is not 200; after `hang()` it never answers."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self.metrics: dict[str, Any] = {}
        self.status = 200
        self.request_count = 0
        self.url = ""
        self._news = asyncio.Condition()
        self._free = asyncio.Event()
        self._free.set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Collector:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/traces", self._receive_traces)
        app.router.add_post("/v1/metrics", self._receive_metrics)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._free.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def hang(self) -> None:
        """Accept requests without answering them."""
        self._free.clear()

    async def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """Return the spans of a trace, oldest first, after its server span has arrived."""

        def is_whole() -> bool:
            return any(span.kind == "server" for span in self._of(trace_id))

        await self.until(is_whole)
        return sorted(self._of(trace_id), key=lambda span: (span.begin_ns, span.end_ns))

    async def until(self, condition: Callable[[], object]) -> None:
        """Return when `condition` is true."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(condition)

    def _of(self, trace_id: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.trace_id == trace_id]

    async def _receive_traces(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if (refusal := await self._refusal()) is not None:
            return refusal
        for part in ExportTraceServiceRequest.FromString(raw).resource_spans:
            resource = _plain(part.resource.attributes)
            for scope in part.scope_spans:
                self.spans += [_received_span(span, resource) for span in scope.spans]
        return await self._confirm()

    async def _receive_metrics(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if (refusal := await self._refusal()) is not None:
            return refusal
        for part in ExportMetricsServiceRequest.FromString(raw).resource_metrics:
            for scope in part.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}
        return await self._confirm()

    async def _refusal(self) -> web.Response | None:
        self.request_count += 1
        async with self._news:
            self._news.notify_all()
        await self._free.wait()
        return None if self.status == 200 else web.Response(status=self.status)

    async def _confirm(self) -> web.Response:
        async with self._news:
            self._news.notify_all()
        return web.Response(content_type="application/x-protobuf")


def _received_span(span: Any, resource: dict[str, Any]) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        kind=_KINDS[span.kind],
        attributes=_plain(span.attributes),
        is_error=span.status.code == 2,
        message=span.status.message,
        events=[(event.name, _plain(event.attributes)) for event in span.events],
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        begin_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        resource=resource,
    )


def _plain(attributes: Iterable[Any]) -> dict[str, Any]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind)

"""Input that clients invent: it stops no reply, and names no route and no resource."""

from __future__ import annotations

import re

import pytest

from tests.service.api import Api
from tests.service.telemetry.helpers import send_head, server, trace_id_of
from tests.wire.shared_collector import SharedCollector


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [
        ("x:\xb2", None, 400),
        ("x:" + "9" * 5000, None, 400),
        ("user:pass@x", None, 400),
        ("[::1]", "[::1]", 200),
        ("a..b:80", "a..b", 421),
    ],
)
async def test_an_invalid_host_does_not_stop_the_reply(
    ruled: Api, shared_collector: SharedCollector, host: str, name: str | None, status: int
) -> None:
    reply = await send_head(ruled, f"GET /orders HTTP/1.1\r\nHost: {host}\r\n")

    spans = await shared_collector.trace(re.search("traceparent: 00-(.{32})", reply)[1])  # type: ignore[index]
    assert reply.startswith(f"HTTP/1.1 {status} ")
    assert server(spans).attributes.get("server.address") == name


async def test_an_unknown_expectation_is_answered(ruled: Api) -> None:
    """The HTTP library refuses it before any code of the service sees the request."""
    reply = await send_head(
        ruled, "GET /orders HTTP/1.1\r\nHost: localhost\r\nExpect: a-miracle\r\n"
    )

    assert reply.startswith("HTTP/1.1 417 ")
    assert "X-Request-ID: " in reply


async def test_an_invented_path_is_neither_a_route_nor_a_resource(
    ruled: Api, shared_collector: SharedCollector
) -> None:
    created = await ruled.post("/orders", {"item": "tea"})
    root = server(await shared_collector.trace(trace_id_of(created)))
    assert (root.attributes["http.route"], root.attributes["larst.resource"]) == (
        "/orders",
        "orders",
    )
    unknown = await ruled.get("/s3cret/7?s3cret&a=s3cret")
    empty = await ruled.get("/s3cret")
    missing = await ruled.get("/orders/s3cret")

    assert (unknown.status, empty.status, missing.status) == (404, 200, 404)
    for reply, route in ((unknown, None), (empty, None), (missing, "/orders/<text>")):
        spans = await shared_collector.trace(trace_id_of(reply))
        root = server(spans)
        assert root.attributes.get("http.route") == route
        assert "s3cret" not in str([span.name for span in spans])
        assert "s3cret" not in str(root.attributes.get("larst.resource"))
    assert server(await shared_collector.trace(trace_id_of(unknown))).attributes["url.query"] == (
        "REDACTED&a=REDACTED"
    )
    assert "s3cret" not in (await ruled.get("/_larst/metrics")).raw.decode()

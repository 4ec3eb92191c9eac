"""What clients make up: it stops no reply, and names nothing in what is told."""

from __future__ import annotations

import re

import pytest

from tests.service.api import Api
from tests.service.telemetry.reading import raw, server, trace_id_of
from tests.wire.collector import Collector


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("x:\xb2", None),
        ("x:" + "9" * 5000, None),
        ("user:pass@x", None),
        ("[::1]", "[::1]"),
        ("a..b:80", "a..b"),
    ],
)
async def test_no_host_that_a_client_makes_up_stops_the_reply(
    ruled: Api, collector: Collector, host: str, name: str | None
) -> None:
    reply = await raw(ruled, f"GET /orders HTTP/1.1\r\nHost: {host}\r\n")

    spans = await collector.trace(re.search("traceparent: 00-(.{32})", reply)[1])  # type: ignore[index]
    assert reply.startswith("HTTP/1.1 200 ")
    assert server(spans).attributes.get("server.address") == name


async def test_an_expectation_that_nobody_can_meet_is_answered(ruled: Api) -> None:
    """It is refused before any of the service's own code sees the request."""
    reply = await raw(ruled, "GET /orders HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n")

    assert reply.startswith("HTTP/1.1 417 ")
    assert "X-Request-ID: " in reply


async def test_what_a_client_makes_up_is_no_route_and_no_resource(
    ruled: Api, collector: Collector
) -> None:
    made = await ruled.post("/orders", {"item": "tea"})
    root = server(await collector.trace(trace_id_of(made)))
    assert (root.attributes["http.route"], root.attributes["larst.resource"]) == (
        "/orders",
        "orders",
    )
    unknown = await ruled.get("/s3cret/7?s3cret&a=s3cret")
    empty = await ruled.get("/s3cret")
    missing = await ruled.get("/orders/s3cret")

    assert (unknown.status, empty.status, missing.status) == (404, 200, 404)
    for reply, route in ((unknown, None), (empty, None), (missing, "/orders/<text>")):
        spans = await collector.trace(trace_id_of(reply))
        root = server(spans)
        assert root.attributes.get("http.route") == route
        assert "s3cret" not in str([span.name for span in spans])
        assert "s3cret" not in str(root.attributes.get("larst.resource"))
    assert server(await collector.trace(trace_id_of(unknown))).attributes["url.query"] == (
        "REDACTED&a=REDACTED"
    )
    assert "s3cret" not in (await ruled.get("/_larst/metrics")).raw.decode()

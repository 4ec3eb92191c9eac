"""Quotas of a session: a request beyond them gets 507 or 429, and changes nothing."""

from __future__ import annotations

import pytest

from tests.http.helpers import S1, S2, Client, MakeClient

LANES = pytest.mark.parametrize("lane", ["on", "off"])
FIVE = [{"n": number} for number in range(5)]


async def _total(client: Client, path: str) -> int:
    reply = await client.get(path, headers=S1)
    total: int = (await reply.json())["page"]["total"]
    return total


@LANES
async def test_records(make_client: MakeClient, lane: str) -> None:
    client = await make_client(LARS_MAX_RECORDS=6, LARS_FAST_LANE=lane)
    assert (await client.post("/a", json=FIVE, headers=S1)).status == 201
    assert (await client.post("/b", json={}, headers=S1)).status == 201

    refused = await client.post("/b", json={}, headers=S1)

    assert (refused.status, (await refused.json())["error"]) == (507, "quota full")
    assert "7 records, and 6 are allowed (LARS_MAX_RECORDS)" in (await refused.json())["detail"]
    assert (await client.post("/a", json=FIVE, headers=S1)).status == 507
    assert (await client.patch("/a/1", json={"n": 9}, headers=S1)).status == 200
    assert (await client.post("/b", json={}, headers=S2)).status == 201
    assert (await _total(client, "/a"), await _total(client, "/b")) == (5, 1)

    assert (await client.delete("/a/1", headers=S1)).status == 204
    assert (await client.post("/b", json={}, headers=S1)).status == 201


@LANES
async def test_bytes(make_client: MakeClient, lane: str) -> None:
    client = await make_client(LARS_MAX_SESSION_BYTES=20_000, LARS_FAST_LANE=lane)
    record = {"text": "x" * 1500}
    count = 0
    while (last := await client.post("/a", json=record, headers=S1)).status == 201:
        count += 1

    assert 8 <= count <= 13
    assert last.status == 507
    assert "20000 are allowed (LARS_MAX_SESSION_BYTES)" in (await last.json())["detail"]
    assert (await client.delete("/a/1", headers=S1)).status == 204
    assert await _total(client, "/a") == count - 1


@LANES
async def test_resources(make_client: MakeClient, lane: str) -> None:
    client = await make_client(LARS_MAX_RESOURCES=2, LARS_FAST_LANE=lane)
    for path in ("/a", "/b"):
        assert (await client.post(path, json={}, headers=S1)).status == 201

    refused = await client.post("/c", json={}, headers=S1)

    assert refused.status == 507
    assert "3 resources, and 2 are allowed" in (await refused.json())["detail"]
    assert (await client.post("/a", json={}, headers=S1)).status == 201


@LANES
async def test_sessions(make_client: MakeClient, lane: str) -> None:
    client = await make_client(LARS_MAX_SESSIONS=1, LARS_FAST_LANE=lane)
    assert (await client.post("/a", json={}, headers=S1)).status == 201

    refused = await client.post("/a", json={}, headers=S2)

    assert refused.status == 507
    assert "1 are allowed (LARS_MAX_SESSIONS)" in (await refused.json())["detail"]
    assert (await client.get("/a", headers=S2)).status == 200
    assert (await client.post("/a", json={}, headers=S1)).status == 201


@pytest.mark.parametrize(
    ("variable", "limit"), [("LARS_MAX_RECORDS", 4), ("LARS_MAX_RESOURCES", 1)]
)
async def test_an_import(make_client: MakeClient, variable: str, limit: int) -> None:
    client = await make_client(**{variable: limit})
    assert (await client.post("/a", json={}, headers=S1)).status == 201

    refused = await client.post(
        "/_larst/sessions/one/import?replace=true", json={"a": FIVE, "b": []}
    )

    assert refused.status == 507
    assert variable in (await refused.json())["detail"]
    assert await _total(client, "/a") == 1


@LANES
async def test_requests_in_a_second(make_client: MakeClient, lane: str) -> None:
    client = await make_client(LARS_MAX_REQUESTS_PER_S=3, LARS_FAST_LANE=lane)
    while True:  # more than 3 requests may fall into two different seconds
        replies = [await client.get("/a", headers=S1) for _ in range(9)]
        if refused := [reply for reply in replies if reply.status == 429]:
            break

    headers = refused[0].headers
    assert headers["RateLimit-Policy"] == '"requests";q=3;w=1'
    assert headers["RateLimit"] == '"requests";r=0;t=1'
    assert headers["Retry-After"] == "1"
    assert (await refused[0].json())["error"] == "too many requests"
    assert (await client.get("/a", headers=S2)).status == 200
    assert (await client.get("/healthz", headers=S1)).status == 200

"""Faults on the wire: what a client gets, and what the session has done."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from openapi_schema_validator import OAS31Validator

from tests.http.helpers import S1, S2, Client, MakeClient
from tests.http.lane.servers import request, start

FAULTS = "/_larst/sessions/one/faults"
RECORD = {**S1, "X-LARST-Record": "on"}


def fault(text: str) -> dict[str, str]:
    return {**RECORD, "X-LARST-Fault": text}


async def put(client: Client, *rules: dict[str, Any], seed: int | None = None) -> dict[str, Any]:
    reply = await client.put(FAULTS, json={"rules": [*rules], "seed": seed})
    assert reply.status == 200, await reply.text()
    faults: dict[str, Any] = await reply.json()
    return faults


async def total(client: Client) -> int:
    count: int = (await (await client.get("/books", headers=S1)).json())["page"]["total"]
    return count


async def recorded(client: Client) -> list[dict[str, Any]]:
    reply = await client.get("/_larst/sessions/one/requests?method=POST")
    items: list[dict[str, Any]] = (await reply.json())["items"]
    return items


class TestOfOneRequest:
    async def test_a_status_comes_instead_of_the_request(self, make_client: MakeClient) -> None:
        client = await make_client()

        reply = await client.post("/books", json={"n": 1}, headers=fault("status=503"))

        assert (reply.status, reply.headers["X-LARST-Fault"]) == (503, "status=503")
        assert (await reply.json())["error"] == "fault on demand"
        assert await total(client) == 0
        (item,) = await recorded(client)
        assert (item["fault"], item["body"], item["reply"]["status"]) == (
            "status=503",
            {"n": 1},
            503,
        )

    async def test_a_status_after_the_request_leaves_its_change(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()

        reply = await client.post("/books", json={"n": 1}, headers=fault("status=500, phase=after"))

        assert reply.status == 500
        assert await total(client) == 1

    @pytest.mark.parametrize(("text", "count"), [("drop", 0), ("drop, phase=after", 1)])
    async def test_a_dropped_connection_has_no_reply(
        self, make_client: MakeClient, text: str, count: int
    ) -> None:
        """The client cannot know whether its request had an effect; a test can."""
        client = await make_client()

        with pytest.raises(aiohttp.ClientError):
            await client.post("/books", json={"n": 1}, headers=fault(text))

        assert await total(client) == count
        (item,) = await recorded(client)
        assert item["fault"] == text

    async def test_a_delay(self, make_client: MakeClient) -> None:
        client = await make_client()
        start_s = time.monotonic()

        reply = await client.post("/books", json={"n": 1}, headers=fault("delay=150ms"))

        assert time.monotonic() - start_s >= 0.15
        assert reply.status == 201

    async def test_a_truncated_body_is_shorter_than_its_length(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "x" * 100}, headers=RECORD)

        reply = await client.get("/books/1", headers=fault("truncate=20"))
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()

        assert reply.status == 200
        assert int(reply.headers["Content-Length"]) > 100
        items = await (await client.get("/_larst/sessions/one/requests?method=GET")).json()
        assert items["items"][-1]["reply"]["body"]["title"] == "x" * 100

    async def test_a_malformed_body_is_not_json(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/books", json={"n": 1}, headers=S1)

        reply = await client.get("/books/1", headers=fault("malformed"))

        assert (reply.status, reply.content_type) == (200, "application/json")
        with pytest.raises(ValueError, match=r"line 1 column"):
            json.loads(await reply.text())

    async def test_throttled_bytes(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "x" * 100}, headers=S1)
        start_s = time.monotonic()

        reply = await client.get("/books/1", headers=fault("bytes_per_s=1000"))

        assert len((await reply.json())["title"]) == 100
        assert time.monotonic() - start_s >= 0.08

    async def test_a_head_and_a_204_have_no_body_to_spoil(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/books", json={"n": 1}, headers=S1)
        headers = fault("malformed, truncate=1, bytes_per_s=10")

        assert (await client.head("/books/1", headers=headers)).status == 200
        deleted = await client.delete("/books/1", headers=headers)
        assert (deleted.status, await deleted.read()) == (204, b"")

    async def test_a_header_that_describes_none_is_refused(self, make_client: MakeClient) -> None:
        client = await make_client()

        reply = await client.get("/books", headers=fault("explode"))

        assert reply.status == 400
        assert "status" in (await reply.json())["detail"]


class TestOfASession:
    async def test_rules_strike_the_requests_that_match(self, make_client: MakeClient) -> None:
        client = await make_client()
        body = {"why": "closed"}
        rule = {"method": "POST", "path": "/books", "status": 503, "times": 2, "body": body}
        await put(client, {**rule, "headers": {"Retry-After": "1"}})

        statuses = [
            (await client.post("/books", json={"n": n}, headers=S1)).status for n in range(3)
        ]
        other = await client.post("/books", json={"n": 1}, headers=S2)

        assert (statuses, other.status) == ([503, 503, 201], 201)
        shown = await (await client.get(FAULTS)).json()
        assert (shown["rules"][0]["matches"], shown["rules"][0]["strikes"]) == (3, 2)
        assert shown["rules"][0]["body"] == body
        assert (await client.delete(FAULTS)).status == 204
        assert await (await client.get(FAULTS)).json() == {"seed": None, "rules": []}

    async def test_the_first_rule_that_strikes_counts(self, make_client: MakeClient) -> None:
        client = await make_client()
        await put(client, {"path": "/books/*", "status": 500}, {"path": "/**", "status": 502})

        assert (await client.get("/books/1", headers=S1)).status == 500
        assert (await client.get("/pens", headers=S1)).status == 502

    async def test_an_error_rate_repeats_with_its_seed(self, make_client: MakeClient) -> None:
        client = await make_client()
        seed, runs = None, []
        for _ in range(2):
            faults = await put(client, {"status": 503, "rate": 0.5}, seed=seed)
            seed = faults["seed"]
            runs.append([(await client.get("/books", headers=S1)).status for _ in range(12)])

        assert runs[0] == runs[1]

    async def test_errors_of_the_service_are_spoiled_too(self, make_client: MakeClient) -> None:
        client = await make_client()
        await put(client, {"malformed": True})
        headers = {**S1, "Content-Type": "application/json"}

        reply = await client.post("/books", data=b"{no", headers=headers)

        assert reply.status == 400

    async def test_the_lane_is_closed_while_there_are_rules(self, tmp_path: Path) -> None:
        async with AsyncExitStack() as stack:
            server = await start(stack, tmp_path, lane="on")
            read = request("GET", "/books/1", session="one")
            await server.exchange(request("POST", "/books", b'{"a":1}', session="one"))
            await server.exchange(read)
            await server.exchange(read)
            local = {"Host": f"127.0.0.1:{server.port}"}
            rules = b'{"rules":[{"status":503}]}'
            reply = await server.exchange(request("PUT", FAULTS, rules, headers=local))
            assert b"200 OK" in reply
            struck = request("GET", "/books/1", session="one", headers=local)

            assert b"503 " in (await server.exchange(struck))[:20]

    async def test_erasing_the_session_removes_its_rules(self, make_client: MakeClient) -> None:
        client = await make_client()
        await put(client, {"path": "/pens", "status": 503})
        await client.delete("/_larst/sessions/one")

        assert (await client.get("/pens", headers=S1)).status == 200

    @pytest.mark.parametrize(
        "body",
        [
            [],
            {},
            {"rules": {}},
            {"rules": [], "x": 1},
            {"rules": [], "seed": -1},
            {"rules": [], "seed": True},
            {"rules": [{"drop": True}] * 101},
        ],
    )
    async def test_a_body_that_cannot_be_read_is_refused(
        self, make_client: MakeClient, body: Any
    ) -> None:
        client = await make_client()

        assert (await client.put(FAULTS, json=body)).status == 400


class TestWhoMay:
    @pytest.mark.parametrize(
        ("use", "forwarded", "status"),
        [
            ("loopback", None, 503),
            ("loopback", "203.0.113.9", 403),
            ("on", "203.0.113.9", 503),
            ("off", None, 403),
        ],
    )
    async def test_the_setting_decides(
        self, make_client: MakeClient, use: str, forwarded: str | None, status: int
    ) -> None:
        """A stranger must not be able to break a service for others, nor to hold connections."""
        client = await make_client(LARS_FAULTS=use, LARS_TRUSTED_PROXIES="127.0.0.1")
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

        reply = await client.get("/books", headers={**fault("status=503"), **headers})
        rules = {"rules": [{"status": 503}]}
        changed = await client.put(FAULTS, json=rules, headers=headers)

        assert reply.status == status
        assert changed.status == (403 if status == 403 else 200)

    async def test_a_client_from_elsewhere_is_not_struck_by_rules(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(LARS_TRUSTED_PROXIES="127.0.0.1")
        await put(client, {"status": 503})

        reply = await client.get("/books", headers={**S1, "X-Forwarded-For": "203.0.113.9"})

        assert reply.status == 200


async def test_the_console_and_the_document_show_faults(make_client: MakeClient) -> None:
    client = await make_client()
    await client.get("/books", headers=fault("status=503"))

    latest = (await (await client.get("/_larst/requests")).json())["items"][0]
    details = await (await client.get(f"/_larst/requests/{latest['number']}")).json()
    document = await (await client.get("/_larst/openapi.json")).json()
    await put(client, {"status": 503, "rate": 0.5, "path": "/a"})
    content = document["paths"]["/_larst/sessions/{id}/faults"]["get"]["responses"]["200"]
    schema = {
        **content["content"]["application/json"]["schema"],
        "components": document["components"],
    }
    faults = await (await client.get(FAULTS)).json()

    assert details["fault"] == "status=503"
    assert not [str(error) for error in OAS31Validator(schema).iter_errors(faults)]


async def test_many_delays_hold_nothing(make_client: MakeClient) -> None:
    """A delay is a timer: it takes no thread, and others are served meanwhile."""
    client = await make_client()
    slow = [
        asyncio.create_task(client.get("/books", headers=fault("delay=500ms"))) for _ in range(20)
    ]
    start_s = time.monotonic()
    await client.get("/books", headers=S2)
    replies = await asyncio.gather(*slow)

    assert {reply.status for reply in replies} == {200}
    assert time.monotonic() - start_s < 0.5 * 20

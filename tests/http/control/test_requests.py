"""The latest requests in the control API: the list, one request, the stream, and tenants."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from larst.http.control import requests as requests_module
from tests.http.helpers import S1, Client, MakeClient
from tests.http.tenants import ALL, entry, write

FOLLOW = {"Accept": "text/event-stream"}


async def listed(client: Client, query: str = "", **headers: str) -> list[dict[str, Any]]:
    reply = await client.get(f"/_larst/requests{query}", headers=headers)
    assert reply.status == 200, await reply.text()
    items: list[dict[str, Any]] = (await reply.json())["items"]
    return items


async def shown(client: Client, id: object) -> dict[str, Any]:
    reply = await client.get(f"/_larst/requests/{id}")
    assert reply.status == 200, await reply.text()
    details: dict[str, Any] = await reply.json()
    return details


async def next_event(reply: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the data of the next event; comments are skipped."""
    name = ""
    async with asyncio.timeout(10):
        while True:
            line = (await reply.content.readline()).decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                return name, json.loads(line[6:])


class TestList:
    async def test_the_newest_is_first_and_service_paths_are_left_out(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"}, headers=S1)
        await client.get("/healthz")
        await client.get("/books/7?full=yes", headers=S1)

        items = await listed(client)

        assert [
            (item["method"], item["path"], item["query"], item["status"]) for item in items
        ] == [
            ("GET", "/books/7", "full=yes", 404),
            ("POST", "/books", "", 201),
        ]
        assert {item["session"] for item in items} == {"one"}
        assert items[0]["route"] == "/books/<int>"

    @pytest.mark.parametrize(
        ("query", "paths"),
        [
            ("?method=POST", ["/pens", "/books"]),
            ("?status=4xx", ["/books/9"]),
            ("?status=2xx&method=GET", ["/books"]),
            ("?path=BOOKS", ["/books/9", "/books", "/books"]),
            ("?session=two", ["/pens"]),
            ("?limit=1", ["/pens"]),
        ],
    )
    async def test_filters(self, make_client: MakeClient, query: str, paths: list[str]) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"})
        await client.get("/books")
        await client.get("/books/9")
        await client.post("/pens", json={"n": 1}, headers={"X-Session-ID": "two"})

        assert [item["path"] for item in await listed(client, query)] == paths

    @pytest.mark.parametrize("query", ["?status=200", "?method=BREW", "?limit=-1", "?session=a b"])
    async def test_a_filter_that_cannot_be_read_is_refused(
        self, make_client: MakeClient, query: str
    ) -> None:
        client = await make_client()

        assert (await client.get(f"/_larst/requests{query}")).status == 400

    async def test_a_target_that_is_not_utf8_does_not_break_the_list(
        self, make_client: MakeClient
    ) -> None:
        """One such request would otherwise hide all others, for as long as it is kept."""
        client = await make_client()
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"GET /b\xff?x=\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await reader.read()
        writer.close()
        await client.post("/books", json={"title": "☃"})

        assert (await listed(client))[0]["path"] == "/books"
        for item in await listed(client):
            await shown(client, item["number"])


class TestShow:
    async def test_a_write_has_its_program_stages_and_records(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"})
        reply = await client.patch("/books/1", json={"title": "<script>"})

        details = await shown(client, reply.headers["X-Request-ID"])

        assert (details["method"], details["status"]) == ("PATCH", 200)
        assert {"plan", "validate", "commit"} <= {stage["name"] for stage in details["stages"]}
        assert all(0 <= stage["start_ms"] <= details["ms"] for stage in details["stages"])
        assert "REPLY" in details["program"]
        assert details["policy"] == {"verdict": "accepted", "refusals": []}
        assert details["understood"]["resource"] == "books"
        assert details["store_calls"]["total"] == len(details["store_calls"]["first"]) >= 1
        (change,) = details["changes"]["first"]
        assert json.loads(change["before"]) == {"id": 1, "title": "A"}
        assert json.loads(change["after"]) == {"id": 1, "title": "<script>"}
        assert json.loads(details["request"]["body"]) == {"title": "<script>"}
        assert json.loads(details["reply"]["body"]) == {"id": 1, "title": "<script>"}

    async def test_its_curl_repeats_the_request(self, make_client: MakeClient) -> None:
        """It is pasted into a shell: text of a client must stay one word."""
        client = await make_client()
        await client.post("/books", json={"title": "'; rm -rf ~ #"}, headers=S1)

        (item,) = await listed(client)
        words = shlex.split((await shown(client, item["number"]))["curl"])

        assert words[:5] == ["curl", "-i", "-X", "POST", f"http://127.0.0.1:{client.port}/books"]
        assert "X-Session-ID: one" in words
        assert json.loads(words[words.index("--data-binary") + 1]) == {"title": "'; rm -rf ~ #"}

    async def test_a_remembered_reply_has_the_program_that_made_it(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"})
        for _ in range(3):
            await client.get("/books/1")

        details = [await shown(client, item["number"]) for item in await listed(client)]

        assert {each["program"] for each in details[:3]} == {details[0]["program"]}
        assert details[0]["program"] is not None
        assert [json.loads(each["reply"]["body"]) for each in details[:3]] == [
            {"id": 1, "title": "A"}
        ] * 3

    async def test_a_refused_request_has_its_error(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/books", data=b"{", headers={"Content-Type": "application/json"})

        (item,) = await listed(client)

        assert item["status"] == 400
        assert item["error"]

    async def test_values_are_kept_only_where_allowed(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_CONSOLE_BODIES="never")
        await client.post("/books?note=hidden", json={"title": "hidden"})
        await client.patch("/books/1", json={"title": "hidden, too"})

        for item in await listed(client):
            details = await shown(client, item["number"])
            assert "hidden" not in json.dumps(details)
            assert details["curl"] is None
            assert details["changes"]["total"] == 1

    async def test_values_of_other_machines_are_not_kept(self, make_client: MakeClient) -> None:
        """A proxy on this machine has a loopback address, but names the public host."""
        client = await make_client(LARS_ALLOWED_HOSTS="shop.example")
        await client.post("/books", json={"title": "hidden"}, headers={"Host": "shop.example"})

        (item,) = await listed(client)

        assert "hidden" not in json.dumps(await shown(client, item["number"]))

    async def test_secrets_are_never_kept(self, make_client: MakeClient) -> None:
        client = await make_client()
        secrets = {"Authorization": "Bearer s3cret", "Cookie": "a=s3cret"}
        await client.post("/books", json={"title": "A"}, headers=secrets)

        (item,) = await listed(client)

        assert "s3cret" not in json.dumps(await shown(client, item["number"]))

    @pytest.mark.parametrize("id", ["999", "nothing", "%ff"])
    async def test_an_unknown_request_is_not_found(self, make_client: MakeClient, id: str) -> None:
        client = await make_client()

        assert (await client.get(f"/_larst/requests/{id}")).status == 404

    async def test_replies_match_their_documented_schemas(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_TRACE_URL="http://localhost:16686/trace")
        await client.post("/books", json={"title": "A"})
        document = await (await client.get("/_larst/openapi.json")).json()
        schemas = document["components"]["schemas"]

        (item,) = await listed(client)
        details = await shown(client, item["number"])

        assert not [*OAS31Validator(schemas["Request"]).iter_errors(item)]
        assert not [*OAS31Validator(schemas["RequestDetails"]).iter_errors(details)]
        assert details["trace_url"] == f"http://localhost:16686/trace/{details['trace_id']}"


class TestFollow:
    async def test_new_requests_arrive_as_events(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.get("/before")
        async with client.get("/_larst/requests?session=one", headers=FOLLOW) as reply:
            assert reply.content_type == "text/event-stream"
            await client.post("/pens", json={"n": 1}, headers={"X-Session-ID": "two"})
            await client.post("/books", json={"n": 1}, headers=S1)

            name, data = await next_event(reply)

        assert (name, data["method"], data["path"]) == ("request", "POST", "/books")

    async def test_a_reader_that_returns_gets_what_it_missed(self, make_client: MakeClient) -> None:
        client = await make_client()
        for path in ("/a", "/b", "/c"):
            await client.get(path)
        headers = {**FOLLOW, "Last-Event-ID": "1"}
        async with client.get("/_larst/requests", headers=headers) as reply:
            events = [await next_event(reply) for _ in range(2)]

        assert [data["path"] for _, data in events] == ["/b", "/c"]

    async def test_a_quiet_stream_has_a_heartbeat(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Proxies close a connection that is silent for a minute."""
        monkeypatch.setattr(requests_module, "HEARTBEAT_S", 0.01)
        client = await make_client()
        async with (
            client.get("/_larst/requests", headers=FOLLOW) as reply,
            asyncio.timeout(10),
        ):
            line = b""
            while line != b": still here\n":
                line = await reply.content.readline()

    async def test_streams_end_when_the_service_stops(self, make_client: MakeClient) -> None:
        """A page that is open must not hold up a restart."""
        client = await make_client()
        async with client.get("/_larst/requests", headers=FOLLOW) as reply:
            assert client.app is not None
            await client.app.shutdown()
            async with asyncio.timeout(10):
                assert b"request" not in await reply.read()


class TestTenants:
    async def test_an_admin_sees_only_its_own_tenant(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        file = tmp_path / "tokens"
        write(
            file,
            entry("ann", "acme", ALL),
            entry("ben", "globex", ALL),
            entry("reader", "acme", ["read"]),
        )
        client = await make_client(LARS_AUTH_TOKENS_FILE=str(file))
        acme, globex, reader = (
            {"Authorization": f"Bearer {name}"} for name in ("ann", "ben", "reader")
        )
        async with client.get("/_larst/requests", headers={**FOLLOW, **globex}) as reply:
            made = await client.post("/books", json={"title": "A"}, headers=acme)
            assert made.status == 201
            await client.post("/pens", json={"n": 1}, headers=globex)
            _, data = await next_event(reply)

        assert data["path"] == "/pens"
        assert [item["path"] for item in await listed(client, **acme)] == ["/books"]
        assert [item["path"] for item in await listed(client, **globex)] == ["/pens"]
        for id in ("1", made.headers["X-Request-ID"]):
            path = f"/_larst/requests/{id}"
            assert (await client.get(path, headers=globex)).status == 404
            assert (await client.get(path, headers=acme)).status == 200
        assert (await client.get("/_larst/requests", headers=reader)).status == 403
        assert (await client.get("/_larst/requests")).status == 401

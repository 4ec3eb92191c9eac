"""The recorded requests of a session: whole, in order, filtered, awaited, bounded, forgotten."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from larst.http.control import recordings as recordings_module
from larst.telemetry.requests import recordings as bounds
from tests.http.helpers import S1, S2, Client, MakeClient
from tests.http.lane.servers import request, start
from tests.http.tenants import ALL, entry, write

RECORD = {**S1, "X-LARST-Record": "on"}
ITEMS = "/_larst/sessions/one/requests"


async def listed(client: Client, query: str = "", session: str = "one") -> list[dict[str, Any]]:
    reply = await client.get(f"/_larst/sessions/{session}/requests{query}")
    assert reply.status == 200, await reply.text()
    items: list[dict[str, Any]] = (await reply.json())["items"]
    return items


async def record(client: Client, session: str = "one", state: str = "on") -> None:
    reply = await client.put(f"/_larst/sessions/{session}/recording", json={"recording": state})
    assert reply.status == 200, await reply.text()


class TestRecording:
    async def test_a_session_that_did_not_ask_is_not_recorded(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"}, headers=S1)

        assert await listed(client) == []

    async def test_a_request_is_whole_and_as_it_was_sent(self, make_client: MakeClient) -> None:
        client = await make_client()
        await record(client)

        body = '{"title": "☃", "size": 1.50, "id": 12345678901234567}'
        headers = {**S1, "Content-Type": "application/json", "X-Request-ID": "first"}
        await client.post("/books?draft=yes&tag=a&tag=b", data=body.encode(), headers=headers)

        (item,) = await listed(client)
        assert (item["number"], item["id"], item["method"]) == (1, "first", "POST")
        assert (item["path"], item["query"]) == ("/books", "draft=yes&tag=a&tag=b")
        assert item["parameters"] == {"draft": ["yes"], "tag": ["a", "b"]}
        assert item["body"] == {"title": "☃", "size": 1.5, "id": 12345678901234567}
        assert item["body_bytes"] == len(body.encode())
        assert item["headers"]["content-type"] == "application/json"
        reply = item["reply"]
        assert reply["status"] == 201
        assert reply["body"]["title"] == "☃"
        assert reply["headers"]["Location"] == "/books/12345678901234567"

    async def test_numbers_stay_exact(self, make_client: MakeClient) -> None:
        """A body is passed on as it was sent: a parser would round 1.10 and long integers."""
        client = await make_client()
        await record(client)
        headers = {**S1, "Content-Type": "application/json"}
        await client.post("/books", data=b'{"n":123456789012345678901234567890}', headers=headers)

        text = await (await client.get(ITEMS)).text()

        assert '"body":{"n":123456789012345678901234567890}' in text

    async def test_the_header_begins_with_its_own_request_and_ends_with_it(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.get("/before", headers=S1)
        await client.get("/first", headers=RECORD)
        await client.get("/second", headers=S1)
        await client.get("/third", headers={**S1, "X-LARST-Record": "off"})
        await client.get("/fourth", headers=S1)

        assert [item["path"] for item in await listed(client)] == ["/first", "/second"]

    async def test_a_header_with_another_word_is_refused(self, make_client: MakeClient) -> None:
        client = await make_client()

        reply = await client.get("/books", headers={**S1, "X-LARST-Record": "yes"})

        assert reply.status == 400
        assert (await reply.json())["detail"] == "X-LARST-Record must be on or off"

    async def test_refused_requests_and_paths_with_a_session_are_recorded(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await record(client)
        headers = {"Content-Type": "application/json"}
        await client.post("/@one/books", data=b"{no", headers=headers)
        await client.get("/@one/books/7")
        await client.get("/@one/%E2%98%83/a%2Fb?x=%26")

        items = await listed(client)

        assert [(item["path"], item["reply"]["status"]) for item in items[:2]] == [
            ("/books", 400),
            ("/books/7", 404),
        ]
        assert items[0]["body"] == "{no"
        assert (items[2]["path"], items[2]["query"]) == ("/☃/a/b", "x=%26")

    async def test_paths_of_the_service_are_not_recorded(self, make_client: MakeClient) -> None:
        client = await make_client()
        await record(client)
        await client.get("/@one/swagger.json")
        await client.get("/healthz", headers=S1)

        assert await listed(client) == []

    async def test_the_setting_records_all_sessions_but_those_that_ended_it(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(LARS_RECORD="on")
        await record(client, "two", "off")
        await client.get("/books", headers=S1)
        await client.get("/books", headers=S2)

        assert len(await listed(client)) == 1
        assert await listed(client, session="two") == []

    async def test_a_session_has_the_lane_unless_it_is_recorded(self, tmp_path: Path) -> None:
        """The lane answers without the handlers that record."""
        async with AsyncExitStack() as stack:
            server = await start(stack, tmp_path, lane="on")
            read = request("GET", "/books/1", session="one")
            await server.exchange(request("POST", "/books", b'{"a":1}', session="one"))
            await server.exchange(read)
            await server.exchange(read)
            await server.exchange(read)
            answered = server.answered
            assert answered >= 2

            await server.exchange(
                request("PUT", "/_larst/sessions/one/recording", b'{"recording":"on"}')
            )
            await server.exchange(read)
            await server.exchange(request("GET", "/books/2", session="two"))
            reply = await server.exchange(request("GET", ITEMS))

            assert server.answered == answered
            assert b'"path":"/books/1"' in reply

    async def test_an_erased_session_is_forgotten(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/books", json={"title": "A"}, headers=RECORD)
        assert (await client.delete("/_larst/sessions/one")).status == 204
        await client.get("/books", headers=S1)

        assert await listed(client) == []

    async def test_the_state_says_whether_it_is_on(self, make_client: MakeClient) -> None:
        client = await make_client()
        path = "/_larst/sessions/one/recording"
        off = {"recording": "off", "requests": 0, "dropped": 0}
        assert await (await client.get(path)).json() == off
        await client.get("/books", headers=RECORD)

        assert await (await client.get(path)).json() == {**off, "recording": "on", "requests": 1}
        assert (await client.put(path, json={"recording": "maybe"})).status == 400
        assert (await client.put(path, json=[])).status == 400


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("?method=POST", [1, 2]),
            ("?path=/books", [1, 3]),
            ("?path=/books/", [1, 3]),
            ("?path=/books/*", [4, 5]),
            ("?path=/books/**", [1, 3, 4, 5]),
            ("?path=/p*s", [2]),
            ("?path=/**", [1, 2, 3, 4, 5]),
            ("?status=404", [4, 5]),
            ("?status=2xx&method=GET", [3]),
            ("?limit=2&offset=1", [2, 3]),
        ],
    )
    async def test_filters(self, make_client: MakeClient, query: str, numbers: list[int]) -> None:
        client = await make_client()
        await record(client)
        await client.post("/books", json={"title": "A"}, headers=S1)
        await client.post("/pens", json={"n": 1}, headers=S1)
        await client.get("/books", headers=S1)
        await client.get("/books/8", headers=S1)
        await client.get("/books/9", headers=S1)

        assert [item["number"] for item in await listed(client, query)] == numbers

    @pytest.mark.parametrize(
        "query",
        [
            *("?status=99", "?status=2x", "?method=BREW", "?limit=1001", "?count=1001"),
            *("?path=books", "?path=/a*b*c", "?path=/**/x", "?wait=soon", "?wait=61s", "?wait=1h"),
        ],
    )
    async def test_a_query_that_cannot_be_read_is_refused(
        self, make_client: MakeClient, query: str
    ) -> None:
        client = await make_client()

        assert (await client.get(f"{ITEMS}{query}")).status == 400


class TestWaiting:
    async def test_it_waits_for_as_many_as_were_asked_for(self, make_client: MakeClient) -> None:
        client = await make_client()
        await record(client)
        waiting = asyncio.create_task(listed(client, "?wait=20s&count=2&method=POST"))
        await client.get("/books", headers=S1)
        await client.post("/books", json={"n": 1}, headers=S1)
        assert not waiting.done()

        await client.post("/books", json={"n": 2}, headers=S1)

        assert [item["body"] for item in await waiting] == [{"n": 1}, {"n": 2}]

    async def test_after_the_time_it_returns_those_that_there_are(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.get("/books", headers=RECORD)

        assert len(await listed(client, "?wait=1ms&count=2")) == 1

    async def test_only_so_many_wait(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recordings_module, "MAX_WAITING", 0)
        client = await make_client()

        assert (await client.get(f"{ITEMS}?wait=20s")).status == 503
        await client.get("/books", headers=RECORD)
        assert (await client.get(f"{ITEMS}?wait=20s")).status == 200  # it need not wait


class TestBounds:
    async def test_the_oldest_requests_make_room_and_are_counted(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "MAX_REQUESTS", 2)
        client = await make_client()
        for number in range(5):
            await client.get(f"/books/{number}", headers=RECORD)

        reply = await (await client.get(ITEMS)).json()

        assert [item["number"] for item in reply["items"]] == [4, 5]
        assert reply["dropped"] == 3

    async def test_a_large_body_is_cut_and_says_its_size(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "MAX_BODY_BYTES", 10)
        client = await make_client()
        await client.post("/books", json={"title": "x" * 50}, headers=RECORD)

        (item,) = await listed(client)

        assert item["body"] == '{"title": '
        assert item["body_bytes"] > 50

    async def test_all_recordings_together_are_bounded(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "MAX_TOTAL_BYTES", 4_000)
        client = await make_client()
        for name in ("one", "two", "one"):
            headers = {"X-Session-ID": name, "X-LARST-Record": "on"}
            await client.get("/books", headers=headers)
        await client.get("/books", headers={"X-Session-ID": "three", "X-LARST-Record": "on"})

        assert [len(await listed(client, session=name)) for name in ("one", "two", "three")] != [
            2,
            1,
            1,
        ]
        assert len(await listed(client, session="three")) == 1

    async def test_clearing_begins_again(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.get("/first", headers=RECORD)
        assert (await client.delete(ITEMS)).status == 204
        await client.get("/second", headers=S1)

        assert [(item["number"], item["path"]) for item in await listed(client)] == [(1, "/second")]


async def test_tenants_have_recordings_of_their_own(
    make_client: MakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    write(path, entry("acme", "acme", ALL), entry("rival", "rival", ALL))
    client = await make_client(LARS_AUTH_TOKENS_FILE=str(path))
    acme, rival = ({"Authorization": f"Bearer {name}"} for name in ("acme", "rival"))
    await client.get("/books", headers={**RECORD, **acme})

    counts = [
        len((await (await client.get(ITEMS, headers=headers)).json())["items"])
        for headers in (acme, rival)
    ]

    assert counts == [1, 0]


async def test_replies_conform_to_their_schema(make_client: MakeClient) -> None:
    client = await make_client()
    document = await (await client.get("/_larst/openapi.json")).json()
    await client.post("/books", json={"title": "A"}, headers=RECORD)
    await client.get("/books", headers=RECORD)

    for path in ("/_larst/sessions/{id}/requests", "/_larst/sessions/{id}/recording"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        reply = await (await client.get(path.replace("{id}", "one"))).json()
        assert not [str(error) for error in OAS31Validator(schema).iter_errors(reply)]

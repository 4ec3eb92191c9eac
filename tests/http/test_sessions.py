"""Requests to sessions that are busy, slow, crashing or damaged."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fakes import ScriptedPlanner
from tests.http.helpers import CREATE, LIST, S1, S2, MakeClient


class TestSessions:
    async def test_a_full_mailbox_refuses_at_once_and_says_when_to_retry(
        self, make_client: MakeClient
    ) -> None:
        """A request that waits for its plan still counts (SPEC section 9)."""
        planner = ScriptedPlanner({"GET /books": [LIST]})
        planner.hold()
        client = await make_client(planner, LARS_MAILBOX_SIZE=1)
        waiting = asyncio.create_task(client.get("/books", headers=S1))
        await planner.is_waiting.wait()

        refused = await client.get("/books", headers=S1)

        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert (await refused.json())["error"] == "session busy"
        planner.release()
        assert (await waiting).status == 200

    async def test_a_request_that_waits_too_long_for_its_plan_gets_504(
        self, make_client: MakeClient
    ) -> None:
        planner = ScriptedPlanner({"GET /books": [LIST], "POST /books": [CREATE]})
        planner.hold()
        client = await make_client(planner, LARS_REQUEST_TIMEOUT_S=0.1)

        late = await client.get("/books")

        assert (late.status, (await late.json())["error"]) == (504, "deadline passed")
        assert (await client.post("/books", json={})).status == 201
        planner.release()

    async def test_a_body_that_does_not_arrive_times_out(self, make_client: MakeClient) -> None:
        """Otherwise a client that sends a byte per minute could keep a connection open for ever."""
        client = await make_client(LARS_REQUEST_TIMEOUT_S=0.1)
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST /books HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")

        async with asyncio.timeout(10):
            status = await reader.readline()
        writer.close()

        assert b" 408 " in status

    async def test_a_disconnected_client_frees_its_place_in_the_mailbox(
        self, make_client: MakeClient
    ) -> None:
        """Its request, which has not begun, is withdrawn."""
        planner = ScriptedPlanner({"GET /books": [LIST]})
        planner.hold()
        client = await make_client(planner, LARS_MAILBOX_SIZE=1)
        leaving = asyncio.create_task(client.get("/books"))
        await planner.is_waiting.wait()
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        planner.release()

        async with asyncio.timeout(10):
            while (await client.get("/books")).status != 200:
                pass

    async def test_a_crash_fails_only_the_request_that_caused_it(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(ScriptedPlanner({"GET /books": [LIST], "POST /books": [CREATE]}))
        await client.post("/books", json={"title": "T"})

        crashed, after = await asyncio.gather(client.get("/bug"), client.get("/books"))

        assert (crashed.status, (await crashed.json())["error"]) == (500, "internal error")
        assert "on purpose" not in await crashed.text()
        assert await after.json() == [{"id": 1, "title": "T"}]

    async def test_a_session_that_crashes_too_often_cools_down_and_others_do_not(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(ScriptedPlanner({"GET /books": [LIST]}), LARS_RESTART_LIMIT=2)

        statuses = [(await client.get("/bug", headers=S1)).status for _ in range(4)]
        cooling = await client.get("/books", headers=S1)
        other = await client.get("/books", headers=S2)

        assert statuses == [500, 500, 500, 503]
        assert cooling.status == 503
        assert int(cooling.headers["Retry-After"]) > 0
        assert other.status == 200

    async def test_a_damaged_session_answers_503_and_others_are_served(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        directory = tmp_path / "data" / "one"
        directory.mkdir(parents=True)
        (directory / "books.json").write_text("not JSON")
        client = await make_client(ScriptedPlanner({"GET /books": [LIST]}))

        damaged = await client.get("/books", headers=S1)
        other = await client.get("/books", headers=S2)

        assert (damaged.status, (await damaged.json())["error"]) == (503, "session damaged")
        assert "books.json" in (await damaged.json())["detail"]
        assert other.status == 200

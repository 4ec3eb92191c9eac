"""The application with a planner of the test's own and the real sandbox and store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from larst.config import load_settings
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning import Planner
from tests.fakes import ScriptedPlanner

Client = TestClient[Any, Any]
MakeClient = Callable[..., Awaitable[Client]]

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
LIST = "items, total = store.list()\nREPLY = make_response(200, items)"
S1, S2 = {"X-Session-ID": "one"}, {"X-Session-ID": "two"}


@pytest.fixture
async def make_client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
) -> MakeClient:
    """Return a maker of clients; `planner` or a script, and settings by their variables' names."""

    async def make(planner: Planner | None = None, **variables: object) -> Client:
        settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data"), **variables})
        usual = default_components(settings)
        parts = Components(planner=planner or usual.planner, sandbox=usual.sandbox)
        return await aiohttp_client(make_app(settings, parts))

    return make


def _scripted(script: Mapping[str, Sequence[str]]) -> ScriptedPlanner:
    return ScriptedPlanner(script)


class TestPlanning:
    async def test_a_refused_program_tells_the_client_why(self, make_client: MakeClient) -> None:
        """Whoever debugs a planner reads which rule its program broke."""
        client = await make_client(_scripted({"GET /books/<int>": ["import os\nREPLY = 1"]}))

        reply = await client.get("/books/1")

        assert reply.status == 502
        body = await reply.json()
        assert body["error"] == "no usable plan"
        assert "import" in body["detail"]

    async def test_a_refused_program_is_repaired_with_the_reasons(
        self, make_client: MakeClient
    ) -> None:
        planner = _scripted({"POST /books": ["x = lambda: 1\nREPLY = x", CREATE]})
        client = await make_client(planner)

        reply = await client.post("/books", json={"title": "T"})

        assert reply.status == 201
        assert [len(asked.refusals) for asked in planner.requests] == [0, 1]
        assert "lambda" in planner.requests[1].refusals[0].reason

    async def test_a_program_that_fails_is_rolled_back_and_repaired(
        self, make_client: MakeClient
    ) -> None:
        """What the failed attempt stored must not be there beside the good one's."""
        failing = 'store.insert({"half": True})\nREPLY = make_response(200, [][0])'
        planner = _scripted({"POST /books": [failing, CREATE], "GET /books": [LIST]})
        client = await make_client(planner)

        reply = await client.post("/books", json={"title": "T"})

        assert reply.status == 201
        assert "IndexError" in planner.requests[1].refusals[0].reason
        assert await (await client.get("/books")).json() == [{"id": 1, "title": "T"}]

    async def test_the_planner_is_asked_a_bounded_number_of_times(
        self, make_client: MakeClient
    ) -> None:
        planner = _scripted({"GET /books": ["REPLY = 1 / 0"]})
        client = await make_client(planner, LARS_PLAN_ATTEMPTS=2)

        reply = await client.get("/books")

        assert (reply.status, len(planner.requests)) == (502, 2)
        assert "ZeroDivisionError" in (await reply.json())["detail"]

    async def test_a_reply_of_400_or_more_changes_nothing(self, make_client: MakeClient) -> None:
        refuse = 'store.insert({"a": 1})\nREPLY = make_response(422, {"error": "no"})'
        client = await make_client(_scripted({"POST /books": [refuse], "GET /books": [LIST]}))

        reply = await client.post("/books", json={})

        assert reply.status == 422
        assert await (await client.get("/books")).json() == []

    async def test_planning_never_holds_the_mailbox(self, make_client: MakeClient) -> None:
        """A session that waits for a model goes on serving its other requests."""
        planner = _scripted({"POST /books": [CREATE], "GET /books": [LIST]})
        planner.hold()
        client = await make_client(planner)
        waiting = asyncio.create_task(client.get("/books"))
        await planner.is_waiting.wait()

        created = await client.post("/books", json={"title": "T"})
        assert (created.status, waiting.done()) == (201, False)
        planner.release()

        assert await (await waiting).json() == [{"id": 1, "title": "T"}]

    async def test_many_requests_for_one_shape_cost_one_planner_call(
        self, make_client: MakeClient
    ) -> None:
        planner = _scripted({"GET /books/<int>": ["REPLY = make_response(200, [])"]})
        client = await make_client(planner)

        replies = await asyncio.gather(
            *(
                client.get(f"/books/{number}", headers={"X-Session-ID": f"s{number % 5}"})
                for number in range(60)
            )
        )

        assert {reply.status for reply in replies} == {200}
        assert len(planner.requests) == 1

    async def test_fresh_mode_asks_every_time(self, make_client: MakeClient) -> None:
        planner = _scripted({"GET /books": [LIST]})
        client = await make_client(planner, LARS_PLAN_MODE="fresh")

        for _ in range(3):
            assert (await client.get("/books")).status == 200

        assert len(planner.requests) == 3

    async def test_locked_mode_serves_the_book_and_nothing_else(
        self, make_client: MakeClient
    ) -> None:
        planner = _scripted({"GET /books": [LIST], "GET /films": [LIST]})
        learning = await make_client(planner)
        assert (await learning.get("/books")).status == 200
        await learning.close()
        locked = await make_client(planner, LARS_PLAN_MODE="locked")

        known, unknown = await locked.get("/books"), await locked.get("/films")

        assert (known.status, unknown.status) == (200, 404)
        assert "locked" in (await unknown.json())["detail"]
        assert len(planner.requests) == 1

    async def test_the_book_survives_a_restart(self, make_client: MakeClient) -> None:
        planner = _scripted({"GET /books": [LIST]})
        first = await make_client(planner)
        await first.get("/books")
        await first.close()
        second = await make_client(planner)

        reply = await second.get("/books")

        assert 'desc="hit"' in reply.headers["Server-Timing"]
        assert len(planner.requests) == 1


class TestHostilePrograms:
    async def _assert_fails_alone(
        self, client: Client, path: str, statuses: set[int], method: str = "GET"
    ) -> dict[str, Any]:
        """Run the hostile request beside another session's ordinary ones."""
        hostile = asyncio.create_task(client.request(method, path, headers=S1))
        others = 0
        while not hostile.done() or others < 3:
            reply = await client.post("/books", json={"n": others}, headers=S2)
            assert reply.status == 201
            others += 1
        refused = await hostile
        assert refused.status in statuses
        after = await client.post("/books", json={}, headers=S1)
        assert after.status == 201
        return dict(await refused.json())

    async def test_a_program_that_loops_for_ever_is_stopped(self, make_client: MakeClient) -> None:
        script = {"GET /loop": ["while True:\n    pass\nREPLY = 1"], "POST /books": [CREATE]}
        client = await make_client(_scripted(script), LARS_MAX_EXEC_MS=1000)

        body = await self._assert_fails_alone(client, "/loop", {504})

        assert body["error"] == "program timed out"

    async def test_a_program_that_eats_memory_is_stopped(self, make_client: MakeClient) -> None:
        eat = 'a = ["x" * 1000]\nwhile True:\n    a = a + a\nREPLY = 1'
        client = await make_client(
            _scripted({"GET /eat": [eat], "POST /books": [CREATE]}), LARS_MAX_MEMORY_MB=32
        )

        body = await self._assert_fails_alone(client, "/eat", {500, 504})

        assert "LARS_MAX" in body["detail"]

    async def test_a_reply_over_the_limit_says_to_page(self, make_client: MakeClient) -> None:
        big = 'REPLY = make_response(200, ["x" * 100 for i in range(1000)])'
        client = await make_client(
            _scripted({"GET /big": [big], "POST /books": [CREATE]}), LARS_MAX_RESULT_BYTES=10_000
        )

        body = await self._assert_fails_alone(client, "/big", {400})

        assert body["error"] == "result too large"
        assert "limit" in body["detail"]


class TestSessions:
    async def test_a_full_mailbox_refuses_at_once_and_says_when_to_come_back(
        self, make_client: MakeClient
    ) -> None:
        """What is parked for planning keeps its place in the bound (SPEC section 9)."""
        planner = _scripted({"GET /books": [LIST]})
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
        planner = _scripted({"GET /books": [LIST], "POST /books": [CREATE]})
        planner.hold()
        client = await make_client(planner, LARS_REQUEST_TIMEOUT_S=0.1)

        late = await client.get("/books")

        assert (late.status, (await late.json())["error"]) == (504, "deadline passed")
        assert (await client.post("/books", json={})).status == 201
        planner.release()

    async def test_a_body_that_does_not_arrive_is_not_waited_for(
        self, make_client: MakeClient
    ) -> None:
        """Else whoever sends one byte a minute holds a connection for ever."""
        client = await make_client(LARS_REQUEST_TIMEOUT_S=0.1)
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST /books HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

        async with asyncio.timeout(10):
            status = await reader.readline()
        writer.close()

        assert b" 408 " in status

    async def test_a_client_that_leaves_takes_its_request_back(
        self, make_client: MakeClient
    ) -> None:
        """Its place in the mailbox is free again, for those who still wait."""
        planner = _scripted({"GET /books": [LIST]})
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

    async def test_a_crash_fails_its_own_request_and_no_other(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(_scripted({"GET /books": [LIST], "POST /books": [CREATE]}))
        await client.post("/books", json={"title": "T"})

        crashed, after = await asyncio.gather(client.get("/bug"), client.get("/books"))

        assert (crashed.status, (await crashed.json())["error"]) == (500, "internal error")
        assert "on purpose" not in await crashed.text()
        assert await after.json() == [{"id": 1, "title": "T"}]

    async def test_a_session_that_crashes_too_often_cools_down_alone(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(_scripted({"GET /books": [LIST]}), LARS_RESTART_LIMIT=2)

        statuses = [(await client.get("/bug", headers=S1)).status for _ in range(4)]
        cooling = await client.get("/books", headers=S1)
        other = await client.get("/books", headers=S2)

        assert statuses == [500, 500, 500, 503]
        assert cooling.status == 503
        assert int(cooling.headers["Retry-After"]) > 0
        assert other.status == 200

    async def test_a_damaged_session_answers_503_and_the_others_go_on(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        folder = tmp_path / "data" / "one"
        folder.mkdir(parents=True)
        (folder / "books.json").write_text("not JSON")
        client = await make_client(_scripted({"GET /books": [LIST]}))

        damaged = await client.get("/books", headers=S1)
        other = await client.get("/books", headers=S2)

        assert (damaged.status, (await damaged.json())["error"]) == (503, "session damaged")
        assert "books.json" in (await damaged.json())["detail"]
        assert other.status == 200


class TestAuth:
    async def test_every_path_but_health_needs_the_token(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        for path in ("/", "/members", "/_larst/plans", "/swagger.json"):
            reply = await client.get(path)
            assert reply.status == 401, path
            assert (await reply.json())["error"] == "unauthorized"
            assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 200

    @pytest.mark.parametrize("sent", ["Bearer wrong", "Basic s3cret", "s3cret", "Bearer ", "ä"])
    async def test_a_wrong_token_is_refused(self, make_client: MakeClient, sent: str) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        assert (await client.get("/members", headers={"Authorization": sent})).status == 401

    async def test_the_right_token_lets_in_and_names_a_session(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        reply = await client.get("/members", headers={"Authorization": "Bearer s3cret"})

        assert reply.status == 200
        assert len(reply.headers["X-Session-ID"]) == 64

    async def test_a_preflight_needs_no_token(self, make_client: MakeClient) -> None:
        """A browser sends none with it (Fetch standard)."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")
        asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

        assert (await client.options("/members", headers=asked)).status == 204

    async def test_narrowed_origins_are_held_to(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_CORS_ORIGINS="https://a.example")

        good = await client.get("/members", headers={"Origin": "https://a.example"})
        bad = await client.get("/members", headers={"Origin": "https://b.example"})

        assert good.headers["Access-Control-Allow-Origin"] == "https://a.example"
        assert "Access-Control-Allow-Origin" not in bad.headers

    async def test_no_secret_reaches_the_planner_or_the_program(
        self, make_client: MakeClient
    ) -> None:
        show = "REPLY = make_response(200, ctx)"
        client = await make_client(_scripted({"GET /ctx": [show]}), LARS_AUTH_TOKEN="s3cret")
        sent = {"Authorization": "Bearer s3cret", "Cookie": "sid=s3cret", "X-Api-Key": "s3cret"}

        reply = await client.get("/ctx", headers=sent)

        assert "s3cret" not in await reply.text()


class TestLandingPage:
    async def test_it_is_for_those_with_the_token_where_one_is_demanded(
        self, make_client: MakeClient
    ) -> None:
        """It names the planner and a session: nothing for a passer-by. Its commands must work."""
        client = await make_client(LARS_AUTH_TOKEN="s3cret")

        refused = await client.get("/", headers={"Accept": "text/html"})
        admitted = await client.get(
            "/", headers={"Accept": "text/html", "Authorization": "Bearer s3cret"}
        )

        assert (refused.status, refused.content_type) == (401, "application/json")
        assert admitted.status == 200
        page = await admitted.text()
        assert "Authorization: Bearer $TOKEN" in page
        assert "s3cret" not in page

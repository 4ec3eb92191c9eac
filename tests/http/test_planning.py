"""Planned requests, with a scripted planner and the real sandbox and store."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fakes import ScriptedPlanner
from tests.http.helpers import CREATE, LIST, S1, S2, Client, MakeClient


class TestPlanning:
    async def test_the_client_sees_why_a_program_was_refused(self, make_client: MakeClient) -> None:
        """The developer of a planner needs to know the rule that its program violates."""
        client = await make_client(ScriptedPlanner({"GET /books/<int>": ["import os\nREPLY = 1"]}))

        reply = await client.get("/books/1")

        assert reply.status == 502
        body = await reply.json()
        assert body["error"] == "no usable plan"
        assert "import" in body["detail"]

    async def test_the_next_attempt_gets_the_reasons_for_the_refusal(
        self, make_client: MakeClient
    ) -> None:
        planner = ScriptedPlanner({"POST /books": ["x = lambda: 1\nREPLY = x", CREATE]})
        client = await make_client(planner)

        reply = await client.post("/books", json={"title": "T"})

        assert reply.status == 201
        assert [len(request.refusals) for request in planner.requests] == [0, 1]
        assert "lambda" in planner.requests[1].refusals[0].reason

    async def test_a_failed_program_is_rolled_back_and_planned_again(
        self, make_client: MakeClient
    ) -> None:
        """Only the records of the successful attempt may remain."""
        failing = 'store.insert({"half": True})\nREPLY = make_response(200, [][0])'
        planner = ScriptedPlanner({"POST /books": [failing, CREATE], "GET /books": [LIST]})
        client = await make_client(planner)

        reply = await client.post("/books", json={"title": "T"})

        assert reply.status == 201
        assert "IndexError" in planner.requests[1].refusals[0].reason
        assert await (await client.get("/books")).json() == [{"id": 1, "title": "T"}]

    async def test_the_number_of_attempts_is_limited(self, make_client: MakeClient) -> None:
        planner = ScriptedPlanner({"GET /books": ["REPLY = 1 / 0"]})
        client = await make_client(planner, LARS_PLAN_ATTEMPTS=2)

        reply = await client.get("/books")

        assert (reply.status, len(planner.requests)) == (502, 2)
        assert "ZeroDivisionError" in (await reply.json())["detail"]

    async def test_a_reply_of_400_or_more_changes_nothing(self, make_client: MakeClient) -> None:
        refuse = 'store.insert({"a": 1})\nREPLY = make_response(422, {"error": "no"})'
        client = await make_client(ScriptedPlanner({"POST /books": [refuse], "GET /books": [LIST]}))

        reply = await client.post("/books", json={})

        assert reply.status == 422
        assert await (await client.get("/books")).json() == []

    async def test_a_session_serves_other_requests_while_it_waits_for_a_plan(
        self, make_client: MakeClient
    ) -> None:
        """A model may take many seconds."""
        planner = ScriptedPlanner({"POST /books": [CREATE], "GET /books": [LIST]})
        planner.hold()
        client = await make_client(planner)
        waiting = asyncio.create_task(client.get("/books"))
        await planner.is_waiting.wait()

        created = await client.post("/books", json={"title": "T"})
        assert (created.status, waiting.done()) == (201, False)
        planner.release()

        assert await (await waiting).json() == [{"id": 1, "title": "T"}]

    async def test_concurrent_requests_of_one_shape_share_one_planner_call(
        self, make_client: MakeClient
    ) -> None:
        planner = ScriptedPlanner(
            {"GET /books/<int>": ["REPLY = make_response(200, store.search({}))"]}
        )
        client = await make_client(planner)

        replies = await asyncio.gather(
            *(
                client.get(f"/books/{number}", headers={"X-Session-ID": f"s{number % 5}"})
                for number in range(60)
            )
        )

        assert {reply.status for reply in replies} == {200}
        assert len(planner.requests) == 1

    async def test_fresh_mode_plans_every_request(self, make_client: MakeClient) -> None:
        planner = ScriptedPlanner({"GET /books": [LIST]})
        client = await make_client(planner, LARS_PLAN_MODE="fresh")

        for _ in range(3):
            assert (await client.get("/books")).status == 200

        assert len(planner.requests) == 3

    async def test_locked_mode_uses_only_plans_of_the_book(self, make_client: MakeClient) -> None:
        planner = ScriptedPlanner({"GET /books": [LIST], "GET /films": [LIST]})
        learning = await make_client(planner)
        assert (await learning.get("/books")).status == 200
        await learning.close()
        locked = await make_client(planner, LARS_PLAN_MODE="locked")

        in_book, not_in_book = await locked.get("/books"), await locked.get("/films")

        assert (in_book.status, not_in_book.status) == (200, 404)
        assert "locked" in (await not_in_book.json())["detail"]
        assert len(planner.requests) == 1

    async def test_the_plan_book_survives_a_restart(self, make_client: MakeClient) -> None:
        planner = ScriptedPlanner({"GET /books": [LIST]})
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
        """Run a hostile request while another session sends ordinary requests."""
        hostile = asyncio.create_task(client.request(method, path, headers=S1))
        count = 0
        while not hostile.done() or count < 3:
            reply = await client.post("/books", json={"n": count}, headers=S2)
            assert reply.status == 201
            count += 1
        refused = await hostile
        assert refused.status in statuses
        after = await client.post("/books", json={}, headers=S1)
        assert after.status == 201
        return dict(await refused.json())

    async def test_an_endless_loop_is_stopped(self, make_client: MakeClient) -> None:
        script = {"GET /loop": ["while True:\n    pass\nREPLY = 1"], "POST /books": [CREATE]}
        client = await make_client(ScriptedPlanner(script), LARS_MAX_EXEC_MS=1000)

        body = await self._assert_fails_alone(client, "/loop", {504})

        assert body["error"] == "program timed out"

    async def test_a_program_that_exhausts_its_memory_is_stopped(
        self, make_client: MakeClient
    ) -> None:
        grow = 'a = ["x" * 1000]\nwhile True:\n    a = a + a\nREPLY = 1'
        client = await make_client(
            ScriptedPlanner({"GET /grow": [grow], "POST /books": [CREATE]}), LARS_MAX_MEMORY_MB=32
        )

        body = await self._assert_fails_alone(client, "/grow", {500, 504})

        assert "LARS_MAX" in body["detail"]

    async def test_a_reply_over_the_limit_is_refused_with_advice_to_page(
        self, make_client: MakeClient
    ) -> None:
        big = 'REPLY = make_response(200, ["x" * 100 for i in range(1000)])'
        client = await make_client(
            ScriptedPlanner({"GET /big": [big], "POST /books": [CREATE]}),
            LARS_MAX_RESULT_BYTES=10_000,
        )

        body = await self._assert_fails_alone(client, "/big", {400})

        assert body["error"] == "result too large"
        assert "limit" in body["detail"]

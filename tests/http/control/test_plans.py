"""The control API of plans: list, show, pin, reject and delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from larst.config import load_settings
from larst.http.app import default_components, make_app
from larst.http.components import Components
from tests.fakes import ScriptedPlanner
from tests.lazy_sandbox import LazySandbox

Client = TestClient[Any, Any]

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
LIST = "items, total = store.list()\nREPLY = make_response(200, items)"
OTHER_LIST = 'REPLY = make_response(200, store.search({}), {"X-Total-Count": "1"})'


@pytest.fixture
def planner() -> ScriptedPlanner:
    return ScriptedPlanner({"POST /books": [CREATE], "GET /books": [LIST, OTHER_LIST]})


@pytest.fixture
async def client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path, planner: ScriptedPlanner
) -> Client:
    """Return a client of a service; two books were created, and the books were listed once."""
    settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data")})
    sandbox = LazySandbox(default_components(settings).sandbox)
    components = Components(planner=planner, sandbox=sandbox)
    client = await aiohttp_client(make_app(settings, components))
    for title in ("A", "B"):
        assert (await client.post("/books", json={"title": title})).status == 201
    assert (await client.get("/books")).status == 200
    return client


async def plans(client: Client, query: str = "") -> list[dict[str, Any]]:
    reply = await client.get(f"/_larst/plans{query}")
    items: list[dict[str, Any]] = (await reply.json())["items"]
    return items


async def key_of(client: Client, method: str) -> str:
    (key,) = [plan["key"] for plan in await plans(client) if plan["method"] == method]
    return str(key)


class TestReading:
    async def test_the_most_used_plans_are_listed_first(self, client: Client) -> None:
        listed = await plans(client)

        assert [(plan["method"], plan["path"], plan["uses"]) for plan in listed] == [
            ("POST", "/books", 2),
            ("GET", "/books", 1),
        ]
        assert {plan["state"] for plan in listed} == {"learned"}
        assert "code" not in listed[0]

    async def test_a_list_has_pages(self, client: Client) -> None:
        reply = await (await client.get("/_larst/plans?limit=1&offset=1")).json()

        assert [plan["method"] for plan in reply["items"]] == ["GET"]
        assert reply["page"] == {"total": 2, "limit": 1, "offset": 1}

    @pytest.mark.parametrize("query", ["limit=x", "limit=-1", "offset=1e9", "state=best"])
    async def test_a_query_value_that_is_not_allowed_is_refused(
        self, client: Client, query: str
    ) -> None:
        reply = await client.get(f"/_larst/plans?{query}")

        assert reply.status == 400

    async def test_the_beginning_of_a_key_is_enough_to_show_a_plan(self, client: Client) -> None:
        key = await key_of(client, "POST")

        entry = await (await client.get(f"/_larst/plans/{key[:8].upper()}")).json()

        assert entry["key"] == key
        assert entry["plan"]["code"]["block"] == CREATE
        assert entry["tokens"] == {"input": 10, "output": 5}

    @pytest.mark.parametrize("key", ["0" * 64, "abc", "%2e%2e%2f", "zzzzzzzz"])
    async def test_an_unknown_or_invalid_key_is_404(self, client: Client, key: str) -> None:
        assert (await client.get(f"/_larst/plans/{key}")).status == 404

    async def test_an_unsupported_method_is_405(self, client: Client) -> None:
        reply = await client.put("/_larst/plans", json={})

        assert reply.status == 405
        assert reply.headers["Allow"] == "GET, HEAD"


class TestChanging:
    async def test_a_plan_can_be_pinned(self, client: Client) -> None:
        key = await key_of(client, "GET")

        reply = await client.post(f"/_larst/plans/{key}/pin")

        assert (reply.status, (await reply.json())["state"]) == (200, "pinned")
        assert [plan["key"] for plan in await plans(client, "?state=pinned")] == [key]

    async def test_a_rejected_plan_is_replaced_and_the_planner_gets_the_reason(
        self, client: Client, planner: ScriptedPlanner
    ) -> None:
        key = await key_of(client, "GET")

        reply = await client.post(f"/_larst/plans/{key}/reject", json={"reason": "no total"})
        listed = await client.get("/books")

        assert (await reply.json())["reason"] == "no total"
        assert listed.headers["X-Total-Count"] == "1"
        assert "no total" in planner.requests[-1].refusals[0].reason

    @pytest.mark.parametrize(
        "body", [{}, {"reason": " "}, {"reason": 1}, [], {"reason": "x" * 1001}]
    )
    async def test_a_rejection_needs_a_reason(self, client: Client, body: Any) -> None:
        """Without a reason the planner would write the same program again."""
        key = await key_of(client, "GET")

        reply = await client.post(f"/_larst/plans/{key}/reject", json=body)

        assert reply.status == 400
        assert (await client.get("/books")).headers["Server-Timing"].count('desc="hit"')

    async def test_a_body_with_a_wrong_encoding_is_an_error_of_the_client(
        self, client: Client
    ) -> None:
        """Regression test: it was reported as a bug of the service."""
        reply = await client.post(
            f"/_larst/plans/{await key_of(client, 'GET')}/reject",
            data=b"{}",
            headers={"Content-Encoding": "gzip"},
        )

        assert reply.status == 400

    async def test_after_a_deletion_the_shape_is_planned_again(
        self, client: Client, planner: ScriptedPlanner
    ) -> None:
        requests_before = len(planner.requests)

        reply = await client.delete(f"/_larst/plans/{await key_of(client, 'GET')}")
        await client.get("/books")

        assert reply.status == 204
        assert len(planner.requests) == requests_before + 1
        assert planner.requests[-1].refusals == ()


class TestOtherOrigins:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    async def test_pages_of_other_origins_can_neither_read_nor_change_plans(
        self, client: Client, headers: dict[str, str]
    ) -> None:
        """Any page that a developer visits can send requests to localhost."""
        key = await key_of(client, "GET")

        replies = [
            await client.delete(f"/_larst/plans/{key}", headers=headers),
            await client.post(f"/_larst/plans/{key}/pin", headers=headers),
            await client.get("/_larst/plans", headers=headers),
        ]

        assert [reply.status for reply in replies] == [403, 403, 403]
        assert "Access-Control-Allow-Origin" not in replies[0].headers
        assert {plan["state"] for plan in await plans(client)} == {"learned"}

    async def test_a_page_of_the_service_itself_can_read_plans(self, client: Client) -> None:
        origin = f"http://{client.host}:{client.port}"
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}

        assert (await client.get("/_larst/plans", headers=headers)).status == 200

    async def test_a_preflight_from_another_origin_is_refused(self, client: Client) -> None:
        reply = await client.options(
            "/_larst/plans",
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"},
        )

        assert reply.status == 403
        assert "Access-Control-Allow-Methods" not in reply.headers


async def test_a_program_of_the_user_replaces_that_of_the_planner(
    client: Client, planner: ScriptedPlanner
) -> None:
    """It serves at once and is pinned; the old version stays, to be compared with it."""
    (old,) = [plan for plan in await plans(client) if plan["method"] == "GET"]
    own = "REPLY = make_response(200, [item['title'] for item in store.list()[0]])"
    calls = len(planner.requests)

    reply = await client.put(f"/_larst/plans/{old['key']}/program", json={"program": own})

    version = await reply.json()
    assert (reply.status, version["state"]) == (200, "pinned")
    assert version["key"] != old["key"]
    assert await (await client.get("/books")).json() == ["A", "B"]
    assert len(planner.requests) == calls
    before = await (await client.get(f"/_larst/plans/{old['key']}")).json()
    assert (before["state"], before["plan"]["code"]["block"]) == ("rejected", LIST)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"program": "import os\nREPLY = make_response(200)"}, "line 1"),
        ({"program": "x = 1"}, "REPLY"),
        ({"program": " "}, "send the program"),
        ({}, "send the program"),
        ([], "send the program"),
    ],
)
async def test_a_program_that_the_policy_refuses_changes_nothing(
    client: Client, body: Any, detail: str
) -> None:
    before = await plans(client)

    reply = await client.put(f"/_larst/plans/{before[0]['key']}/program", json=body)

    assert reply.status == 400
    assert detail in (await reply.json())["detail"]
    assert await plans(client) == before


async def test_the_same_program_again_pins_the_plan(client: Client) -> None:
    (plan,) = [plan for plan in await plans(client) if plan["method"] == "GET"]

    reply = await client.put(f"/_larst/plans/{plan['key']}/program", json={"program": LIST})

    assert ((await reply.json())["key"], (await reply.json())["state"]) == (plan["key"], "pinned")
    assert len(await plans(client)) == 2

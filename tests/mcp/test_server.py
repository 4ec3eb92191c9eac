"""The tools of `larst mcp`, called by the client of the official SDK."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from larst.config import load_settings
from larst.http.app import make_app
from larst.mcp import Backend, make_server
from tests.http.control.helpers import Client as HttpClient


@pytest.fixture
async def service(
    aiohttp_client: Callable[..., Awaitable[HttpClient]], tmp_path: Path
) -> HttpClient:
    settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data")})
    return await aiohttp_client(make_app(settings))


def backend(service: HttpClient) -> Backend:
    return Backend(str(service.make_url("/")).rstrip("/"), None, "robot")


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Return what a tool returns; an error of the tool as its text."""
    result = await client.call_tool(tool, arguments)
    text = "".join(getattr(item, "text", "") for item in result.content)
    if result.is_error:
        return text
    return json.loads(text) if text[:1] in ("{", "[") else text


async def test_an_agent_seeds_asks_verifies_and_resets(service: HttpClient) -> None:
    async with Client(make_server(backend(service))) as client:
        assert await call(client, "seed", data={"users": [{"id": 1, "name": "Ann"}]}) == {
            "imported": {"users": 1},
            "records": 1,
        }
        assert (await call(client, "snapshot", name="clean"))["name"] == "clean"
        assert (await call(client, "record", on=True))["recording"] == "on"
        created = await call(client, "request", method="POST", path="/users", body={"name": "Ben"})
        assert (created["status"], created["body"]) == (201, {"id": 2, "name": "Ben"})
        assert created["headers"]["location"] == "/users/2"
        received = await call(client, "received", method="POST")
        assert [item["path"] for item in received["items"]] == ["/users"]
        assert (await call(client, "fake", records={"posts": 3}, seed=7))["seed"] == 7
        assert (await call(client, "reset", snapshot="clean"))["resources"] == {"users": 1}
        missing = await call(client, "request", method="GET", path="/users/2")
        assert missing["status"] == 404


async def test_the_session_is_its_own(service: HttpClient) -> None:
    async with Client(make_server(backend(service))) as client:
        await call(client, "request", method="POST", path="/users", body={"name": "Ann"})

    other = await (await service.get("/users")).json()
    own = await (await service.get("/users", headers={"X-Session-ID": "robot"})).json()
    assert (other["items"], own["items"]) == ([], [{"id": 1, "name": "Ann"}])


async def test_requests_fail_on_demand_and_time_is_set(service: HttpClient) -> None:
    rule = {"method": "POST", "path": "/users", "status": 503, "times": 1}
    async with Client(make_server(backend(service))) as client:
        await call(client, "declare", resource="users", settings={"timestamps": True})
        await call(client, "clock", setting={"now": "2030-01-01T00:00:00Z", "frozen": True})
        await call(client, "faults", rules=[rule], seed=7)
        statuses = [
            (await call(client, "request", method="POST", path="/users", body={}))["status"]
            for _ in range(2)
        ]
        shown = await call(client, "faults")
        user = (await call(client, "request", method="GET", path="/users/1"))["body"]
        now = (await call(client, "clock"))["now"]
        wrong = await call(client, "faults", rules=[{"path": "/users"}])

    assert (statuses, shown["rules"][0]["strikes"]) == ([503, 201], 1)
    assert (now, user["createdAt"]) == ("2030-01-01T00:00:00+00:00", "2030-01-01T00:00:00.000Z")
    assert "rule 1 has no fault" in wrong


async def test_plans_are_listed_shown_and_judged(service: HttpClient) -> None:
    async with Client(make_server(backend(service))) as client:
        await call(client, "request", method="GET", path="/users")
        (item,) = (await call(client, "plans"))["items"]
        assert "store" in (await call(client, "plan", key=item["key"]))["plan"]["code"]["block"]
        assert (await call(client, "judge_plan", key=item["key"], verdict="pin"))["state"] == (
            "pinned"
        )


async def test_errors_say_what_to_do(service: HttpClient) -> None:
    async with Client(make_server(backend(service))) as client:
        assert "widgets has no records" in await call(client, "fake", records={"widgets": 2})
        assert "begins with one slash" in await call(client, "request", method="GET", path="users")
        assert "no snapshot nosuch" in await call(client, "reset", snapshot="nosuch")
    async with Client(make_server(Backend("http://127.0.0.1:9", None, "robot"))) as client:
        assert "larst serve" in await call(client, "request", method="GET", path="/users")


async def test_the_guide_names_the_session_of_the_agent(service: HttpClient) -> None:
    async with Client(make_server(backend(service))) as client:
        guide = await call(client, "guide")

    assert "`POST /_larst/sessions/robot/fake`" in guide


async def test_the_command_serves_stdio(service: HttpClient) -> None:
    url = backend(service).url
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "larst", "mcp", "--session", "stdio", "--url", url]
    )
    async with Client(parameters) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        created = await call(client, "request", method="POST", path="/users", body={"n": 1})

    assert {"request", "seed", "reset", "snapshot", "received", "plans", "guide"} <= tools
    assert created["body"] == {"id": 1, "n": 1}

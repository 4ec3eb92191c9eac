"""`/llms.txt` says how to use this service; a program that knows only `/` finds what it needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from larst.config import load_settings
from larst.http.app import make_app
from tests.http.control.helpers import Client
from tests.http.live.events import watching


@pytest.fixture
async def service(aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path) -> Client:
    settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data")})
    return await aiohttp_client(make_app(settings))


async def test_every_path_of_the_guide_exists(service: Client) -> None:
    """The control API has each of them, with its method."""
    guide = await (await service.get("/llms.txt")).text()
    document = await (await service.get("/_larst/openapi.json")).json()

    named = set(re.findall(r"`([A-Z]+) (/_larst/\S+?)`", guide))
    documented = {
        (method.upper(), path.replace("/sessions/{id}", "/sessions/default"))
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert named <= documented
    assert ("POST", "/_larst/sessions/default/fake") in named
    assert ("POST", "/_larst/sessions/default/reset") in named


async def test_the_guide_is_about_the_session_of_the_request(service: Client) -> None:
    shop = {"X-Session-ID": "shop"}
    await service.post("/orders", json=[{"n": 1}, {"n": 2}], headers=shop)

    by_header = await (await service.get("/llms.txt", headers=shop)).text()
    by_path = await service.get("/@shop/llms.txt")

    assert "- `/orders`: 2 records" in by_header
    assert "- `/@shop/orders`: 2 records" in await by_path.text()
    assert by_path.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert by_path.headers["Cache-Control"] == "no-store"


async def test_the_guide_needs_the_token_that_the_root_needs(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
) -> None:
    variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_AUTH_TOKEN": "s3cret"}
    service = await aiohttp_client(make_app(load_settings(variables)))

    refused = await service.get("/llms.txt")
    guide = await service.get("/llms.txt", headers={"Authorization": "Bearer s3cret"})

    assert refused.status == 401
    text = await guide.text()
    assert "Send `Authorization: Bearer TOKEN`" in text
    assert "s3cret" not in text


class Agent:
    """Knows `/` and reads OpenAPI; words of the summaries lead it to the operations."""

    def __init__(self, service: Client, session: str) -> None:
        self.service = service
        self.session = session
        self.headers = {"X-Session-ID": session}
        self.hints: Any = None
        self.control: Any = None

    async def look(self) -> None:
        self.hints = await (await self.service.get("/", headers=self.headers)).json()
        link = self.hints["links"]["control"]
        self.control = await (await self.service.get(link)).json()

    def find(self, words: str) -> tuple[str, str, Any]:
        """Return method, path and body of the operation whose summary has all the words."""
        return next(
            (method, path, operation.get("requestBody"))
            for path, operations in self.control["paths"].items()
            for method, operation in operations.items()
            if all(word in operation["summary"].lower() for word in words.split())
        )

    async def use(self, words: str, name: str = "", body: Any = None, **query: str) -> Any:
        """Send a request that the document describes; its body has names that this has, too."""
        method, path, described = self.find(words)
        if body is not None:
            schema = described["content"]["application/json"]["schema"]
            name_of_schema = schema.get("$ref", "").rpartition("/")[2]
            schema = self.control["components"]["schemas"].get(name_of_schema, schema)
            assert body.keys() <= schema.get("properties", body).keys()
        target = path.replace("{id}", self.session).replace("{name}", name)
        reply = await self.service.request(method, target, json=body, params=query)
        assert reply.status in (200, 204), (target, await reply.text())
        return await reply.json() if reply.status == 200 else None

    async def find_in_own_document(self, words: str) -> str:
        """Return the path of the first GET of the session whose description has the words."""
        link = self.hints["links"]["openapi"]
        document = await (await self.service.get(link, headers=self.headers)).json()
        described = {
            str(path): operations.get("get", {}).get("description", "")
            for path, operations in sorted(document["paths"].items())
        }
        return next(path for path, text in described.items() if words in text)


async def test_an_agent_finds_its_way_from_the_root(service: Client) -> None:
    agent = Agent(service, "agent")
    await agent.look()
    await agent.use("import db.json", body={"users": [{"id": 1, "name": "Ann"}]})
    await agent.use("save snapshot", "clean")
    await agent.use("begin record requests", body={"recording": "on"})
    await agent.use("fake records", body={"posts": 4})
    posts = await (await service.get("/posts", headers=agent.headers)).json()
    assert posts["page"]["total"] == 4
    recorded = await agent.use("list recorded requests")
    assert [item["path"] for item in recorded["items"]] == ["/posts"]
    await agent.use("go back to a snapshot", "clean")
    posts = await (await service.get("/posts", headers=agent.headers)).json()
    assert posts["page"]["total"] == 0


async def test_an_agent_finds_how_to_watch_break_and_verify(service: Client) -> None:
    agent = Agent(service, "agent")
    await agent.look()
    await agent.use("import db.json", body={"users": [{"id": 1, "name": "Ann"}]})
    await agent.use("begin record requests", body={"recording": "on"})

    path = await agent.find_in_own_document("Accept: text/event-stream")
    async with watching(service, path, **agent.headers) as stream:
        assert (await stream.next()).name == "state"
        rule = {"method": "POST", "path": "/users", "status": 503, "times": 1}
        await agent.use("replace faults which requests fail", body={"rules": [rule]})
        sent = [await service.post("/users", json={}, headers=agent.headers) for _ in range(2)]
        assert [reply.status for reply in sent] == [503, 201]
        assert (await stream.next()).data["id"] == 2

    broken = await agent.use("list recorded requests", status="503", wait="1s", count="1")
    assert [(item["method"], item["path"]) for item in broken["items"]] == [("POST", "/users")]
    await agent.use("remove faults")
    await agent.use("declare unique", "users", body={"unique": ["name"]})
    taken = await service.post("/users", json={"name": "Ann"}, headers=agent.headers)
    assert taken.status == 409

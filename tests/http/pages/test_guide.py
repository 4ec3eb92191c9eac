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


async def test_an_agent_finds_its_way_from_the_root(service: Client) -> None:
    """It knows `/` and reads OpenAPI; words of the summaries lead to the operations."""
    hints = await (await service.get("/")).json()
    control = await (await service.get(hints["links"]["control"])).json()

    def find(words: str) -> tuple[str, str]:
        """Return the method and the path of the operation whose summary has all the words."""
        return next(
            (method, path)
            for path, operations in control["paths"].items()
            for method, operation in operations.items()
            if all(word in operation["summary"].lower() for word in words.split())
        )

    async def use(words: str, name: str = "", body: Any = None) -> Any:
        method, path = find(words)
        target = path.replace("{id}", "agent").replace("{name}", name)
        reply = await service.request(method, target, json=body)
        assert reply.status in (200, 204), (target, await reply.text())
        return await reply.json() if reply.status == 200 else None

    session = {"X-Session-ID": "agent"}
    await use("import db.json", body={"users": [{"id": 1, "name": "Ann"}]})
    await use("save snapshot", "clean")
    await use("begin record requests", body={"recording": "on"})
    await use("fake records", body={"posts": 4})
    assert (await (await service.get("/posts", headers=session)).json())["page"]["total"] == 4
    recorded = await use("list recorded requests")
    assert [item["path"] for item in recorded["items"]] == ["/posts"]
    await use("go back to a snapshot", "clean")
    assert (await (await service.get("/posts", headers=session)).json())["page"]["total"] == 0

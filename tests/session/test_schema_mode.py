"""LARS_SCHEMA_MODE: what differs from what was learned widens it, is told, or is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from larst.config import load_settings
from larst.http.app import make_app

Client = TestClient[Any, Any]
MakeClient = Callable[[str], Awaitable[Client]]
PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
async def make_client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
) -> MakeClient:
    """Return a maker of clients in which one member is stored."""

    async def make(mode: str) -> Client:
        variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_SCHEMA_MODE": mode}
        client = await aiohttp_client(make_app(load_settings(variables)))
        assert (await client.post("/members", json={"name": "Ann", "age": 30})).status == 201
        return client

    return make


class TestEnforce:
    async def test_a_record_that_breaks_the_schema_is_refused_with_each_field(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client("enforce")

        reply = await client.post("/members", json={"name": 5, "nick": "B"})

        told = await reply.json()
        assert (reply.status, told["error"]) == (422, "schema broken")
        for drift in ("age: missing", "name: string expected, found integer", "nick: unknown"):
            assert drift in told["detail"]
        listed = await (await client.get("/members")).json()
        assert listed["page"]["total"] == 1

    @pytest.mark.parametrize(
        ("method", "path", "body", "headers"),
        [
            ("PUT", "/members/1", {"name": "Ann"}, {}),
            ("PATCH", "/members/1", {"age": "old"}, {}),
            ("PATCH", "/members/1", [{"op": "remove", "path": "/age"}], PATCH),
            ("PATCH", "/members?name=Ann", {"nick": "A"}, {}),
            ("POST", "/members", [{"name": "B", "age": 1}, {"name": "C"}], {}),
        ],
    )
    async def test_by_whatever_way_it_comes(
        self,
        make_client: MakeClient,
        method: str,
        path: str,
        body: Any,
        headers: dict[str, str],
    ) -> None:
        client = await make_client("enforce")

        reply = await client.request(method, path, json=body, headers=headers)

        assert reply.status == 422
        assert (await (await client.get("/members")).json())["items"] == [
            {"id": 1, "name": "Ann", "age": 30}
        ]

    async def test_what_fits_is_stored(self, make_client: MakeClient) -> None:
        client = await make_client("enforce")

        created = await client.post("/members", json={"name": "Ben", "age": 31})
        changed = await client.patch("/members/1", json={"age": 31})

        assert (created.status, changed.status) == (201, 200)
        assert "X-LARST-Schema-Drift" not in created.headers

    async def test_the_first_write_of_a_resource_defines_it(self, make_client: MakeClient) -> None:
        """Also where it is a list of unlike records."""
        client = await make_client("enforce")

        first = await client.post("/films", json=[{"title": "A"}, {"title": "B", "year": 1990}])
        later = await client.post("/films", json={"title": "C"})

        assert (first.status, later.status) == (201, 201)

    async def test_a_wrong_record_does_not_use_up_an_id(self, make_client: MakeClient) -> None:
        client = await make_client("enforce")
        await client.post("/members", json={"name": "B"})

        created = await client.post("/members", json={"name": "B", "age": 1})

        assert (await created.json())["id"] == 2


async def test_warn_stores_the_record_and_tells_of_the_drift(make_client: MakeClient) -> None:
    client = await make_client("warn")

    reply = await client.post("/members", json={"name": 5, "age": 1, "näme": "B"})
    again = await client.post("/members", json={"name": 5, "age": 1, "näme": "B"})

    assert reply.status == 201
    assert reply.headers["X-LARST-Schema-Drift"] == (
        "members/2: name: string expected, found integer; members/2: n\\xe4me: unknown field"
    )
    # It has been learned by then.
    assert "X-LARST-Schema-Drift" not in again.headers


async def test_an_id_that_is_no_header_text_is_spelled_out(make_client: MakeClient) -> None:
    client = await make_client("warn")

    reply = await client.post("/members", json={"id": "a\u2603", "name": "B", "age": "1"})

    assert reply.status == 201
    assert r"members/a\u2603: age: " in reply.headers["X-LARST-Schema-Drift"]


async def test_learn_widens_in_silence(make_client: MakeClient) -> None:
    client = await make_client("learn")

    reply = await client.post("/members", json={"name": 5})

    assert reply.status == 201
    assert "X-LARST-Schema-Drift" not in reply.headers

"""LARS_SCHEMA_MODE: a record with drift widens the schema, gets a warning, or is refused."""

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
    """Return a function that starts a service which has one member."""

    async def make(mode: str) -> Client:
        variables = {"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_SCHEMA_MODE": mode}
        client = await aiohttp_client(make_app(load_settings(variables)))
        assert (await client.post("/members", json={"name": "Ann", "age": 30})).status == 201
        return client

    return make


class TestEnforce:
    async def test_a_record_with_drift_is_refused_and_each_field_is_named(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client("enforce")

        reply = await client.post("/members", json={"name": 5, "nick": "B"})

        problem = await reply.json()
        assert (reply.status, problem["error"]) == (422, "schema broken")
        for drift in ("age: missing", "name: string expected, found integer", "nick: unknown"):
            assert drift in problem["detail"]
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
    async def test_every_kind_of_write_is_checked(
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

    async def test_a_record_that_conforms_is_stored(self, make_client: MakeClient) -> None:
        client = await make_client("enforce")

        created = await client.post("/members", json={"name": "Ben", "age": 31})
        changed = await client.patch("/members/1", json={"age": 31})

        assert (created.status, changed.status) == (201, 200)
        assert "X-LARST-Schema-Drift" not in created.headers

    async def test_the_first_write_of_a_resource_defines_it(self, make_client: MakeClient) -> None:
        """Even if it is a list of records with different fields."""
        client = await make_client("enforce")

        first = await client.post("/films", json=[{"title": "A"}, {"title": "B", "year": 1990}])
        later = await client.post("/films", json={"title": "C"})

        assert (first.status, later.status) == (201, 201)

    async def test_a_refused_record_does_not_use_up_an_id(self, make_client: MakeClient) -> None:
        client = await make_client("enforce")
        await client.post("/members", json={"name": "B"})

        created = await client.post("/members", json={"name": "B", "age": 1})

        assert (await created.json())["id"] == 2


async def test_warn_stores_the_record_and_reports_the_drift(make_client: MakeClient) -> None:
    client = await make_client("warn")

    reply = await client.post("/members", json={"name": 5, "age": 1, "näme": "B"})
    repeated = await client.post("/members", json={"name": 5, "age": 1, "näme": "B"})

    assert reply.status == 201
    assert reply.headers["X-LARST-Schema-Drift"] == (
        "members/2: name: string expected, found integer; members/2: n\\xe4me: unknown field"
    )
    # The first write has widened the schema.
    assert "X-LARST-Schema-Drift" not in repeated.headers


async def test_an_id_that_a_header_cannot_carry_is_escaped(make_client: MakeClient) -> None:
    client = await make_client("warn")

    reply = await client.post("/members", json={"id": "a\u2603", "name": "B", "age": "1"})

    assert reply.status == 201
    assert r"members/a\u2603: age: " in reply.headers["X-LARST-Schema-Drift"]


async def test_learn_widens_the_schema_without_a_warning(make_client: MakeClient) -> None:
    client = await make_client("learn")

    reply = await client.post("/members", json={"name": 5})

    assert reply.status == 201
    assert "X-LARST-Schema-Drift" not in reply.headers

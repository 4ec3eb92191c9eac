"""The state of the service: parts, counters and limits."""

from __future__ import annotations

import pytest

from tests.http.helpers import MakeClient
from tests.http.tenants import ALL, Start, entry


async def test_it_counts_what_happened(make_client: MakeClient) -> None:
    client = await make_client(LARS_MAX_RECORDS="7")
    await client.post("/books", json={"n": 1})
    await client.get("/books/99")

    status = await (await client.get("/_larst/status")).json()

    assert status["metrics"]["http.server.request.duration"] == {"2xx": 1, "4xx": 1}
    assert status["metrics"]["larst.mailbox.depth"] == {"all": 0}
    assert status["metrics"]["larst.sessions"]["live"] == 1
    assert status["limits"]["LARS_MAX_RECORDS"] == 7
    assert status["limits"]["LARS_MAX_SESSIONS"] is None
    assert status["planner"]["is_ready"] is True


async def test_it_shows_what_a_session_uses_of_its_quotas(make_client: MakeClient) -> None:
    client = await make_client(LARS_MAX_RECORDS="7", LARS_MAX_SESSIONS="5")
    for path in ("/books", "/books", "/pens"):
        await client.post(path, json={"n": 1}, headers={"X-Session-ID": "shop"})

    usage = (await (await client.get("/_larst/status?session=shop")).json())["usage"]

    assert usage["tenant"] == "default"
    assert usage["sessions"] == {"used": 1, "limit": 5}
    session = usage["session"]
    assert (session["id"], session["records"]) == ("shop", {"used": 3, "limit": 7})
    assert session["resources"] == {"used": 2, "limit": 1000}
    assert 0 < session["size_bytes"]["used"] < session["size_bytes"]["limit"] == 1024**3


async def test_looking_at_a_session_without_data_makes_none(make_client: MakeClient) -> None:
    client = await make_client()

    usage = (await (await client.get("/_larst/status?session=none")).json())["usage"]

    assert usage["session"]["records"]["used"] == 0
    assert usage["session"]["size_bytes"]["used"] == 0
    assert (await client.get("/_larst/sessions/none")).status == 404


@pytest.mark.parametrize("name", ["a/b", "", "a" * 129])
async def test_a_name_that_is_not_valid_is_refused(make_client: MakeClient, name: str) -> None:
    client = await make_client()

    assert (await client.get("/_larst/status", params={"session": name})).status == 400


async def test_an_admin_of_a_tenant_sees_its_own_usage_only(start: Start) -> None:
    """Sessions of the same name are two; the state of the whole service is the operator's."""
    service = await start(
        entry("ann", "acme", ALL, sessions=4),
        entry("ben", "globex", ALL),
        entry("operator", "default", ALL),
    )
    for token, names in (("ann", ["shop"]), ("ben", ["shop", "desk", "lab"])):
        for name in names:
            headers = {"X-Session-ID": name}
            await service.send(token, "POST", "/books", json={"by": token}, headers=headers)
    await service.send("ben", "POST", "/pens", json={"n": 1}, headers={"X-Session-ID": "shop"})

    ann = await service.json("ann", "/_larst/status?session=shop")
    ben = await service.json("ben", "/_larst/status?session=shop")
    operator = await service.json("operator", "/_larst/status?session=shop")

    assert [*ann] == [*ben] == ["usage"]
    assert (ann["usage"]["tenant"], ben["usage"]["tenant"]) == ("acme", "globex")
    assert ann["usage"]["sessions"] == {"used": 1, "limit": 4}
    assert ann["usage"]["session"]["records"]["used"] == 1
    assert ben["usage"]["sessions"] == {"used": 3, "limit": None}
    assert ben["usage"]["session"]["records"]["used"] == 2
    assert operator["usage"]["sessions"]["used"] == 0
    assert operator["usage"]["session"]["records"]["used"] == 0
    assert "metrics" in operator


async def test_a_token_without_the_scope_admin_gets_403(start: Start) -> None:
    service = await start()

    assert (await service.send("writer", "GET", "/_larst/status")).status == 403

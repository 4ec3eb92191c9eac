"""Fake data in a session: all of it in one transaction, within the quotas."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from larst.config import load_settings
from larst.http.app import make_app
from tests.http.control.helpers import TWO, Client, export, sleep

FAKE = "/_larst/sessions/two/fake"


async def test_records_link_to_each_other_and_stay(client: Client) -> None:
    """Also of a session that had no data, and after it has slept."""
    reply = await client.post(f"{FAKE}?seed=7", json={"users": 5, "posts": 20})

    assert await reply.json() == {
        "created": {"users": 5, "posts": 20},
        "records": 25,
        "seed": 7,
    }
    await sleep(client, "two")
    page = await (await client.get("/posts?_expand=user&_limit=3", headers=TWO)).json()
    assert all(post["user"]["id"] == post["userId"] for post in page)
    created = await (await client.post("/users", json={"firstName": "A"}, headers=TWO)).json()
    assert created["id"] == 6


async def test_a_random_seed_is_reported_and_repeats_the_data(client: Client) -> None:
    first = await (await client.post(FAKE, json={"users": 3})).json()
    stream = await export(client, "two")
    await client.post("/_larst/sessions/two/reset")

    await client.post(f"{FAKE}?seed={first['seed']}", json={"users": 3})

    records = [line for line in stream.splitlines() if b'"record"' in line]
    again = [line for line in (await export(client, "two")).splitlines() if b'"record"' in line]
    assert records == again


async def test_nothing_is_stored_if_one_resource_is_not_understood(client: Client) -> None:
    reply = await client.post(FAKE, json={"users": 3, "widgets": 2})

    assert reply.status == 400
    assert "widgets has no records" in (await reply.json())["detail"]
    assert (await (await client.get("/users", headers=TWO)).json())["items"] == []


async def test_a_singleton_is_not_filled(client: Client) -> None:
    await client.put("/settings", json={"theme": "dark"}, headers=TWO)

    reply = await client.post(FAKE, json={"settings": 3})

    assert (reply.status, "single object" in (await reply.json())["detail"]) == (400, True)


@pytest.mark.parametrize("seed", ["x", "-1", str(2**32)])
async def test_a_seed_is_a_number(client: Client, seed: str) -> None:
    assert (await client.post(f"{FAKE}?seed={seed}", json={"users": 1})).status == 400


async def test_a_quota_refuses_all_of_it(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path
) -> None:
    settings = load_settings({"SANDBOX_DATA_ROOT": str(tmp_path / "data"), "LARS_MAX_RECORDS": 10})
    client = await aiohttp_client(make_app(settings))

    reply = await client.post(FAKE, json={"users": 11})

    assert (reply.status, (await reply.json())["error"]) == (507, "quota full")
    assert (await client.post(FAKE, json={"users": 10})).status == 200


async def test_without_faker_the_error_names_the_extra(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = builtins.__import__

    def without_faker(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "faker":
            raise ImportError(name)
        return imports(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_faker)

    reply = await client.post(FAKE, json={"users": 1})

    body = await reply.json()
    assert (reply.status, body["error"]) == (501, "extra not installed")
    assert "pip install 'larst[fake]'" in body["detail"]


async def test_pages_of_other_origins_cannot_fill_a_session(client: Client) -> None:
    reply = await client.post(FAKE, json={"users": 1}, headers={"Origin": "http://evil.example"})

    assert reply.status == 403

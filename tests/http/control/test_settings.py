"""`/_larst/sessions/{id}/settings`: read, replaced, refused and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from larst.dialects import DIALECTS
from tests.http.control.helpers import Client, export, sleep

PATH = "/_larst/sessions/one/settings"
UNSET = {"dialect": None, "unknown_query": None}


async def settings(client: Client) -> Any:
    return await (await client.get(PATH)).json()


async def test_settings_are_unset_at_first_and_replaced_whole(client: Client) -> None:
    """A setting that a PUT leaves out is unset, as PUT replaces."""
    assert await settings(client) == UNSET

    reply = await client.put(PATH, json={"dialect": "odata", "unknown_query": "refuse"})
    assert (reply.status, await reply.json()) == (200, await settings(client))
    assert await settings(client) == {"dialect": "odata", "unknown_query": "refuse"}

    await client.put(PATH, json={"unknown_query": "ignore"})
    assert await settings(client) == {"dialect": None, "unknown_query": "ignore"}


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b'{"dialect":"nope"}', DIALECTS),
        (b'{"dialect":["odata"]}', DIALECTS),
        (b'{"unknown_query":1}', ("match-nothing", "refuse", "ignore", "null")),
        (b'{"colour":"red"}', ("'colour'", "dialect", "unknown_query")),
        (b'["odata"]', ("object", "dialect", "unknown_query")),
        (b'{"dialect":', ("JSON",)),
    ],
)
async def test_a_wrong_setting_is_refused_with_the_allowed_values(
    client: Client, body: bytes, parts: list[str]
) -> None:
    await client.put(PATH, json={"dialect": "drf"})

    reply = await client.put(PATH, data=body)

    problem = await reply.json()
    assert reply.status == 400
    assert all(part in problem["detail"] for part in parts)
    assert (await settings(client))["dialect"] == "drf"


@pytest.mark.parametrize("is_asleep", [True, False])
async def test_a_session_shows_its_settings(client: Client, *, is_asleep: bool) -> None:
    """One that is asleep shows them without waking up."""
    await client.put(PATH, json={"dialect": "odata"})
    if is_asleep:
        await sleep(client, "one")

    session = await (await client.get("/_larst/sessions/one")).json()

    assert session["state"] == ("asleep" if is_asleep else "awake")
    assert session["settings"] == {"dialect": "odata", "unknown_query": None}
    assert session["learned_dialect"] is None


async def test_settings_survive_sleep(client: Client) -> None:
    await client.put(PATH, json={"dialect": "odata"})
    await sleep(client, "one")

    assert (await settings(client))["dialect"] == "odata"


async def test_a_session_can_be_set_before_it_has_data(client: Client) -> None:
    path = PATH.replace("one", "new")
    assert (await client.get(path)).status == 404

    assert (await client.put(path, json={"dialect": "odata"})).status == 200

    assert await (await client.get(path)).json() == {"dialect": "odata", "unknown_query": None}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_other_methods_are_not_allowed(client: Client, method: str) -> None:
    reply = await client.request(method, PATH, json={})

    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, PUT"


async def test_settings_are_not_data(client: Client) -> None:
    """They are neither a resource of the session nor a part of its export."""
    before = await export(client, "one")
    await client.put(PATH, json={"dialect": "odata"})

    assert await export(client, "one") == before
    document = await (await client.get("/swagger.json?session=one")).json()
    assert not [path for path in document["paths"] if "settings" in path]


async def test_an_import_sets_the_dialect(client: Client) -> None:
    await client.put(PATH.replace("one", "two"), json={"unknown_query": "refuse"})

    path = "/_larst/sessions/two/import?dialect=json-server"
    assert (await client.post(path, json={"posts": [{"id": 1}]})).status == 200

    session = await (await client.get("/_larst/sessions/two")).json()
    assert session["settings"] == {"dialect": "json-server", "unknown_query": "refuse"}
    assert session["learned_dialect"] is None


async def test_an_import_that_is_refused_sets_nothing(client: Client, tmp_path: Path) -> None:
    for query, body in (("odata", b"{"), ("nope", b'{"posts":[]}')):
        path = f"/_larst/sessions/two/import?dialect={query}"
        assert (await client.post(path, data=body)).status == 400
    refused = await client.post("/_larst/sessions/one/import?dialect=odata", json={"a": []})

    assert refused.status == 409
    assert await settings(client) == UNSET
    assert not (tmp_path / "data" / "two").exists()

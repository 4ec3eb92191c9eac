"""The clock of a session: what its programs see, and how it is set through the control API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import ScriptedPlanner
from tests.http.helpers import S1, S2, Client, MakeClient

NOW = (
    "now = datetime.datetime.now(datetime.timezone.utc)\n"
    "today = datetime.date.today()\n"
    'REPLY = make_response(200, {"now": now.isoformat(), "today": today.isoformat()})'
)
CLOCK = "/_larst/sessions/one/clock"
INSTANT = "2030-02-03T04:05:06+00:00"


def planner() -> ScriptedPlanner:
    return ScriptedPlanner({"GET /now": [NOW]})


async def now(client: Client, **headers: str) -> Any:
    reply = await client.get("/now", headers={**S1, **headers})
    assert reply.status == 200, await reply.text()
    return await reply.json()


async def put(client: Client, value: object) -> Any:
    reply = await client.put(CLOCK, json=value)
    assert reply.status == 200, await reply.text()
    return await reply.json()


@pytest.mark.parametrize("executor", ["direct", "sandbox"])
async def test_programs_see_the_frozen_clock_of_their_session(
    make_client: MakeClient, executor: str
) -> None:
    client = await make_client(planner(), LARS_EXECUTOR=executor)
    clock = await put(client, {"now": INSTANT, "frozen": True})
    assert (clock["now"], clock["frozen"]) == (INSTANT, True)

    assert await now(client) == {"now": INSTANT, "today": "2030-02-03"}
    assert await now(client) == {"now": INSTANT, "today": "2030-02-03"}
    other = await (await client.get("/now", headers=S2)).json()
    assert other["today"] < "2030"

    await put(client, {"advance": "+1d"})
    assert (await now(client))["now"] == "2030-02-04T04:05:06+00:00"
    assert (await client.delete(CLOCK)).status == 204
    assert (await now(client))["today"] < "2030"


async def test_an_offset_runs_with_real_time(make_client: MakeClient) -> None:
    client = await make_client(planner())
    real = (await now(client))["now"]
    clock = await put(client, {"offset": "-365d"})
    first, second = (await now(client))["now"], (await now(client))["now"]
    assert clock["offset_s"] == -365 * 86_400
    assert first < second < real


async def test_a_header_sets_the_time_of_one_request(make_client: MakeClient) -> None:
    client = await make_client(planner())
    await put(client, {"now": INSTANT, "frozen": True})

    at = await now(client, **{"X-LARST-Now": "2040-01-01T00:00:00Z"})

    assert at["now"] == "2040-01-01T00:00:00+00:00"
    assert (await now(client))["now"] == INSTANT


async def test_a_header_that_is_not_an_instant_is_refused(make_client: MakeClient) -> None:
    """Also where the program does not use the time: a typing mistake would go unnoticed."""
    client = await make_client()
    for _ in range(2):  # the second time, the plan exists
        reply = await client.get("/tasks", headers={"X-LARST-Now": "soon"})
        assert reply.status == 400
        assert "X-LARST-Now must be an instant" in (await reply.json())["detail"]


async def test_the_clock_survives_a_restart(make_client: MakeClient) -> None:
    client = await make_client(planner())
    await put(client, {"now": INSTANT, "frozen": True})
    await client.close()

    client = await make_client(planner())

    assert (await (await client.get(CLOCK)).json())["now"] == INSTANT
    assert (await now(client))["now"] == INSTANT


async def test_a_snapshot_has_the_clock(make_client: MakeClient) -> None:
    client = await make_client(planner())
    await client.post("/tasks", json={"n": 1}, headers=S1)
    await put(client, {"now": INSTANT, "frozen": True})
    await client.put("/_larst/sessions/one/snapshots/start")
    await client.delete(CLOCK)

    await client.post("/_larst/sessions/one/snapshots/start/load")

    assert (await now(client))["now"] == INSTANT


async def test_settings_and_clock_do_not_overwrite_each_other(make_client: MakeClient) -> None:
    client = await make_client(planner())
    await put(client, {"now": INSTANT, "frozen": True})
    await client.put("/_larst/sessions/one/settings", json={"dialect": "odata"})
    assert (await (await client.get(CLOCK)).json())["now"] == INSTANT
    await client.delete(CLOCK)
    settings = await (await client.get("/_larst/sessions/one/settings")).json()
    assert settings["dialect"] == "odata"


async def test_a_wrong_clock_and_an_unknown_session(make_client: MakeClient) -> None:
    client = await make_client()
    reply = await client.put(CLOCK, json={"now": "tomorrow"})
    assert (reply.status, "ISO 8601" in await reply.text()) == (400, True)
    assert (await client.get("/_larst/sessions/none/clock")).status == 404
    assert (await client.delete("/_larst/sessions/none/clock")).status == 404

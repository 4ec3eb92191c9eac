"""Cases: the replies that a pinned plan must give, also with another program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CANCEL = (
    'order = store.get(plan["identifier"])\n'
    "if order is None:\n"
    '    REPLY = make_response(404, {"error": "not found"})\n'
    'elif order["status"] == "cancelled":\n'
    '    REPLY = make_response(409, {"error": "cancelled already"})\n'
    "else:\n"
    '    at = datetime.datetime.now().isoformat() + "Z"\n'
    '    changes = {"status": "cancelled", "at": at}\n'
    '    REPLY = make_response(200, store.update(order["id"], changes))'
)
OPEN = {"item": "tea", "status": "open", "at": None}
FORCED = 'REPLY = make_response(200, {"cancelled": store.get(plan["identifier"]) is not None})'
PATH = "/orders/1/cancel"


async def shop(make_client: MakeClient, program: str = CANCEL) -> tuple[Client, str]:
    """Return a service in which order 1 was cancelled, and the key of the plan that did it."""
    model = ScriptedPlanner({"POST /orders/<int>/cancel": [program]})
    client = await make_client(RulesFirstPlanner(RulesPlanner(), model))
    for _ in range(2):
        assert (await client.post("/orders", json=OPEN)).status == 201
    reply = await client.post(PATH)
    assert reply.status == 200, await reply.text()
    return client, reply.headers["X-LARST-Plan"]


async def plan_of(client: Client, key: str) -> Any:
    return await (await client.get(f"/_larst/plans/{key}")).json()


async def run(client: Client, path: str = "test") -> Any:
    reply = await client.post(f"/_larst/plans/{path}")
    assert reply.status == 200
    return await reply.json()


async def test_a_pin_keeps_the_latest_run_as_a_case(make_client: MakeClient) -> None:
    """With the records as they were before it; times of the program are classes."""
    client, key = await shop(make_client)
    assert (await plan_of(client, key))["cases"] == []

    pinned = await (await client.post(f"/_larst/plans/{key}/pin")).json()

    assert pinned["cases"] == 1
    (case,) = (await plan_of(client, key))["cases"]
    assert case["request"] == {
        "method": "POST",
        "path": PATH,
        "query": {},
        "body": None,
        "has_body": False,
    }
    assert case["given"] == {"orders": [{"id": 1, **OPEN}, {"id": 2, **OPEN}]}
    assert case["status"] == 200
    assert case["body"] == {"id": 1, **OPEN, "status": "cancelled", "at": "<datetime>"}


async def test_cases_run_on_a_session_of_their_own(make_client: MakeClient) -> None:
    """Order 1 is cancelled by now: the case has the records that it was made with."""
    client, key = await shop(make_client)
    await client.post(f"/_larst/plans/{key}/pin")
    before = await (await client.get("/orders")).json()

    for path in ("test", f"{key}/test"):
        results = await run(client, path)
        assert (results["passed"], results["failed"], results["not_run"]) == (1, 0, 0)
        assert results["items"][0]["path"] == PATH

    assert await (await client.get("/orders")).json() == before
    assert (await (await client.get("/_larst/sessions")).json())["page"]["total"] == 1


async def test_a_new_program_must_pass_the_cases(make_client: MakeClient) -> None:
    client, key = await shop(make_client)
    await client.post(f"/_larst/plans/{key}/pin")
    path = f"/_larst/plans/{key}/program"

    refused = await client.put(path, json={"program": FORCED})

    assert refused.status == 409
    detail = (await refused.json())["detail"]
    assert "1 of 1 cases" in detail
    assert "body.status is missing" in detail
    assert (await plan_of(client, key))["state"] == "pinned"
    better = CANCEL.replace("cancelled already", "too late")
    accepted = await (await client.put(path, json={"program": better})).json()
    assert (accepted["state"], accepted["cases"]) == ("pinned", 1)
    forced = await client.put(
        f"/_larst/plans/{accepted['key']}/program?force=true", json={"program": FORCED}
    )
    assert (await forced.json())["cases"] == 0


async def test_a_file_that_was_edited_badly_fails_its_case(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """People edit plans as files, too."""
    client, key = await shop(make_client)
    await client.post(f"/_larst/plans/{key}/pin")
    whole = (await plan_of(client, key))["key"]
    await client.close()
    (file,) = (tmp_path / "data" / ".plans").glob(f"{whole}.json")
    entry = json.loads(file.read_text())
    entry["plan"]["code"]["block"] = "REPLY = make_response(200, [][0])"
    file.write_text(json.dumps(entry))

    results = await run(await make_client(RulesPlanner()))

    assert results["failed"] == 1
    assert "the program failed" in results["items"][0]["differences"][0]


async def test_an_example_becomes_the_reply_of_the_case(make_client: MakeClient) -> None:
    client, key = await shop(make_client)
    goal = {
        "status": 200,
        "body": {"id": 2, "item": "<text>", "status": "cancelled", "at": "<any>"},
    }
    reply = await client.post("/orders/2/cancel", headers={"X-LARST-Example": json.dumps(goal)})
    assert reply.status == 200

    await client.post(f"/_larst/plans/{key}/pin")

    (case,) = (await plan_of(client, key))["cases"]
    assert (case["request"]["path"], case["body"]) == ("/orders/2/cancel", goal["body"])


async def test_large_data_makes_no_case(make_client: MakeClient) -> None:
    """A plan stays a small file, and takes few records of a session with it."""
    client, key = await shop(make_client)
    large = {**OPEN, "item": "x" * 40_000}
    assert (await client.put("/orders/2", json=large)).status == 200
    goal = json.dumps({"body": "<any>"})
    assert (await client.post("/orders/2/cancel", headers={"X-LARST-Example": goal})).status == 200

    pinned = await (await client.post(f"/_larst/plans/{key}/pin")).json()

    assert pinned["cases"] == 0


async def test_a_plan_of_an_older_prompt_serves_and_is_marked(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """An update of LARST must not cost a call for each shape."""
    client, key = await shop(make_client)
    whole = (await plan_of(client, key))["key"]
    plans = (await (await client.get("/_larst/plans")).json())["items"]
    marks = {plan["planner"]: plan["has_older_prompt"] for plan in plans}
    assert marks == {"scripted": True, "rules": False}  # its version is "1"
    assert (await plan_of(client, whole))["has_older_prompt"]

"""Programs whose effects are refused: the data stays, and the planner gets the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
LIST = "REPLY = make_response(200, store.list()[0])"
DELETE_ALL = 'store.delete_where({})\nREPLY = make_response(200, {"report": []})'
UPDATE_ALL = 'store.update_where({}, {"state": "closed"})\nREPLY = make_response(200, {})'
CLOSE_ONE = 'REPLY = make_response(200, store.update(plan["identifier"] or 1, {"state": "closed"}))'
WRITE_USERS = (
    'session_store.resource("users").insert({"role": "admin"})\nREPLY = make_response(201, {})'
)
INSERT = 'store.insert({"seen": True})\nREPLY = make_response(200, {})'
COUNT = 'REPLY = make_response(200, {"count": store.count()})'
REFUSES = 'store.delete_where({})\nREPLY = make_response(409, {"error": "no"})'

OPEN = [{"id": 1, "state": "open"}, {"id": 2, "state": "open"}]

FAULTS = [
    ("GET", "/orders/report", DELETE_ALL),
    ("HEAD", "/orders/report", DELETE_ALL),
    ("GET", "/orders/recent", INSERT),
    ("POST", "/orders/1/close", UPDATE_ALL),
    ("POST", "/orders/1/close", DELETE_ALL),
    ("POST", "/notes", WRITE_USERS),
    ("DELETE", "/orders/1/tags", DELETE_ALL),
]


def shape_of(method: str, path: str) -> str:
    return f"{'GET' if method == 'HEAD' else method} {path.replace('/1', '/<int>')}"


async def orders(
    make_client: MakeClient, script: dict[str, list[str]], **variables: Any
) -> tuple[Client, ScriptedPlanner]:
    """Return a service with two orders, planned by a script."""
    planner = ScriptedPlanner(
        {"POST /orders": [CREATE], "GET /orders": [LIST], "GET /users": [LIST], **script}
    )
    client = await make_client(planner, **variables)
    for order in OPEN:
        assert (await client.post("/orders", json=order)).status == 201
    return client, planner


async def content(client: Client) -> list[Any]:
    return [await (await client.get(path)).json() for path in ("/orders", "/users")]


@pytest.mark.parametrize(("method", "path", "program"), FAULTS)
async def test_effects_that_the_request_does_not_name_are_refused(
    make_client: MakeClient, method: str, path: str, program: str
) -> None:
    """502 in the end, with nothing lost and nothing learned."""
    client, planner = await orders(make_client, {shape_of(method, path): [program]})

    replies = [await client.request(method, path) for _ in range(2)]

    assert [reply.status for reply in replies] == [502, 502]
    assert await content(client) == [OPEN, []]
    refusals = planner.requests[-3].refusals
    plans = (await (await client.get("/_larst/plans?state=refused")).json())["items"]
    assert [plan["uses"] for plan in plans] == [0]
    assert not any(refusal.has_values for refusal in refusals)


async def test_the_reason_goes_to_the_next_attempt(make_client: MakeClient) -> None:
    shape = "POST /orders/<int>/close"
    client, planner = await orders(make_client, {shape: [UPDATE_ALL, CLOSE_ONE]})

    reply = await client.post("/orders/1/close")

    assert (reply.status, await reply.json()) == (200, {"id": 1, "state": "closed"})
    (refusal,) = planner.requests[-1].refusals
    assert "only records that path or body name" in refusal.reason
    assert "orders" in refusal.reason
    assert (await content(client))[0][1] == OPEN[1]
    calls = len(planner.requests)
    assert (await client.post("/orders/1/close")).status == 200
    assert len(planner.requests) == calls  # the better program was learned


async def test_a_pinned_plan_may_do_what_its_user_approved(make_client: MakeClient) -> None:
    """The refused program is kept, so that a user can look at it."""
    client, planner = await orders(make_client, {"POST /orders/<int>/close": [UPDATE_ALL]})
    assert (await client.post("/orders/1/close")).status == 502
    (plan,) = (await (await client.get("/_larst/plans?state=refused")).json())["items"]
    assert "only records" in plan["reason"]
    calls = len(planner.requests)

    await client.post(f"/_larst/plans/{plan['key']}/pin")

    assert (await client.post("/orders/1/close")).status == 200
    assert len(planner.requests) == calls
    assert {order["state"] for order in (await content(client))[0]} == {"closed"}


async def test_a_learned_plan_is_checked_each_time(make_client: MakeClient) -> None:
    """Its effects depend on the data, and on the request."""
    program = (
        'if ctx["query"].get("all") == ["1"]:\n    store.delete_where({})\n'
        'REPLY = make_response(200, {"count": store.count()})'
    )
    client, planner = await orders(make_client, {"GET /orders/report": [program, COUNT]})
    planner.based_on = "shape"
    assert (await client.get("/orders/report?all=0")).status == 200

    reply = await client.get("/orders/report?all=1")

    assert (reply.status, await reply.json()) == (200, {"count": 2})
    assert (await content(client))[0] == OPEN


async def test_a_locked_book_runs_no_plan_beyond_its_request(make_client: MakeClient) -> None:
    program = (
        'if ctx["query"].get("all") == ["1"]:\n    store.delete_where({})\n'
        "REPLY = make_response(200, {})"
    )
    client, _ = await orders(make_client, {"GET /orders/report": [program]})
    for path in ("/orders", "/orders/report?all=0"):
        await client.get(path)
    await client.close()
    client = await make_client(ScriptedPlanner({}), LARS_PLAN_MODE="locked")

    assert (await client.get("/orders/report?all=1")).status == 502
    assert (await (await client.get("/orders")).json()) == OPEN


async def test_an_error_reply_changes_nothing_and_is_not_a_fault(make_client: MakeClient) -> None:
    client, _ = await orders(make_client, {"POST /orders/<int>/close": [REFUSES]})

    assert (await client.post("/orders/1/close")).status == 409
    assert (await content(client))[0] == OPEN


async def test_refused_plans_leave_the_book_like_others(make_client: MakeClient) -> None:
    """A user has not decided on them: a flood of odd requests must not fill the book."""
    script = {f"GET /orders/r{number}": [DELETE_ALL] for number in range(9)}
    client, _ = await orders(make_client, script, LARS_PLAN_BOOK_SIZE=4)

    for number in range(9):
        await client.get(f"/orders/r{number}")

    assert (await client.get("/orders")).status == 200
    assert (await (await client.get("/_larst/plans")).json())["page"]["total"] == 4

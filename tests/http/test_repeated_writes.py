"""The same write a second time changes nothing, and that is right: no planner is asked about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
FIND = 'order = store.get(plan["identifier"])\nbody = ctx["body_json"]\n'
MISSING = 'if order is None:\n    REPLY = make_response(404, {"error": "not found"})\n'
WRITES = f"""\
{FIND}{MISSING}\
else:
    REPLY = make_response(200, store.update(order["id"], body))
"""
SKIPS = f"""\
{FIND}{MISSING}\
elif all(order.get(name) == body[name] for name in body):
    REPLY = make_response(200, order)
else:
    REPLY = make_response(200, store.update(order["id"], body))
"""
STORES_NOTHING = f"""\
{FIND}{MISSING}\
else:
    REPLY = make_response(200, order)
"""
OPENS = """\
order = store.get(plan["identifier"])
if order["state"] != "open":
    order = store.update(order["id"], {"state": "open"})
REPLY = make_response(200, order)
"""
ENDS = "REPLY = make_response(204)"
ORDER = {"id": 1, "state": "open", "lines": [{"n": 1}]}
PATHS = ["/orders/1", "/orders/1/payment"]
BODIES: list[dict[str, Any]] = [
    {"state": "open"},
    {"state": "paid"},
    {"state": "paid", "lines": [{"n": 1}]},
]


async def start(
    make_client: MakeClient, script: dict[str, list[str]], **variables: Any
) -> tuple[Client, ScriptedPlanner]:
    planner = ScriptedPlanner({"POST /orders": [CREATE], **script})
    client = await make_client(planner, **variables)
    assert (await client.post("/orders", json=ORDER)).status == 201
    return client, planner


@pytest.mark.parametrize("mode", ["learn", "fresh"])
@pytest.mark.parametrize("program", [WRITES, SKIPS], ids=["writes", "skips"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_repeated_write_is_served_without_a_question(
    make_client: MakeClient, program: str, method: str, mode: str
) -> None:
    """Also if the first one already had nothing to change, and if each request is planned."""
    shapes = [f"{method} {path.replace('1', '<int>')}" for path in PATHS]
    script = {shape: [program] for shape in shapes}
    client, planner = await start(make_client, script, LARS_PLAN_MODE=mode)

    for path in PATHS:
        for body in BODIES:
            for _ in range(2):
                reply = await client.request(method, path, json=body)
                assert (reply.status, await reply.json()) == (200, {**ORDER, **body})

    assert not any(request.refusals for request in planner.requests)


async def test_a_write_that_had_nothing_to_change_proves_nothing(make_client: MakeClient) -> None:
    """The program that stores nothing is asked about as soon as there is something to store."""
    shape = "PATCH /orders/<int>"
    client, planner = await start(make_client, {shape: [STORES_NOTHING, SKIPS]})

    first = await client.patch("/orders/1", json={"state": "open"})
    assert first.headers["Server-Timing"].endswith('desc="tried"')
    reply = await client.patch("/orders/1", json={"state": "paid"})

    assert await reply.json() == {**ORDER, "state": "paid"}
    (refusal,) = planner.requests[-1].refusals
    assert "no record was changed" in refusal.reason
    again = await client.patch("/orders/1", json={"state": "paid"})
    assert again.headers["Server-Timing"].endswith('desc="proven"')


@pytest.mark.parametrize(
    ("program", "is_asked"),
    [
        (OPENS, False),
        ('REPLY = make_response(200, store.get(plan["identifier"]))', True),
    ],
    ids=["writes elsewhere", "never writes"],
)
async def test_a_write_without_a_body_had_nothing_to_change_if_the_program_can_write(
    make_client: MakeClient, program: str, is_asked: bool
) -> None:
    client, planner = await start(make_client, {"PUT /orders/<int>/open": [program]})

    assert (await client.put("/orders/1/open")).status == 200

    assert bool(planner.requests[-1].refusals) is is_asked


@pytest.mark.parametrize(
    ("target", "is_asked"), [("/orders/9/lock", False), ("/orders/1/lock", True)]
)
async def test_a_delete_of_what_does_not_exist_changes_nothing(
    make_client: MakeClient, target: str, is_asked: bool
) -> None:
    client, planner = await start(make_client, {"DELETE /orders/<int>/lock": [ENDS]})

    assert (await client.delete(target)).status == 204

    assert bool(planner.requests[-1].refusals) is is_asked

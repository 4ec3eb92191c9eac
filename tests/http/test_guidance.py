"""People teach: what a request means in words, and the reply that it should get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from larst.tokens.table import hash_of
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
COUNT = 'REPLY = make_response(200, {"count": store.count()})'
TOTAL = 'REPLY = make_response(200, {"total": store.aggregate("sum", "price")})'
FIRST = 'REPLY = make_response(200, {"first": store.get(1)["item"]})'
TEA, RICE = {"item": "CANARY tea", "price": 3}, {"item": "CANARY rice", "price": 4}

SUMMARY = {"X-LARST-Intent": "the sum of all prices"}


def example(status: int | None = None, **parts: Any) -> dict[str, str]:
    reply = parts if status is None else {"status": status, **parts}
    return {"X-LARST-Example": json.dumps(reply)}


async def orders(
    make_client: MakeClient, *programs: str, path: str = "GET /orders/summary"
) -> tuple[Client, ScriptedPlanner]:
    """Return a service with two orders, and the model that plans what the rules do not."""
    model = ScriptedPlanner({path: list(programs)})
    client = await make_client(RulesFirstPlanner(RulesPlanner(), model))
    for order in (TEA, RICE):
        assert (await client.post("/orders", json=order)).status == 201
    return client, model


async def plans_of(client: Client, path: str) -> list[dict[str, Any]]:
    reply = await (await client.get("/_larst/plans")).json()
    return [plan for plan in reply["items"] if plan["path"] == path]


async def test_an_intent_reaches_the_planner_and_stays_in_the_plan(
    make_client: MakeClient,
) -> None:
    """Later requests need not repeat it, and cost no call."""
    client, model = await orders(make_client, TOTAL)

    replies = [
        await client.get("/orders/summary", headers=headers) for headers in (SUMMARY, SUMMARY, {})
    ]

    assert [await reply.json() for reply in replies] == [{"total": 7}] * 3
    assert [request.guidance.intent for request in model.requests] == ["the sum of all prices"]
    (plan,) = await plans_of(client, "/orders/summary")
    assert plan["intent"] == "the sum of all prices"
    key = replies[0].headers["X-LARST-Plan"]
    assert (await (await client.get(f"/_larst/plans/{key}")).json())["intent"] == plan["intent"]


async def test_another_intent_for_the_same_shape_asks_again(make_client: MakeClient) -> None:
    client, model = await orders(make_client, COUNT, TOTAL)
    assert await (await client.get("/orders/summary")).json() == {"count": 2}

    taught = await client.get("/orders/summary", headers=SUMMARY)

    assert await taught.json() == {"total": 7}
    assert await (await client.get("/orders/summary")).json() == {"total": 7}
    assert len(model.requests) == 2
    assert [plan["intent"] for plan in await plans_of(client, "/orders/summary")] == [
        "the sum of all prices"
    ]


async def test_the_same_program_for_another_intent_is_not_asked_for_again(
    make_client: MakeClient,
) -> None:
    client, model = await orders(make_client, TOTAL)
    for intent in ("the total", "the sum", "the sum"):
        reply = await client.get("/orders/summary", headers={"X-LARST-Intent": intent})
        assert await reply.json() == {"total": 7}

    assert [request.guidance.intent for request in model.requests] == ["the total", "the sum"]


async def test_an_intent_asks_the_model_where_the_rules_could_read_the_path(
    make_client: MakeClient,
) -> None:
    client, model = await orders(make_client, TOTAL, path="GET /orders")
    assert (await (await client.get("/orders")).json())["page"]["total"] == 2
    assert not model.requests

    reply = await client.get("/orders", headers=SUMMARY)

    assert await reply.json() == {"total": 7}
    assert await (await client.get("/orders")).json() == {"total": 7}
    assert len(model.requests) == 1


async def test_the_rules_alone_cannot_read_an_intent(make_client: MakeClient) -> None:
    client = await make_client(RulesPlanner())
    reply = await client.get("/orders", headers=SUMMARY)
    assert reply.status == 501
    assert "X-LARST-Intent" in (await reply.json())["detail"]


async def test_a_pinned_plan_keeps_its_intent(make_client: MakeClient) -> None:
    """A request must not undo what a person approved."""
    client, model = await orders(make_client, COUNT, TOTAL)
    key = (await client.get("/orders/summary")).headers["X-LARST-Plan"]
    await client.post(f"/_larst/plans/{key}/pin")

    reply = await client.get("/orders/summary", headers=SUMMARY)

    assert reply.status == 409
    assert key in (await reply.json())["detail"]
    assert len(model.requests) == 1


async def test_a_reply_that_is_not_the_example_is_repaired(make_client: MakeClient) -> None:
    """The reason names what the example holds, and never a stored value."""
    client, model = await orders(make_client, FIRST, TOTAL)

    reply = await client.get("/orders/summary", headers=example(200, body={"total": 7}))

    assert await reply.json() == {"total": 7}
    (refusal,) = model.requests[-1].refusals
    assert refusal.reason == (
        "the reply is not the wanted one: body.total is missing; body has fields that the"
        " example does not have"
    )
    assert not refusal.has_values
    assert model.requests[0].guidance.reply is not None
    assert await (await client.get("/orders/summary")).json() == {"total": 7}
    assert len(model.requests) == 2


async def test_an_example_that_no_program_meets_changes_nothing(make_client: MakeClient) -> None:
    path = "POST /orders/<int>/close"
    close = 'REPLY = make_response(200, store.update(plan["identifier"], {"item": "closed"}))'
    client, _ = await orders(make_client, close, path=path)

    reply = await client.post("/orders/1/close", headers=example(200, body={"closed": True}))

    assert reply.status == 502
    assert "closed is missing" in (await reply.json())["detail"]
    assert (await (await client.get("/orders/1")).json())["item"] == TEA["item"]


async def test_an_example_corrects_a_plan_of_the_rules(make_client: MakeClient) -> None:
    """They have one program for each shape: the model writes the other one."""
    client, model = await orders(make_client, COUNT, path="GET /orders")

    reply = await client.get("/orders", headers=example(body={"count": "<int>"}))

    assert await reply.json() == {"count": 2}
    assert await (await client.get("/orders")).json() == {"count": 2}
    assert len(model.requests) == 1


async def test_an_example_that_the_plan_meets_costs_no_call(make_client: MakeClient) -> None:
    client, model = await orders(make_client, COUNT)
    for _ in range(2):
        reply = await client.get("/orders/summary", headers=example(200, body={"count": 2}))
        assert reply.status == 200
    assert len(model.requests) == 1


BAD = [
    {"X-LARST-Intent": " "},
    {"X-LARST-Intent": "x" * 1001},
    {"X-LARST-Example": "{"},
    {"X-LARST-Example": "[]"},
    {"X-LARST-Example": '{"status":99}'},
    {"X-LARST-Example": '{"status":true}'},
    {"X-LARST-Example": '{"headers":{}}'},
    {"X-LARST-Example": '{"body":' + "[" * 21 + "]" * 21 + "}"},
]


@pytest.mark.parametrize("headers", BAD)
async def test_guidance_that_is_not_in_its_form_is_refused(
    make_client: MakeClient, headers: dict[str, str]
) -> None:
    client, model = await orders(make_client, TOTAL)
    reply = await client.get("/orders/summary", headers=headers)
    assert reply.status == 400
    assert not model.requests


async def test_guidance_needs_the_scope_of_the_control_api(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """A plan serves all sessions of a tenant: who may only use it must not change it."""
    token = {"name": "guest", "hash": hash_of("guest"), "tenant": "default", "scopes": ["write"]}
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [token]}))
    client = await make_client(ScriptedPlanner({}), LARS_AUTH_TOKENS_FILE=str(file))

    reply = await client.get("/a", headers={"Authorization": "Bearer guest", **SUMMARY})

    assert reply.status == 403
    assert "X-LARST-Intent" in (await reply.json())["detail"]


async def teach(client: Client, **parts: Any) -> Any:
    return await client.post("/_larst/plans/examples", json={"session": "default", **parts})


CLOSE = {"method": "POST", "path": "/orders/1/close", "body": {"price": 5}}
CLOSED = 'REPLY = make_response(200, store.update(plan["identifier"], plan["payload"]))'


async def test_an_example_of_the_control_api_teaches_without_an_effect(
    make_client: MakeClient,
) -> None:
    client, model = await orders(make_client, COUNT, CLOSED, path="POST /orders/<int>/close")

    goal = {"status": 200, "body": {"id": "<int>", **TEA, "price": 5}}
    taught = await teach(client, request=CLOSE, intent="change the price", reply=goal)

    body = await taught.json()
    assert taught.status == 200
    assert body["reply"] == {"status": 200, "body": {"id": 1, **TEA, "price": 5}}
    assert (body["plan"]["intent"], body["plan"]["state"]) == ("change the price", "learned")
    assert (await (await client.get("/orders/1")).json())["price"] == 3
    calls = len(model.requests)
    reply = await client.post("/orders/1/close", json={"price": 5})
    assert (await reply.json())["price"] == 5
    assert len(model.requests) == calls


@pytest.mark.parametrize(
    "parts",
    [
        {"request": CLOSE},
        {"intent": "close"},
        {"intent": "close", "request": {"method": "CLOSE", "path": "/orders"}},
        {"intent": "close", "request": {"method": "GET", "path": "orders"}},
        {"intent": "close", "request": {"method": "GET", "path": "/_larst/plans"}},
        {"intent": "close", "request": {"method": "GET", "path": "/@other/orders"}},
        {"intent": "close", "request": CLOSE, "more": 1},
        {"intent": "close", "request": CLOSE, "session": "no/name"},
    ],
)
async def test_a_lesson_that_is_not_in_its_form_is_refused(
    make_client: MakeClient, parts: dict[str, Any]
) -> None:
    client, model = await orders(make_client, CLOSED, path="POST /orders/<int>/close")
    assert (await teach(client, **parts)).status == 400
    assert not model.requests

"""A model's program is proven before it is kept: odd effects are asked about, writes rehearsed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from larst.session import proof
from larst.session.effects import Effects, effects_of
from larst.store import Transaction, work
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CREATE = 'REPLY = make_response(201, store.insert(plan["payload"]))'
LIST = "REPLY = make_response(200, store.list()[0])"
SET = 'REPLY = make_response(200, store.update(plan["identifier"], {"%s": %s}))'
OWN_FIELD = SET % ("state", '"closed"')
TOUCHES_NOTHING = """\
order = store.get(plan["identifier"])
REPLY = make_response(404) if order is None else make_response(200, order)
"""
FAILS = 'REPLY = make_response(500, {"error": "not implemented"})'
CONSTANT = 'REPLY = make_response(200, {"pong": True})'
COMPUTES = 'REPLY = make_response(200, {"total": ctx["body_json"]["a"] + 1})'
NEEDS_PRICE = """\
order = store.get(plan["identifier"])
state = "closed at " + str(order["price"] + 1)
REPLY = make_response(200, store.update(order["id"], {"state": state}))
"""

ORDERS = [
    {"id": 1, "state": "open", "price": 3},
    {"id": 2, "state": "open"},
    {"id": 3, "state": "open", "price": 5},
]
CLOSE = "POST /orders/<int>/close"


async def orders(
    make_client: MakeClient, script: dict[str, list[str]], **variables: Any
) -> tuple[Client, ScriptedPlanner]:
    """Return a service with three orders; the script plans what comes after."""
    planner = ScriptedPlanner({"POST /orders": [CREATE], "GET /orders": [LIST], **script})
    client = await make_client(planner, **variables)
    for order in ORDERS:
        assert (await client.post("/orders", json=order)).status == 201
    return client, planner


async def stored(client: Client) -> list[Any]:
    return list(await (await client.get("/orders")).json())


@pytest.mark.parametrize(
    ("program", "part"),
    [
        (TOUCHES_NOTHING, "no record was changed"),
        ('REPLY = make_response(200, store.update(plan["identifier"], {}))', "no record was"),
        (SET % ("status", '"closed"'), "the field status, which no record has"),
        (SET % ("closed", "True"), "the field closed, which no record has"),
        (FAILS, "the status 500"),
    ],
)
async def test_an_odd_program_is_asked_about_and_the_better_one_is_kept(
    make_client: MakeClient, program: str, part: str
) -> None:
    """The learned faults of small models: without the question, each would serve for ever."""
    client, planner = await orders(make_client, {CLOSE: [program, OWN_FIELD]})

    reply = await client.post("/orders/1/close")

    assert (reply.status, (await reply.json())["state"]) == (200, "closed")
    (refusal,) = planner.requests[-1].refusals
    assert part in refusal.reason
    assert refusal.is_odd
    assert not refusal.has_values
    assert await stored(client) == [{**ORDERS[0], "state": "closed"}, *ORDERS[1:]]
    calls = len(planner.requests)
    assert (await client.post("/orders/3/close")).status == 200
    assert len(planner.requests) == calls


@pytest.mark.parametrize(
    ("request_line", "shape", "body", "program"),
    [
        ("GET /ping", "GET /ping", None, CONSTANT),
        ("POST /orders/1/touch", "POST /orders/<int>/touch", None, TOUCHES_NOTHING),
        ("POST /sums", "POST /sums", {"a": 1}, COMPUTES),
    ],
)
async def test_the_same_program_once_more_means_that_it_is_meant(
    make_client: MakeClient, request_line: str, shape: str, body: Any, program: str
) -> None:
    """An odd program may be right; then it costs one call more, and is proven."""
    client, planner = await orders(make_client, {shape: [program, program]})
    method, path = request_line.split()
    calls = len(planner.requests)

    assert (await client.request(method, path, json=body)).status == 200
    assert len(planner.requests) == calls + 2
    assert (await client.request(method, path, json=body)).status == 200
    assert len(planner.requests) == calls + 2


async def test_requests_at_the_same_time_share_the_question_too(make_client: MakeClient) -> None:
    """A page that loads sends the same request many times; the planner is asked twice in all."""
    client, planner = await orders(make_client, {"GET /ping": [CONSTANT]})
    calls = len(planner.requests)

    replies = await asyncio.gather(
        *(client.get("/ping", headers={"X-Session-ID": f"s{number % 7}"}) for number in range(40))
    )

    assert {reply.status for reply in replies} == {200}
    assert len(planner.requests) == calls + 2


async def test_a_post_that_says_that_it_computes_is_served_at_once(
    make_client: MakeClient,
) -> None:
    client, planner = await orders(make_client, {"POST /orders/quote": [COMPUTES]})
    calls = len(planner.requests)

    assert (await client.post("/orders/quote", json={"a": 1})).status == 200
    assert len(planner.requests) == calls + 1


async def test_a_patch_to_the_same_value_is_served_at_once(make_client: MakeClient) -> None:
    """A client that saves a form twice changes nothing, and that is right."""
    program = 'REPLY = make_response(200, store.update(plan["identifier"], ctx["body_json"]))'
    client, planner = await orders(make_client, {"PATCH /orders/<int>": [program]})
    calls = len(planner.requests)

    assert (await client.patch("/orders/1", json={"state": "open"})).status == 200
    assert len(planner.requests) == calls + 1


async def test_a_field_that_the_client_sent_may_be_new(make_client: MakeClient) -> None:
    program = (
        'REPLY = make_response(200, store.update(plan["identifier"],'
        ' {"status": ctx["body_json"]["status"]}))'
    )
    client, planner = await orders(make_client, {CLOSE: [program]})
    calls = len(planner.requests)

    reply = await client.post("/orders/1/close", json={"status": "closed"})

    assert (reply.status, len(planner.requests)) == (200, calls + 1)


async def test_a_write_is_rehearsed_on_other_records_before_its_first_effect(
    make_client: MakeClient,
) -> None:
    """Order 2 has no price: the program works for the first client, and fails for the next."""
    shape = "POST /orders/<int>/close"
    records = [ORDERS[0], ORDERS[2], ORDERS[1]]
    planner = ScriptedPlanner(
        {"POST /orders": [CREATE], "GET /orders": [LIST], shape: [NEEDS_PRICE, OWN_FIELD]}
    )
    client = await make_client(planner)
    for order in records:
        assert (await client.post("/orders", json=order)).status == 201

    reply = await client.post("/orders/1/close")

    assert (await reply.json())["state"] == "closed"
    (refusal,) = planner.requests[-1].refusals
    assert "for another record" in refusal.reason
    assert refusal.has_values  # what a run raises may quote a value, so it is redacted
    assert await stored(client) == [{**ORDERS[0], "state": "closed"}, *records[1:]]


CLOSES_ALL = """\
if ctx["body_json"]["all"]:
    store.update_where({}, {"state": "closed"})
REPLY = make_response(200, store.update(plan["identifier"], {"state": "closed"}))
"""
SUMS_OFTEN = """\
if ctx["body_json"]["all"]:
    for number in range(9000):
        store.aggregate("sum", "price", "state")
REPLY = make_response(200, store.update(plan["identifier"], {"state": "closed"}))
"""


async def add_many(client: Client, count: int) -> None:
    records = [{"id": number, "state": "open", "price": number} for number in range(1, count)]
    path = "/_larst/sessions/default/import?replace=true"
    assert (await client.post(path, json={"orders": records})).status == 200


async def test_a_large_change_of_a_rehearsal_is_checked_off_the_event_loop(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sends false, and changes one record; the rehearsal, true, changes all."""
    client, planner = await orders(make_client, {CLOSE: [CLOSES_ALL, OWN_FIELD]})
    await add_many(client, 1000)
    threads = list[threading.Thread]()

    def noted(transaction: Transaction, stored: Callable[..., Any]) -> Effects:
        effects = effects_of(transaction, stored)
        if len(effects.resources["orders"].changed) > 100:
            threads.append(threading.current_thread())
        return effects

    monkeypatch.setattr("larst.session.proof.effects_of", noted)

    reply = await client.post("/orders/1/close", json={"all": False})

    assert reply.status == 200
    assert "change or delete only records" in planner.requests[-1].refusals[0].reason
    assert threads
    assert threading.main_thread() not in threads


async def test_a_run_that_took_all_steps_of_the_event_loop_is_rehearsed_too(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look for other records must not crash the session then."""
    monkeypatch.setattr(work, "LOOP_S", 0.0)
    client, _ = await orders(make_client, {CLOSE: [OWN_FIELD]})

    reply = await client.post("/orders/1/close")

    assert reply.status == 200


async def test_a_rehearsal_ends_when_its_time_is_over(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever other values make the program do, the other requests of the session go on soon."""
    monkeypatch.setattr(proof, "REHEARSAL_S", 0.05)
    client, _ = await orders(make_client, {CLOSE: [SUMS_OFTEN]})
    await add_many(client, 2000)
    begun_s = time.process_time()

    assert (await client.post("/orders/1/close", json={"all": False})).status == 200

    assert time.process_time() - begun_s < 2


async def test_a_rehearsal_sends_every_field_of_a_large_body(make_client: MakeClient) -> None:
    """Only some fields get another value; a field that is missing would fail a good program."""
    program = (
        'REPLY = make_response(200, store.update(plan["identifier"],'
        ' {"state": ctx["body_json"]["f149"]}))'
    )
    client, planner = await orders(make_client, {CLOSE: [program]})
    calls = len(planner.requests)
    body = {f"f{number}": number for number in range(150)}

    assert (await client.post("/orders/1/close", json=body)).status == 200
    assert len(planner.requests) == calls + 1


async def test_a_plan_is_tried_until_its_success_path_has_run(make_client: MakeClient) -> None:
    """A 404 proves nothing: the first success is still asked about."""
    program = """\
order = store.get(plan["identifier"])
if order is None:
    REPLY = make_response(404, {"error": "not found"})
else:
    REPLY = make_response(200, store.update(order["id"], {"status": "closed"}))
"""
    client, planner = await orders(make_client, {CLOSE: [program, OWN_FIELD]})

    missing = await client.post("/orders/9/close")
    assert (missing.status, missing.headers["Server-Timing"][-12:]) == (404, 'desc="tried"')
    assert await states(client, CLOSE) == ["tried"]
    assert (await (await client.post("/orders/1/close")).json())["state"] == "closed"
    assert await states(client, CLOSE) == ["learned"]
    assert len(planner.requests[-1].refusals) == 1
    reply = await client.post("/orders/3/close")
    assert 'state;desc="proven"' in reply.headers["Server-Timing"]


async def test_a_reply_names_its_plan(make_client: MakeClient) -> None:
    """From a strange reply to the program behind it is one command."""
    client, _ = await orders(make_client, {CLOSE: [OWN_FIELD]})

    first, second = [await client.post(f"/orders/{id}/close") for id in (1, 3)]

    key = first.headers["X-LARST-Plan"]
    assert second.headers["X-LARST-Plan"] == key
    plan = await (await client.get(f"/_larst/plans/{key}")).json()
    assert plan["plan"]["code"]["block"] == OWN_FIELD
    assert "X-LARST-Plan" not in (await client.get("/healthz")).headers


async def test_the_proof_can_be_turned_off(make_client: MakeClient) -> None:
    client, planner = await orders(make_client, {CLOSE: [FAILS]}, LARS_PROOF="off")
    calls = len(planner.requests)

    assert (await client.post("/orders/1/close")).status == 500
    assert len(planner.requests) == calls + 1


async def states(client: Client, shape: str) -> list[str]:
    plans = (await (await client.get("/_larst/plans")).json())["items"]
    return [plan["state"] for plan in plans if plan["path"] == shape.split()[1]]


async def test_a_rehearsal_leaves_the_event_loop_like_all_work_on_records(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session whose time on the loop is used up proves a program in a thread."""
    monkeypatch.setattr("larst.store.work.LOOP_S", -1.0)
    client, _ = await orders(make_client, {CLOSE: [OWN_FIELD]})

    reply = await client.post("/orders/1/close")

    assert (reply.status, (await reply.json())["state"]) == (200, "closed")

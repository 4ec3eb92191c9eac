"""The contract of a session: planners read it, and replies are held against it."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.contract.documents import OPENAPI_3
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CONTRACT = "/_larst/sessions/default/contract"
COUNT = 'REPLY = make_response(200, {"CANARY": store.count()})'
TOTAL = 'REPLY = make_response(200, {"total": store.aggregate("sum", "price")})'
SUMMARY = "/orders/summary"
DEVIATION = 'body: additionalProperties must be false; body: required must be ["total"]'


async def shop(
    make_client: MakeClient, mode: str, *programs: str
) -> tuple[Client, ScriptedPlanner]:
    """Return a service with a contract and an order, and the model that plans its summary."""
    model = ScriptedPlanner({"GET /orders/summary": list(programs)})
    client = await make_client(RulesFirstPlanner(RulesPlanner(), model))
    put = await client.put(f"{CONTRACT}?mode={mode}", json=OPENAPI_3)
    assert put.status == 200, await put.text()
    assert (await put.json())["seeded"] == ["orders"]
    assert (await client.post("/orders", json={"item": "tea", "price": 3})).status == 201
    return client, model


async def test_the_planner_reads_the_operation_of_a_custom_path(make_client: MakeClient) -> None:
    client, model = await shop(make_client, "warn", TOTAL)

    reply = await client.get(SUMMARY)

    assert (reply.status, await reply.json()) == (200, {"total": 3})
    assert "X-LARST-Contract" not in reply.headers
    (request,) = model.requests
    assert request.operation["summary"] == "The turnover"
    assert request.operation["replies"] == {"200": {"total": "<number>"}}
    assert "operation" in request.facts


async def test_a_deviation_is_reported(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """In a header, in the log and in the list of requests; with no value of the reply."""
    client, _ = await shop(make_client, "warn", COUNT)
    with caplog.at_level(logging.WARNING, "larst.contract"):
        reply = await client.get(SUMMARY)

    assert (reply.status, await reply.json()) == (200, {"CANARY": 1})
    assert reply.headers["X-LARST-Contract"] == DEVIATION
    assert f"contract: GET /orders/summary: {DEVIATION}" in caplog.messages
    requests = (await (await client.get(f"/_larst/requests?path={SUMMARY}")).json())["items"]
    details = await (await client.get(f"/_larst/requests/{requests[0]['number']}")).json()
    assert details["reply"]["headers"]["X-LARST-Contract"] == DEVIATION


async def test_a_deviation_is_repaired_where_the_contract_is_enforced(
    make_client: MakeClient,
) -> None:
    client, model = await shop(make_client, "enforce", COUNT, TOTAL)

    reply = await client.get(SUMMARY)

    assert (reply.status, await reply.json()) == (200, {"total": 3})
    (refusal,) = model.requests[-1].refusals
    assert DEVIATION in refusal.reason
    assert not refusal.has_values


async def test_a_deviation_that_is_not_repaired_changes_nothing(make_client: MakeClient) -> None:
    """502: the service could not make the reply that it has promised."""
    client, model = await shop(make_client, "enforce")
    model.script["POST /orders"] = ['REPLY = make_response(201, store.insert({"item": "salt"}))']

    reply = await client.post("/orders", json={"item": "salt"})

    assert reply.status == 502
    assert 'required must be ["id", "item", "price"]' in (await reply.json())["detail"]
    assert (await client.get("/orders/2")).status == 404


async def test_lists_are_held_against_it_in_the_form_that_the_client_gets(
    make_client: MakeClient,
) -> None:
    client, _ = await shop(make_client, "warn")
    own = await client.get("/orders")
    plain = await client.get("/orders", headers={"X-LARST-Dialect": "json-server"})
    assert own.headers["X-LARST-Contract"] == 'body: type must be "array"'
    assert "X-LARST-Contract" not in plain.headers
    assert plain.status == 200


async def test_requests_that_it_does_not_describe_are_served(make_client: MakeClient) -> None:
    client, _ = await shop(make_client, "enforce")
    assert (await client.post("/notes", json={"text": "hi"})).status == 201
    assert (await client.get("/orders/99")).status == 404


async def test_it_is_shown_replaced_and_removed(make_client: MakeClient) -> None:
    client, _ = await shop(make_client, "enforce")
    body = await (await client.get(CONTRACT)).json()
    assert (body["mode"], body["title"], body["document"]) == ("enforce", "Shop", OPENAPI_3)
    assert body["operations"][0] == "GET /orders"

    assert (await client.put(CONTRACT, json=OPENAPI_3)).status == 200
    assert (await (await client.get(CONTRACT)).json())["mode"] == "warn"
    assert (await client.delete(CONTRACT)).status == 204
    assert (await client.delete(CONTRACT)).status == 404
    assert (await client.get(CONTRACT)).status == 404
    assert "X-LARST-Contract" not in (await client.get("/orders")).headers


async def test_it_survives_an_import_and_a_reset(make_client: MakeClient) -> None:
    """Tests reset their data often; the API that they test stays the same."""
    client, _ = await shop(make_client, "warn")
    path = "/_larst/sessions/default"
    assert (await client.post(f"{path}/import?replace=true", json={"a": [{"x": 1}]})).status == 200
    assert (await client.post(f"{path}/reset")).status == 200
    assert (await client.get(CONTRACT)).status == 200
    exported = await (await client.get(f"{path}/export")).text()
    assert "contract" not in exported


async def test_a_large_document_is_read_off_the_event_loop(make_client: MakeClient) -> None:
    client = await make_client(RulesPlanner())
    body = json.dumps({**OPENAPI_3, "x-filler": "x" * 900_000}).encode()
    for _ in range(2):
        assert (await client.put(CONTRACT, data=io.BytesIO(body))).status == 200
    assert (await client.delete(CONTRACT)).status == 204


async def test_a_seeded_resource_is_known_before_its_first_record(make_client: MakeClient) -> None:
    client = await make_client(RulesPlanner())
    assert (await client.put(CONTRACT, json=OPENAPI_3)).status == 200
    document = await (await client.get("/openapi.json")).json()
    assert "/orders" in document["paths"]
    reply = await client.get("/orders?priec=3")
    assert reply.status == 400
    assert "price" in (await reply.json())["detail"]


async def test_other_documents_are_refused(make_client: MakeClient) -> None:
    client = await make_client(RulesPlanner())
    bodies: list[Any] = [{}, [], {"openapi": "3.0.0", "paths": {}}]
    for body in bodies:
        assert (await client.put(CONTRACT, json=body)).status == 400
    assert (await client.put(f"{CONTRACT}?mode=off", json=OPENAPI_3)).status == 400
    large = io.BytesIO(json.dumps({**OPENAPI_3, "x": "x" * 1024 * 1024}).encode())
    assert (await client.put(CONTRACT, data=large)).status == 413
    assert (await client.get(CONTRACT)).status == 404

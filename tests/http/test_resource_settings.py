"""The settings of resources: they hold for every write, and are kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.fakes import ScriptedPlanner
from tests.http.helpers import S1, S2, Client, MakeClient

SESSION = "/_larst/sessions/one"
MEMBERS = f"{SESSION}/resources/members"
INSTANT = "2030-02-03T04:05:06.000Z"


def with_program(request: str, program: str) -> RulesFirstPlanner:
    return RulesFirstPlanner(RulesPlanner(), ScriptedPlanner({request: [program]}))


async def declare(client: Client, settings: object, path: str = MEMBERS) -> Any:
    reply = await client.put(path, json=settings)
    assert reply.status == 200, await reply.text()
    return await reply.json()


async def freeze(client: Client, value: object) -> None:
    assert (await client.put(f"{SESSION}/clock", json=value)).status == 200


async def send(client: Client, method: str, path: str, body: object = None) -> tuple[int, Any]:
    reply = await client.request(method, path, json=body, headers=S1)
    content = await reply.read()
    return reply.status, await reply.json() if content else None


async def detail(client: Client, method: str, path: str, body: object) -> tuple[int, str]:
    status, problem = await send(client, method, path, body)
    return status, problem["detail"]


async def test_timestamps_follow_the_clock_of_the_session(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"timestamps": True})
    await freeze(client, {"now": INSTANT, "frozen": True})

    sent = {"name": "Ann", "createdAt": "1999-01-01", "updatedAt": 7}
    status, created = await send(client, "POST", "/members", sent)
    await freeze(client, {"advance": "+1h"})
    later = "2030-02-03T05:05:06.000Z"
    _, patched = await send(client, "PATCH", "/members/1", {"name": "Bo"})
    _, replaced = await send(client, "PUT", "/members/1", {"name": "Cy"})

    assert status == 201
    assert created == {"id": 1, "name": "Ann", "createdAt": INSTANT, "updatedAt": INSTANT}
    assert patched == {"id": 1, "name": "Bo", "createdAt": INSTANT, "updatedAt": later}
    assert replaced == {"id": 1, "name": "Cy", "createdAt": INSTANT, "updatedAt": later}
    assert await send(client, "GET", "/members/1") == (200, replaced)


async def test_the_fields_of_timestamps_have_any_name(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"timestamps": {"created": "made_on"}})
    reply = await client.post(
        "/members", json={}, headers={**S1, "X-LARST-Now": "2030-02-03T04:05:06Z"}
    )
    assert await reply.json() == {"id": 1, "made_on": INSTANT}


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [("uuid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), ("nanoid", r"[A-Za-z0-9_-]{21}")],
)
async def test_ids_are_of_the_declared_kind(
    make_client: MakeClient, kind: str, pattern: str
) -> None:
    client = await make_client()
    await declare(client, {"id": kind})

    _, created = await send(client, "POST", "/members", {"name": "Ann"})
    assert re.fullmatch(pattern, created["id"])
    assert (await send(client, "GET", f"/members/{created['id']}"))[1] == created
    status, text = await detail(client, "POST", "/members", {"id": 7})
    assert (status, f"members: id must be of the kind {kind}" in text) == (422, True)


async def test_a_value_of_a_unique_field_is_taken_once(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"unique": ["email"]})
    await send(client, "POST", "/members", [{"email": "a@x"}, {"email": "b@x"}, {"email": None}])
    assert (await send(client, "POST", "/members", {"email": None}))[0] == 201

    status, text = await detail(client, "POST", "/members", {"email": "a@x"})
    assert status == 409
    assert text.startswith("members/1 has the email 'a@x'; email is unique in members")
    assert (await detail(client, "PATCH", "/members/2", {"email": "a@x"}))[0] == 409
    assert (await detail(client, "PUT", "/members/2", {"email": "a@x"}))[0] == 409
    assert (await send(client, "PATCH", "/members/1", {"email": "a@x"}))[0] == 200

    both = await detail(client, "POST", "/members", [{"email": "c@x"}, {"email": "c@x"}])
    assert both[0] == 409
    assert both[1].startswith("[1]: members/")
    assert len((await send(client, "GET", "/members"))[1]["items"]) == 4

    await send(client, "DELETE", "/members/1")
    assert (await send(client, "POST", "/members", {"email": "a@x"}))[0] == 201


async def test_a_value_moves_within_one_request(make_client: MakeClient) -> None:
    """What a program deleted or changed earlier in its run does not count any more."""
    program = (
        'store.delete(1)\nstore.insert({"email": "a@x"})\n'
        'store.update(2, {"email": "c@x"})\nstore.insert({"email": "b@x"})\n'
        "REPLY = make_response(200, store.count())"
    )
    client = await make_client(with_program("POST /members/rotate", program), LARS_PROOF="off")
    await declare(client, {"unique": ["email"]})
    await send(client, "POST", "/members", [{"email": "a@x"}, {"email": "b@x"}])
    assert await send(client, "POST", "/members/rotate", {}) == (200, 3)


@pytest.mark.parametrize("executor", ["direct", "sandbox"])
async def test_the_program_of_a_model_keeps_to_them(make_client: MakeClient, executor: str) -> None:
    program = (
        'REPLY = make_response(201, store.insert({"name": "Ann", "email": ctx["body_json"]["to"]}))'
    )
    planner = with_program("POST /members/invite", program)
    client = await make_client(planner, LARS_EXECUTOR=executor)
    await declare(client, {"unique": ["email"], "defaults": {"role": "guest"}})

    status, created = await send(client, "POST", "/members/invite", {"to": "a@x"})
    assert (status, created["role"]) == (201, "guest")
    status, text = await detail(client, "POST", "/members/invite", {"to": "a@x"})
    assert (status, "members/1 has the email" in text) == (409, True)


async def test_a_required_field_is_neither_missing_nor_null(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"required": ["name", "role"], "defaults": {"role": "user"}})

    assert (await send(client, "POST", "/members", {"name": "Ann"}))[1]["role"] == "user"
    for body in ({}, {"name": None}):
        status, text = await detail(client, "POST", "/members", body)
        assert (status, text[:24]) == (422, "members: name is require")
    status, text = await detail(client, "PATCH", "/members/1", {"name": None})
    assert (status, text[:27]) == (422, "members/1: name is required")


async def test_an_expired_record_is_gone(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"ttl": "1h"})
    await freeze(client, {"now": INSTANT, "frozen": True})
    _, short = await send(client, "POST", "/members", {"name": "Ann"})
    await send(client, "POST", "/members", {"name": "Bo", "expiresAt": "2030-02-04T00:00:00Z"})
    await send(client, "POST", "/members", {"name": "Cy", "expiresAt": None})
    assert short["expiresAt"] == "2030-02-03T05:05:06.000Z"

    for _ in range(3):  # the service remembers a reply that it has given twice
        assert (await send(client, "GET", "/members/1"))[0] == 200
    await freeze(client, {"advance": "+1h"})

    assert (await send(client, "GET", "/members/1"))[0] == 404
    names = [record["name"] for record in (await send(client, "GET", "/members"))[1]["items"]]
    assert names == ["Bo", "Cy"]
    await freeze(client, {"advance": "+10d"})
    assert (await (await client.get(SESSION)).json())["records"] == 1
    await freeze(client, {"now": INSTANT})
    assert (await send(client, "GET", "/members/1"))[0] == 404  # deleted, not hidden
    status, text = await detail(client, "POST", "/members", {"expiresAt": "soon"})
    assert (status, "expiresAt must be null or an instant" in text) == (422, True)


async def test_stored_records_must_keep_to_new_settings(make_client: MakeClient) -> None:
    client = await make_client()
    await send(client, "POST", "/members", [{"name": "Ann", "n": 1}, {"name": "Ann"}])

    reply = await client.put(MEMBERS, json={"unique": ["name"]})
    assert reply.status == 409
    assert "members/1 and members/2 both have the name 'Ann'" in await reply.text()
    reply = await client.put(MEMBERS, json={"required": ["n"]})
    assert (reply.status, "members/2: n is required" in await reply.text()) == (422, True)
    assert (await client.get(MEMBERS)).status == 404


async def test_settings_are_kept_listed_and_deleted(make_client: MakeClient) -> None:
    client = await make_client()
    settings = {"id": "uuid", "timestamps": {"created": "createdAt", "updated": "updatedAt"}}
    await declare(client, {"id": "uuid", "timestamps": True})
    await client.put(f"{SESSION}/settings", json={"dialect": "odata"})
    await client.close()

    client = await make_client()
    assert await (await client.get(f"{SESSION}/resources")).json() == {"members": settings}
    assert (await client.delete(MEMBERS)).status == 204
    assert (await client.delete(MEMBERS)).status == 404
    assert await (await client.get(f"{SESSION}/resources")).json() == {}


async def test_an_export_and_a_snapshot_have_them(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"unique": ["email"]})
    await send(client, "POST", "/members", {"email": "a@x"})
    await client.put(f"{SESSION}/snapshots/start")
    content = await (await client.get(f"{SESSION}/export")).read()
    await client.delete(MEMBERS)
    await client.post(f"{SESSION}/reset")
    assert (await detail(client, "POST", "/members", {"email": "a@x"}))[0] == 409

    reply = await client.post("/_larst/sessions/two/import", data=content)
    assert reply.status == 200, await reply.text()
    reply = await client.post("/members", json={"email": "a@x"}, headers=S2)
    assert reply.status == 409


async def test_an_import_keeps_to_the_settings_of_its_session(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"unique": ["email"], "timestamps": True})
    seed = {"members": [{"id": 1, "email": "a@x"}, {"id": 2, "email": "a@x"}]}
    reply = await client.post(f"{SESSION}/import", json=seed)
    assert reply.status == 409
    assert "members/1 and members/2 both have the email" in await reply.text()

    seed["members"].pop()
    assert (await client.post(f"{SESSION}/import", json=seed)).status == 200
    assert (await send(client, "GET", "/members/1"))[1] == {"id": 1, "email": "a@x"}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ([], "the settings of a resource are an object"),
        ({"colour": 1}, "it may have id, timestamps"),
        ({"id": "cuid"}, "integer, uuid, nanoid"),
        ({"timestamps": "yes"}, "timestamps must be true, or name the fields"),
        ({"timestamps": {"created": "at", "updated": "at"}}, "three different fields"),
        ({"unique": "email"}, "unique must be a list"),
        ({"required": ["id"]}, "a field other than id"),
        ({"defaults": {"id": 1}}, "defaults must be an object"),
        ({"ttl": "-1h"}, "ttl must be a duration"),
    ],
)
async def test_wrong_settings_are_refused(
    make_client: MakeClient, settings: object, text: str
) -> None:
    client = await make_client()
    reply = await client.put(MEMBERS, json=settings)
    assert (reply.status, text in await reply.text()) == (400, True)


async def test_an_enforced_schema_takes_the_fields_that_are_declared(
    make_client: MakeClient,
) -> None:
    client = await make_client(LARS_SCHEMA_MODE="enforce")
    await send(client, "POST", "/members", {"name": "Ann"})
    await declare(client, {"timestamps": True, "defaults": {"role": "user"}})
    assert (await send(client, "POST", "/members", {"name": "Bo"}))[0] == 201
    assert (await send(client, "POST", "/members", {"name": "Cy", "age": 3}))[0] == 422


async def test_undone_changes_bring_their_times_back(make_client: MakeClient) -> None:
    program = 'REPLY = make_response(200, store.update(1, {"name": "Bo"}))'
    planner = with_program("POST /members/rename", program)
    client = await make_client(planner, LARS_PROOF="off")
    await declare(client, {"timestamps": True})
    _, before = await send(client, "POST", "/members", {"name": "Ann"})
    reply = await client.post("/members/rename", json={}, headers=S1)
    assert (await reply.json())["name"] == "Bo", await reply.text()

    key = reply.headers["X-LARST-Plan"]
    undone = await client.post(f"/_larst/plans/{key}/undo?session=one")
    assert undone.status == 200, await undone.text()
    assert (await send(client, "GET", "/members/1"))[1] == before


async def test_fake_records_keep_to_them(make_client: MakeClient) -> None:
    """A value that is taken is drawn again: there are only three states."""
    client = await make_client()
    await declare(client, {"unique": ["state"], "timestamps": True})
    await freeze(client, {"now": INSTANT, "frozen": True})
    schema = {"type": "object", "properties": {"state": {"enum": ["new", "open", "done"]}}}
    path = f"{SESSION}/fake?seed=7"

    reply = await client.post(path, json={"members": {"count": 3, "schema": schema}})
    assert reply.status == 200, await reply.text()
    items = (await send(client, "GET", "/members"))[1]["items"]
    assert {item["state"] for item in items} == {"new", "open", "done"}
    assert [(item["id"], item["createdAt"]) for item in items] == [(n, INSTANT) for n in (1, 2, 3)]
    reply = await client.post(path, json={"members": {"count": 1, "schema": schema}})
    assert reply.status == 409


async def test_the_document_of_the_session_has_them(make_client: MakeClient) -> None:
    client = await make_client()
    settings = {
        "id": "uuid",
        "timestamps": True,
        "unique": ["email"],
        "required": ["email", "role"],
        "defaults": {"role": "user"},
        "ttl": "1d",
    }
    await declare(client, settings)
    before = await schemas(client)
    await send(client, "POST", "/members", {"email": "a@x", "age": 3})
    after = await schemas(client)

    for document in (before, after):
        record, new = document["Member"], document["NewMember"]
        assert record["properties"]["id"]["format"] == "uuid"
        assert record["properties"]["createdAt"]["readOnly"] is True
        assert record["properties"]["role"] == {"type": "string", "default": "user"}
        assert record["properties"]["email"]["x-unique"] is True
        assert record["x-larst-settings"]["ttl"] == "1d"
        assert new["required"] == ["email"]
        assert {"createdAt", "updatedAt", "id"}.isdisjoint(new["properties"])
        assert "expiresAt" in new["properties"]
    assert {"email", "role"} <= {*after["Member"]["required"]}


async def test_the_document_has_settings_that_no_record_shows_yet(make_client: MakeClient) -> None:
    client = await make_client()
    await declare(client, {"id": "integer", "required": ["name"], "ttl": "1d"})
    record = (await schemas(client))["Member"]
    assert record["properties"]["id"]["type"] == "integer"
    assert "name" in record["properties"]
    assert "name" not in record.get("required", [])

    await client.delete(MEMBERS)
    await send(client, "POST", "/members", {})
    await send(client, "DELETE", "/members/1")
    await send(client, "POST", "/members", {"name": "Ann"})
    await declare(client, {"required": ["name"]})
    assert "name" in (await schemas(client))["Member"]["required"]


async def schemas(client: Client) -> Any:
    document = await (await client.get("/swagger.json?session=one")).json()
    return document["components"]["schemas"]

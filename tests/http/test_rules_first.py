"""Where a model is configured, the rules still plan what they read for certain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from larst.planning import RulesPlanner
from larst.planning.rules_first import RulesFirstPlanner
from tests.fakes import ScriptedPlanner
from tests.http.helpers import Client, MakeClient

CUSTOM = 'REPLY = make_response(200, {"by": "model", "query": ctx["query"]})'

PLAIN: list[tuple[str, str, Any, int]] = [
    ("POST", "/members", {"name": "Ann", "age": 41}, 201),
    ("POST", "/members", [{"name": "Bob"}, {"name": "Cy", "age": 7}], 201),
    ("GET", "/members", None, 200),
    ("GET", "/members/1", None, 200),
    ("GET", "/members/99", None, 404),
    ("HEAD", "/members/1", None, 200),
    ("OPTIONS", "/members", None, 204),
    ("GET", "/members?limit=2&offset=1&sort=-name", None, 200),
    ("GET", "/members?age_gte=10&name=A*", None, 200),
    ("GET", "/members?q=ann", None, 200),
    ("GET", "/members?filter[age][gt]=3&select=name", None, 200),
    ("GET", "/members?page=1&per_page=2", None, 200),
    ("GET", "/members/search?name=A*", None, 200),
    ("GET", "/members/count", None, 200),
    ("GET", "/members/latest", None, 200),
    ("GET", "/members/?getByName=Ann", None, 200),
    ("PUT", "/members/1", {"name": "Ann", "age": 42}, 200),
    ("PATCH", "/members/1", {"age": 43}, 200),
    ("GET", "/members/1/age", None, 200),
    ("POST", "/posts", {"title": "One"}, 201),
    ("POST", "/posts/1/comments", {"text": "Fine"}, 201),
    ("GET", "/posts/1/comments", None, 200),
    ("GET", "/posts/1/comments/1", None, 200),
    ("GET", "/posts?embed=comments", None, 200),
    ("PUT", "/settings", {"theme": "dark"}, 201),
    ("GET", "/settings", None, 200),
    ("PATCH", "/members?name=Bob", {"age": 5}, 200),
    ("DELETE", "/members?name=Cy", None, 200),
    ("POST", "/members/1", {}, 405),
    ("DELETE", "/members/1", None, 204),
]

UNCERTAIN = [
    ("GET", "/members/me", None),
    ("GET", "/members/recent", None),
    ("POST", "/login", {"name": "Ann"}),
    ("GET", "/healthy", None),
    ("GET", "/stats", None),
    ("GET", "/members/1/statistics", None),
    ("POST", "/members/1/promote", {}),
    ("GET", "/members?$apply=groupby((age))", None),
    ("GET", "/members?group_by=age", None),
    ("GET", "/members?$having=count gt 2", None),
]

REMINDER = {"type": "object", "properties": {"memberId": {"type": "integer"}}}
CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Reminders", "version": "1"},
    "paths": {
        "/send-reminders": {
            "get": {
                "responses": {
                    "200": {
                        "description": "all",
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": REMINDER}}
                        },
                    }
                }
            }
        }
    },
}

Make = Callable[..., Awaitable[tuple[Client, ScriptedPlanner]]]


@pytest.fixture
def serve(make_client: MakeClient) -> Make:
    async def serve(script: dict[str, list[str]]) -> tuple[Client, ScriptedPlanner]:
        model = ScriptedPlanner(script)
        client = await make_client(RulesFirstPlanner(RulesPlanner(), model), LARS_PROOF="off")
        return client, model

    return serve


async def test_thirty_plain_requests_cost_no_call(serve: Make) -> None:
    """A key in the environment must not make CRUD slower, dearer or less certain."""
    client, model = await serve({})

    statuses = [
        (method, target, (await client.request(method, target, json=body)).status)
        for method, target, body, _ in PLAIN
    ]

    assert statuses == [(method, target, status) for method, target, _, status in PLAIN]
    assert len(PLAIN) == 30
    assert model.requests == []


@pytest.mark.parametrize(("method", "target", "body"), UNCERTAIN)
async def test_what_the_rules_would_guess_is_planned_by_the_model(
    serve: Make, method: str, target: str, body: Any
) -> None:
    """A guess of the rules would be learned, and the model never asked."""
    client, model = await serve({})
    model.script = _Any(CUSTOM)
    assert (await client.post("/members", json={"name": "Ann", "age": 41})).status == 201

    reply = await client.request(method, target, json=body)

    assert (await reply.json())["by"] == "model"
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/members/1/earn-points",
        "/members/1/earn_points",
        "/members/1/earnPoints",
        "/members/1/send-reminders",
        "/members/1/add-to-cart",
        "/members/1/mark_as_read",
        "/members/1/markAsRead",
        "/members/1/recalculate",
        "/recalculate",
        "/mark-all-as-read",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_verb_with_what_it_is_done_to_is_planned_by_the_model(
    serve: Make, method: str, path: str
) -> None:
    """The rules would store a record of `earn-points`, or a field, and answer that all is well."""
    client, model = await serve({})
    model.script = _Any(CUSTOM)
    assert (await client.post("/members", json={"name": "Ann"})).status == 201

    reply = await client.request(method, path, json={"points": 5})

    assert (await reply.json())["by"] == "model"
    assert len(model.requests) == 1


@pytest.mark.parametrize("is_declared", [False, True])
async def test_a_resource_with_the_name_of_an_action_is_plain_rest(
    serve: Make, is_declared: bool
) -> None:
    """Records of it are stored, or the session's contract declares it."""
    client, model = await serve({})
    records = {"members": [{"id": 1}], "send-reminders": [] if is_declared else [{"memberId": 1}]}
    named = await client.post("/_larst/sessions/default/import", json=records)
    if is_declared:
        named = await client.put("/_larst/sessions/default/contract", json=CONTRACT)
    assert named.status < 300, await named.text()

    reply = await client.post("/members/1/send-reminders", json={"days": 5})

    assert (reply.status, model.requests) == (201, [])


@pytest.mark.parametrize("name", ["news", "equipment", "blog-posts", "orderLines"])
async def test_an_empty_collection_is_plain_rest_whatever_its_plural(
    serve: Make, name: str
) -> None:
    client, model = await serve({})

    assert (await (await client.get(f"/{name}")).json())["items"] == []
    assert model.requests == []


@pytest.mark.parametrize("target", ["/members?limti=1", "/members?sort=-nmae"])
async def test_a_slip_is_answered_by_the_rules(serve: Make, target: str) -> None:
    """A typing mistake needs no plan: the nearest word helps more."""
    client, model = await serve({})
    assert (await client.post("/members", json={"name": "Ann"})).status == 201

    reply = await client.get(target)

    assert (reply.status, model.requests) == (400, [])
    assert "did you mean" in (await reply.json())["detail"]


async def test_a_change_with_a_query_that_no_rule_reads_is_refused(serve: Make) -> None:
    """What such a request would select is a guess, and it would delete."""
    client, model = await serve({})
    assert (await client.post("/members", json={"name": "Ann"})).status == 201

    reply = await client.delete("/members?$apply=groupby((name))")

    assert (reply.status, model.requests) == (400, [])


async def test_a_rejected_plan_of_the_rules_is_planned_by_the_model(
    serve: Make, tmp_path: Path
) -> None:
    """A user says that the convention is not what the path means here."""
    client, model = await serve({"GET /members": [CUSTOM]})
    assert (await client.get("/members")).status == 200
    (plan,) = (await (await client.get("/_larst/plans")).json())["items"]
    path = f"/_larst/plans/{plan['key']}/reject"
    assert (await client.post(path, json={"reason": "members of the club only"})).status == 200

    reply = await client.get("/members")

    assert (await reply.json())["by"] == "model"
    assert "members of the club only" in model.requests[0].refusals[0].reason


async def test_a_guess_that_was_learned_without_a_model_does_not_serve_with_one(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """The plan book outlives the settings: the rules alone read /members/me as a record."""
    book = {"SANDBOX_DATA_ROOT": str(tmp_path / "data")}
    alone = await make_client(RulesPlanner(), **book)
    assert (await alone.post("/members", json={"name": "Ann"})).status == 201
    assert (await alone.get("/members/me")).status == 404
    await alone.close()

    model = ScriptedPlanner({"GET /members/me": [CUSTOM]})
    client = await make_client(RulesFirstPlanner(RulesPlanner(), model), **book, LARS_PROOF="off")

    assert (await client.get("/members/1")).status == 200
    assert (await (await client.get("/members/me")).json())["by"] == "model"
    assert len(model.requests) == 1


class _Any(dict[str, list[str]]):
    """A script with the same program for every shape."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def get(self, shape: str, default: Any = None) -> Any:
        return [self._program]

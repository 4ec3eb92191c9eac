"""The built-in rules: every program passes the policy, and none is a guess."""

from __future__ import annotations

import itertools

import pytest

from larst.domain import Json, Plan
from larst.errors import BadResourceNameError, NoRuleError, NoUsablePlanError
from larst.planning.planner import PlanningRequest, Refusal
from larst.planning.rules.planner import RulesPlanner
from larst.planning.shapes.rest_path import SchemaOf, interpret_shape
from larst.planning.shapes.shape import Shape, shape_of
from larst.policy import PolicyLimits, check
from tests.fakes import request

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = (
    "/members",
    "/members/1",
    "/members/bob",
    "/members/search",
    "/posts/1/comments",
    "/posts/1/comments/2",
    "/posts/1/comments/search",
    "/api/v1/shops/1/products/2/reviews/3",
)
QUERIES = (
    "",
    "?role=admin",
    "?limit=1",
    "?limit=x",
    "?limit=1&offset=2&sort=-a",
    "?role=a&sort=b",
    "?q=x&limit=1",
    "?findByName=x",
)
BODIES = (b"", b'{"a":1}', b"[]", b"5")


def _shape(method: str, target: str, body: bytes = b"") -> Shape:
    return shape_of(request(method, target, body), lambda *_: False)


def _schemas(schemas: dict[str, Json]) -> SchemaOf:
    return lambda name: schemas.get(name)


async def _plan(shape: Shape, schemas: dict[str, Json] | None = None) -> Plan:
    planned = await RulesPlanner().plan(_planning_request(shape, _schemas(schemas or {})))
    return planned.plan


def _planning_request(shape: Shape, schema_of: SchemaOf, *refusals: Refusal) -> PlanningRequest:
    path, facts = interpret_shape(shape, schema_of)
    return PlanningRequest(shape, path, facts, {}, {}, "session-1", refusals=refusals)


async def test_every_program_of_the_rules_passes_the_policy() -> None:
    """Programs of rules and models are checked alike."""
    programs = set()
    for method, path, query, body in itertools.product(METHODS, PATHS, QUERIES, BODIES):
        try:
            plan = await _plan(_shape(method, path + query, body))
        except NoRuleError:
            continue
        programs.add(check(plan.code.block, PolicyLimits()))

    assert len(programs) > 60


@pytest.mark.parametrize(
    ("method", "target", "action"),
    [
        ("POST", "/members", "create"),
        ("GET", "/members/1", "get"),
        ("GET", "/members", "list"),
        ("PUT", "/members/1", "replace"),
        ("PATCH", "/members/1", "patch"),
        ("DELETE", "/members/1", "delete"),
        ("GET", "/members/search", "search"),
        ("GET", "/members?getByName=x", "search"),
    ],
)
async def test_a_plan_has_its_action_and_its_resource(
    method: str, target: str, action: str
) -> None:
    plan = await _plan(_shape(method, target, b"{}" if method.startswith("P") else b""))

    assert (plan.action, plan.resource) == (action, "members")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/orders/1/cancel"),
        ("POST", "/orders/cancel"),
        ("GET", "/products/cheapest?category=tools"),
        ("GET", "/5"),
        ("GET", "/a/b/c"),
        ("GET", "/as/1/bs/1/cs/1/ds/1/es/1/fs"),
    ],
)
async def test_requests_beyond_plain_rest_are_refused(method: str, target: str) -> None:
    with pytest.raises(NoRuleError, match="language model"):
        await _plan(_shape(method, target))


async def test_the_rules_have_one_program_for_each_shape() -> None:
    """A second attempt would return the same program."""
    shape = _shape("GET", "/members/1")

    with pytest.raises(NoUsablePlanError, match="because"):
        await RulesPlanner().plan(_planning_request(shape, _schemas({}), Refusal("because")))


async def test_an_invalid_resource_name_is_refused() -> None:
    """Otherwise invalid paths would fill the plan book."""
    with pytest.raises(BadResourceNameError):
        await _plan(_shape("GET", "/a.b/1"))


def test_only_relevant_facts_are_part_of_the_key() -> None:
    """If the key changed with the first record, every shape would be planned twice."""
    schema: dict[str, Json] = {"members": {"fields": ["id", "name"]}, "posts": {"fields": ["id"]}}

    for target in ("/members", "/members/1", "/posts/1/comments"):
        shape = _shape("GET", target)
        assert (
            interpret_shape(shape, _schemas({}))[1] == interpret_shape(shape, _schemas(schema))[1]
        ), target


def test_a_learned_link_field_is_a_fact() -> None:
    schemas: dict[str, Json] = {"comments": {"fields": ["id", "postId"]}}

    facts = interpret_shape(_shape("GET", "/posts/1/comments"), _schemas(schemas))[1]

    assert facts["links"] == {"comments": "postId"}

"""The built-in rules: every program passes the policy, and none is a guess."""

from __future__ import annotations

import itertools

import pytest

from larst.domain import Plan
from larst.errors import BadRequestError, BadResourceNameError, NoRuleError, NoUsablePlanError
from larst.planning.planner import Refusal
from larst.planning.rules.planner import RulesPlanner
from larst.policy import PolicyLimits, check
from larst.store.session_data import SessionData
from tests.fakes import request
from tests.planning.sessions import (
    EMPTY,
    planning_request_of,
    session_of,
    shaped,
    shaped_of,
)

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
    "/members/1,2",
    "/members/count",
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
    "?_page=2&_limit=5&_sort=a&_order=desc",
    "?fields=a,b",
    "?exclude=a",
)
BODIES = (b"", b'{"a":1}', b"[]", b"5")


async def _plan(method: str, target: str, body: bytes = b"", session: SessionData = EMPTY) -> Plan:
    shaped = shaped_of(request(method, target, body), session)
    return (await RulesPlanner().plan(planning_request_of(shaped))).plan


async def test_every_program_of_the_rules_passes_the_policy() -> None:
    """Programs of rules and models are checked alike."""
    blocks = set()
    for method, path, query, body in itertools.product(METHODS, PATHS, QUERIES, BODIES):
        try:
            plan = await _plan(method, path + query, body)
        except (NoRuleError, BadRequestError):
            continue
        blocks.add(plan.code.block)

    assert len({check(block, PolicyLimits()) for block in blocks}) > 60


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
    plan = await _plan(method, target, b"{}" if method.startswith("P") else b"")

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
        await _plan(method, target)


async def test_the_rules_have_one_program_for_each_shape() -> None:
    """A second attempt would return the same program."""
    planning = planning_request_of(shaped("GET", "/members/1"), refusals=(Refusal("because"),))

    with pytest.raises(NoUsablePlanError, match="because"):
        await RulesPlanner().plan(planning)


async def test_an_invalid_resource_name_is_refused() -> None:
    """Otherwise invalid paths would fill the plan book."""
    with pytest.raises(BadResourceNameError):
        await _plan("GET", "/a.b/1")


@pytest.mark.parametrize(
    "target", ["/members", "/members/1", "/posts/1/comments", "/members?name=x"]
)
def test_only_relevant_facts_are_part_of_the_key(target: str) -> None:
    """If the key changed with the first record, every shape would be planned twice."""
    session = session_of({"members": [{"name": "Ann"}], "posts": [{"title": "Hi"}]})

    assert shaped_of(request("GET", target), session).key == shaped("GET", target).key


@pytest.mark.parametrize("link", ["postId", "post_id", "post", "postID", "PostId", "post-id"])
def test_a_learned_link_field_is_a_fact(link: str) -> None:
    session = session_of({"posts": [{"title": "Hi"}], "comments": [{link: 1}]})

    facts = shaped_of(request("GET", "/posts/1/comments"), session).facts

    assert facts["links"] == {"comments": [link]}


@pytest.mark.parametrize(
    ("target", "is_part"),
    [("/members?limit=1", True), ("/members?_page=2&_limit=5", True), ("/members?a=1", False)],
)
async def test_no_program_reads_the_query(target: str, is_part: bool) -> None:
    """A program does not know in which dialect it was asked."""
    block = (await _plan("GET", target)).code.block

    assert "ctx" not in block
    assert ('plan["limit"]' in block) == is_part

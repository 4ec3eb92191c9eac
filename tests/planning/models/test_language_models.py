"""Both adapters with the real SDKs, against a server that behaves well or badly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import pytest

from larst.errors import PlannerBrokenError, PlannerUnreachableError
from larst.planning.models.answers import ANSWER_SCHEMA
from larst.planning.models.anthropic import AnthropicModel
from larst.planning.models.base import Completion, LanguageModel, Prompt, StopReason, Tokens
from larst.planning.models.openai import OpenAIModel
from larst.planning.models.options import Effort
from tests.wire import server as wire
from tests.wire.server import WireServer

KEY = "sk-s3cret"


WIRES: tuple[wire.Wire, ...] = ("responses", "chat", "messages")


TOKENS = Tokens(
    input=wire.INPUT_TOKENS, cached=wire.CACHED_TOKENS, cache_written=0, output=wire.OUTPUT_TOKENS
)


PROMPT = Prompt("You are the planner", "Plan this", ANSWER_SCHEMA, "v1")


def model_for(
    kind: wire.Wire, base_url: str, *hosts: str, effort: Effort | None = None
) -> LanguageModel:
    allowed = hosts or ("127.0.0.1",)
    if kind == "messages":
        return AnthropicModel(
            model="m", api_key=KEY, base_url=base_url, allowed_hosts=allowed, effort=effort
        )
    return OpenAIModel(
        model="m",
        api_key=KEY,
        base_url=base_url,
        allowed_hosts=allowed,
        wire=kind,
        effort=effort,
    )


@pytest.fixture(params=WIRES)
def kind(request: pytest.FixtureRequest) -> wire.Wire:
    chosen: wire.Wire = request.param
    return chosen


@pytest.fixture
async def provider() -> AsyncIterator[WireServer]:
    async with WireServer(lambda system, user: f"{len(system)} {len(user)}") as running:
        yield running


@pytest.fixture
async def model(provider: WireServer, kind: wire.Wire) -> AsyncIterator[LanguageModel]:
    adapter = model_for(kind, provider.base_url(kind))
    yield adapter
    await adapter.close()


async def complete(model: LanguageModel, timeout_s: float = 5) -> Completion:
    return await model.complete(PROMPT, timeout_s=timeout_s)


async def test_a_completion_has_its_token_counts(model: LanguageModel) -> None:
    assert await complete(model) == Completion("19 9", TOKENS, "end")


@pytest.mark.parametrize(
    ("misbehaviour", "stop_reason"),
    [(wire.REFUSAL, "refused"), (wire.TRUNCATION, "cut")],
    ids=["refusal", "truncation"],
)
async def test_an_incomplete_answer_has_its_reason(
    model: LanguageModel,
    provider: WireServer,
    misbehaviour: wire.Misbehaviour,
    stop_reason: StopReason,
) -> None:
    """Its cost is known, too."""
    provider.coming.append(misbehaviour)

    answer = await complete(model)

    assert (answer.stop_reason, answer.tokens) == (stop_reason, TOKENS)
    assert (await complete(model)).stop_reason == "end"


@pytest.mark.parametrize(
    ("misbehaviour", "retry_after_s"),
    [
        (wire.BUSY_FOR_LONG, 7),
        (wire.BUSY, None),
        (wire.ERROR, None),
        (wire.OVERLOADED, None),
        (wire.status(408), None),
        (wire.status(503, {"Retry-After": "2"}), 2),
        (wire.status(429, {"retry-after-ms": "1500"}), 1.5),
        (wire.drop, None),
        (wire.half_a_body, None),
    ],
    ids="busy-for-long busy error overloaded late unavailable in-ms drop half".split(),
)
async def test_a_transient_error_says_when_to_retry(
    model: LanguageModel,
    provider: WireServer,
    misbehaviour: wire.Misbehaviour,
    retry_after_s: float | None,
) -> None:
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError) as failure:
        await complete(model)

    assert failure.value.is_transient
    assert failure.value.retry_after_s == retry_after_s
    assert len(provider.calls) == 1
    assert "s3cret" not in f"{failure.value.detail}"
    assert (await complete(model)).stop_reason == "end"


@pytest.mark.parametrize("misbehaviour", [wire.silence, wire.trickle], ids=["silence", "trickle"])
async def test_a_call_ends_at_its_timeout(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour
) -> None:
    """A slow trickle of bytes must not keep a request waiting forever."""
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError, match="in time") as failure:
        await complete(model, timeout_s=0.2)

    assert failure.value.is_transient
    assert (await complete(model)).stop_reason == "end"


@pytest.mark.parametrize(
    "misbehaviour",
    [wire.HTML, wire.BROKEN_JSON, wire.OTHER_JSON, wire.LIST, wire.EMPTY],
    ids=["html", "broken", "other", "list", "empty"],
)
async def test_an_answer_in_another_protocol_is_a_broken_planner(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour
) -> None:
    """The login page of a proxy is neither a plan nor a bug of ours."""
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerBrokenError, match="LARS_LLM_BASE_URL"):
        await complete(model)

    assert (await complete(model)).stop_reason == "end"


@pytest.mark.parametrize(
    ("misbehaviour", "advice"),
    [
        (wire.BAD_KEY, "_API_KEY"),
        (wire.status(403), "_API_KEY"),
        (wire.NO_MODEL, "LARS_MODEL"),
        (wire.BAD_REQUEST, "LARS_MODEL"),
        (wire.status(402), "credit"),
    ],
)
async def test_a_permanent_error_says_what_to_check(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour, advice: str
) -> None:
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError) as failure:
        await complete(model)

    assert not failure.value.is_transient
    assert advice in failure.value.detail
    assert "s3cret" not in failure.value.detail


async def test_an_answer_without_usage_is_accepted(
    model: LanguageModel, provider: WireServer
) -> None:
    """Not every server counts tokens."""
    provider.coming.append(wire.WITHOUT_USAGE)

    assert await complete(model) == Completion("19 9", Tokens(), "end")


async def test_a_server_that_refuses_connections_is_unreachable(kind: wire.Wire) -> None:
    model = model_for(kind, "http://127.0.0.1:9/v1")

    with pytest.raises(PlannerUnreachableError, match="cannot be reached") as failure:
        await complete(model)

    assert failure.value.is_transient
    await model.close()


def _reasoned(name: str) -> wire.Misbehaviour:
    def change(message: dict[str, Any]) -> None:
        answer = message["choices"][0]["message"]
        answer[name], answer["content"] = f"I think.\n{answer['content']}", None

    return wire.changed(chat=change)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_an_answer_filed_under_reasoning_is_read(name: str) -> None:
    """llama.cpp and others put the whole answer there for some models."""
    async with WireServer(lambda _system, _user: '{"a": 1}') as provider:
        model = model_for("chat", provider.base_url("chat"))
        provider.coming.append(_reasoned(name))

        assert (await complete(model)).text == '{"a": 1}'
        await model.close()


class TestEffort:
    """Optional fields: sent until a server rejects them."""

    FIELDS: ClassVar[dict[str, dict[str, Any]]] = {
        "responses": {"reasoning": {"effort": "low"}},
        "chat": {"reasoning_effort": "low"},
        "messages": {"effort": "low"},
    }

    async def test_it_is_sent_and_left_out_once_it_is_rejected(
        self, provider: WireServer, kind: wire.Wire
    ) -> None:
        model = model_for(kind, provider.base_url(kind), effort="low")

        await complete(model)
        provider.coming.append(wire.BAD_REQUEST)
        await complete(model)
        await complete(model)
        await model.close()

        sent = [self.FIELDS[kind].items() <= _options(call.body).items() for call in provider.calls]
        assert sent == [True, True, False, False]

    async def test_another_rejection_keeps_it(self, provider: WireServer, kind: wire.Wire) -> None:
        model = model_for(kind, provider.base_url(kind), effort="low")
        provider.coming.extend([wire.BAD_REQUEST, wire.BAD_REQUEST])

        with pytest.raises(PlannerUnreachableError):
            await complete(model)
        await complete(model)
        await model.close()

        assert self.FIELDS[kind].items() <= _options(provider.calls[-1].body).items()


def _options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**body, **body.get("output_config", {})}


class TestRequests:
    async def test_the_schema_is_strict(
        self, model: LanguageModel, provider: WireServer, kind: wire.Wire
    ) -> None:
        await complete(model)

        body = provider.calls[0].body
        match kind:
            case "responses":
                schema = body["text"]["format"]
            case "chat":
                schema = body["response_format"]["json_schema"]
            case "messages":
                schema = {"strict": True, **body["output_config"]["format"]}
        assert schema["schema"] == ANSWER_SCHEMA
        assert schema["strict"] is True
        # OpenAI's own models and Anthropic's reject it.
        assert body.get("temperature") == (0.0 if kind == "chat" else None)

    async def test_the_system_prompt_is_marked_for_caching(
        self, model: LanguageModel, provider: WireServer, kind: wire.Wire
    ) -> None:
        """It is most of the prompt, and the same for all requests."""
        await complete(model)

        body = provider.calls[0].body
        if kind == "messages":
            assert body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
        if kind == "responses":
            assert body["prompt_cache_key"] == "larst-v1"
            assert body["store"] is False
        assert (provider.calls[0].system, provider.calls[0].user) == (PROMPT.system, PROMPT.user)

    async def test_the_headers_have_the_key_but_no_trace_context(
        self, model: LanguageModel, provider: WireServer
    ) -> None:
        await complete(model)

        headers = {name.lower(): value for name, value in provider.calls[0].headers.items()}
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "traceparent" not in headers


class TestHosts:
    async def test_a_host_that_is_not_allowed_is_never_called(
        self, provider: WireServer, kind: wire.Wire
    ) -> None:
        model = model_for(kind, provider.base_url(kind), "api.example.org")

        with pytest.raises(
            PlannerUnreachableError, match="LARS_SANDBOX_LLM_ALLOWED_HOSTS"
        ) as failure:
            await complete(model)

        assert not failure.value.is_transient
        assert provider.calls == []
        await model.close()

    async def test_a_redirect_to_another_host_is_not_followed(
        self, model: LanguageModel, provider: WireServer
    ) -> None:
        """A redirect would send the prompt to a host that the operator has not allowed."""
        async with WireServer(lambda *_: "{}") as elsewhere:
            other = elsewhere.url.replace("127.0.0.1", "localhost")
            provider.coming.append(wire.status(307, {"Location": f"{other}/v1/responses"}))

            with pytest.raises(PlannerBrokenError):
                await complete(model)

            assert elsewhere.calls == []

"""Both adapters through the real SDKs, against a server that behaves, and one that does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import ModuleType

import anthropic
import httpx2
import openai
import pytest

from larst.errors import PlannerBrokenError, PlannerUnreachableError
from larst.planning.models.answers import ANSWER_SCHEMA
from larst.planning.models.anthropic import AnthropicModel
from larst.planning.models.base import Completion, LanguageModel, Prompt, StopReason, Tokens
from larst.planning.models.errors import ProviderErrors, retry_after_s
from larst.planning.models.openai import OpenAIModel
from tests.wire import server as wire
from tests.wire.server import WireServer

KEY = "sk-s3cret"
WIRES: tuple[wire.Wire, ...] = ("responses", "chat", "messages")
TOKENS = Tokens(
    input=wire.INPUT_TOKENS, cached=wire.CACHED_TOKENS, cache_written=0, output=wire.OUTPUT_TOKENS
)
PROMPT = Prompt("You are the planner", "Plan this", ANSWER_SCHEMA, "v1")


def model_for(kind: wire.Wire, base_url: str, *hosts: str) -> LanguageModel:
    allowed = hosts or ("127.0.0.1",)
    if kind == "messages":
        return AnthropicModel(model="m", api_key=KEY, base_url=base_url, allowed_hosts=allowed)
    return OpenAIModel(model="m", api_key=KEY, base_url=base_url, allowed_hosts=allowed, wire=kind)


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
    made = model_for(kind, provider.base_url(kind))
    yield made
    await made.close()


async def ask(model: LanguageModel, timeout_s: float = 5) -> Completion:
    return await model.complete(PROMPT, timeout_s=timeout_s)


async def test_an_answer_comes_with_its_tokens(model: LanguageModel) -> None:
    assert await ask(model) == Completion("19 9", TOKENS, "end")


@pytest.mark.parametrize(
    ("misbehaviour", "stop_reason"),
    [(wire.REFUSAL, "refused"), (wire.TRUNCATION, "cut")],
    ids=["refusal", "truncation"],
)
async def test_an_answer_that_is_no_end_says_why(
    model: LanguageModel,
    provider: WireServer,
    misbehaviour: wire.Misbehaviour,
    stop_reason: StopReason,
) -> None:
    """What it cost is known all the same."""
    provider.coming.append(misbehaviour)

    answer = await ask(model)

    assert (answer.stop_reason, answer.tokens) == (stop_reason, TOKENS)
    assert (await ask(model)).stop_reason == "end"


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
async def test_what_may_pass_says_so_and_when(
    model: LanguageModel,
    provider: WireServer,
    misbehaviour: wire.Misbehaviour,
    retry_after_s: float | None,
) -> None:
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError) as failed:
        await ask(model)

    assert failed.value.is_transient
    assert failed.value.retry_after_s == retry_after_s
    assert len(provider.calls) == 1
    assert "s3cret" not in f"{failed.value.detail}"
    assert (await ask(model)).stop_reason == "end"


@pytest.mark.parametrize("misbehaviour", [wire.silence, wire.trickle], ids=["silence", "trickle"])
async def test_a_call_ends_in_its_time_whatever_comes(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour
) -> None:
    """A byte now and then must not keep a request for ever."""
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError, match="in time") as failed:
        await ask(model, timeout_s=0.2)

    assert failed.value.is_transient
    assert (await ask(model)).stop_reason == "end"


@pytest.mark.parametrize(
    "misbehaviour",
    [wire.HTML, wire.BROKEN_JSON, wire.OTHER_JSON, wire.LIST, wire.EMPTY],
    ids=["html", "broken", "other", "list", "empty"],
)
async def test_what_is_not_the_api_is_told_to_be_that(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour
) -> None:
    """A proxy's log-in page is no plan, and no bug of ours."""
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerBrokenError, match="LARS_LLM_BASE_URL"):
        await ask(model)

    assert (await ask(model)).stop_reason == "end"


@pytest.mark.parametrize(
    ("misbehaviour", "what_to_do"),
    [
        (wire.BAD_KEY, "_API_KEY"),
        (wire.status(403), "_API_KEY"),
        (wire.NO_MODEL, "LARS_MODEL"),
        (wire.BAD_REQUEST, "LARS_MODEL"),
        (wire.status(402), "credit"),
    ],
)
async def test_what_will_not_pass_says_what_to_look_at(
    model: LanguageModel, provider: WireServer, misbehaviour: wire.Misbehaviour, what_to_do: str
) -> None:
    provider.coming.append(misbehaviour)

    with pytest.raises(PlannerUnreachableError) as failed:
        await ask(model)

    assert not failed.value.is_transient
    assert what_to_do in failed.value.detail
    assert "s3cret" not in failed.value.detail


async def test_an_answer_without_usage_is_an_answer(
    model: LanguageModel, provider: WireServer
) -> None:
    """Not every server counts."""
    provider.coming.append(wire.WITHOUT_USAGE)

    assert await ask(model) == Completion("19 9", Tokens(), "end")


async def test_nobody_listens(kind: wire.Wire) -> None:
    model = model_for(kind, "http://127.0.0.1:9/v1")

    with pytest.raises(PlannerUnreachableError, match="cannot be reached") as failed:
        await ask(model)

    assert failed.value.is_transient
    await model.close()


class TestWhatIsSent:
    async def test_the_schema_goes_along_strictly(
        self, model: LanguageModel, provider: WireServer, kind: wire.Wire
    ) -> None:
        await ask(model)

        sent = provider.calls[0].body
        match kind:
            case "responses":
                told = sent["text"]["format"]
            case "chat":
                told = sent["response_format"]["json_schema"]
            case "messages":
                told = {"strict": True, **sent["output_config"]["format"]}
        assert told["schema"] == ANSWER_SCHEMA
        assert told["strict"] is True
        assert "temperature" not in sent

    async def test_the_system_prompt_is_marked_for_the_providers_cache(
        self, model: LanguageModel, provider: WireServer, kind: wire.Wire
    ) -> None:
        """It is the same each time, and most of the prompt."""
        await ask(model)

        sent = provider.calls[0].body
        if kind == "messages":
            assert sent["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
        if kind == "responses":
            assert sent["prompt_cache_key"] == "larst-v1"
            assert sent["store"] is False
        assert (provider.calls[0].system, provider.calls[0].user) == (PROMPT.system, PROMPT.user)

    async def test_the_key_goes_into_its_header_and_no_trace_along(
        self, model: LanguageModel, provider: WireServer
    ) -> None:
        await ask(model)

        headers = {name.lower(): value for name, value in provider.calls[0].headers.items()}
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "traceparent" not in headers


class TestHosts:
    async def test_a_host_that_is_not_allowed_is_never_called(
        self, provider: WireServer, kind: wire.Wire
    ) -> None:
        model = model_for(kind, provider.base_url(kind), "api.example.org")

        with pytest.raises(PlannerUnreachableError, match="LARS_SANDBOX_LLM_ALLOWED_HOSTS") as no:
            await ask(model)

        assert not no.value.is_transient
        assert provider.calls == []
        await model.close()

    async def test_nor_is_one_that_an_allowed_one_names(
        self, model: LanguageModel, provider: WireServer
    ) -> None:
        """A redirect would carry the prompt to whoever the answer names."""
        async with WireServer(lambda *_: "{}") as elsewhere:
            other = elsewhere.url.replace("127.0.0.1", "localhost")
            provider.coming.append(wire.status(307, {"Location": f"{other}/v1/responses"}))

            with pytest.raises(PlannerBrokenError):
                await ask(model)

            assert elsewhere.calls == []


def errors_of(module: ModuleType) -> list[type[Exception]]:
    found = [getattr(module, name) for name in dir(module)]
    return [one for one in found if isinstance(one, type) and issubclass(one, Exception)]


@pytest.mark.parametrize(
    ("sdk", "base", "key"),
    [
        (openai, openai.OpenAIError, "OPENAI_API_KEY"),
        (anthropic, anthropic.AnthropicError, "ANTHROPIC_API_KEY"),
    ],
)
def test_no_error_of_an_sdk_or_its_transport_is_left_unmapped(
    sdk: ModuleType, base: type[Exception], key: str
) -> None:
    """One that came through as it is would be a bug's 500."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1")
    provider = ProviderErrors(sdk, base, key, "http://127.0.0.1/v1")
    caught = (base, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError)
    known = errors_of(sdk) + errors_of(httpx2)
    assert len(known) > 40

    for error_class in known:
        error = error_class.__new__(error_class)
        if issubclass(error_class, sdk.APIStatusError):
            error.status_code = 503  # type: ignore[attr-defined]  # set by its __init__
            error.response = httpx2.Response(503, request=request)  # type: ignore[attr-defined]  # as above
        assert isinstance(provider.translate(error), PlannerUnreachableError), error_class
        is_misuse = error_class.__name__ in {"CookieConflict", "SSEError"}
        assert issubclass(error_class, caught) or is_misuse, error_class


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
    ],
)
def test_how_long_a_provider_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

    assert retry_after_s(headers, now) == seconds

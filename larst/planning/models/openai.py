"""OpenAI, and servers that speak its protocol (Ollama, vLLM, llama.cpp).

Calls the Responses API of OpenAI itself, and chat completions of other servers: llama.cpp enforces
the JSON schema only there (measured in November 2026).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.responses import Response

from larst.planning.models.base import Completion, Prompt, StopReason, Tokens
from larst.planning.models.errors import ProviderErrors, allow_hosts
from larst.planning.models.options import Effort, OptionalFields

OPENAI_HOST = "api.openai.com"
MAX_OUTPUT_TOKENS = 8192
"""A program has at most 16 KiB; reasoning models need additional tokens."""

_CUT_REASONS = frozenset({"max_output_tokens", "length"})


class OpenAIModel:
    """One model behind an OpenAI-compatible API. If `wire` is unset, the host decides."""

    provider = "openai"

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str,
        allowed_hosts: Collection[str],
        wire: Literal["responses", "chat"] | None = None,
        effort: Effort | None = None,
    ) -> None:
        self.model = model
        is_openai = urlsplit(base_url).hostname == OPENAI_HOST
        self._wire = wire or ("responses" if is_openai else "chat")
        # OpenAI's own models reject a temperature; the servers of others take it.
        self.has_temperature = self._wire == "chat"
        self._options = OptionalFields(_options(self._wire, effort))
        self._errors = ProviderErrors(openai, openai.OpenAIError, "OPENAI_API_KEY", base_url)
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                event_hooks=allow_hosts(allowed_hosts), follow_redirects=False
            ),
        )

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the model's completion; see `LanguageModel`."""
        async with self._errors.call(timeout_s):
            rejected = (openai.BadRequestError, openai.UnprocessableEntityError)
            if self._wire == "responses":
                return _of_response(
                    await self._options.send(
                        lambda options: self._respond(prompt, options, timeout_s), *rejected
                    )
                )
            return _of_chat(
                await self._options.send(
                    lambda options: self._chat(prompt, options, timeout_s), *rejected
                )
            )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _respond(
        self, prompt: Prompt, options: Mapping[str, Any], timeout_s: float
    ) -> Response:
        # Not parse(): it loses the answer and its usage if the text is not JSON, and builds the
        # schema again for each call.
        response: Response = await self._client.responses.create(
            model=self.model,
            instructions=prompt.system,
            input=_messages(prompt),
            text={
                "format": {
                    "type": "json_schema",
                    "name": "plan",
                    "strict": True,
                    "schema": dict(prompt.schema),
                }
            },
            max_output_tokens=MAX_OUTPUT_TOKENS,
            prompt_cache_key=f"larst-{prompt.version}",
            store=False,
            timeout=timeout_s,
            **options,
        )
        return response

    async def _chat(
        self, prompt: Prompt, options: Mapping[str, Any], timeout_s: float
    ) -> ChatCompletion:
        answer: ChatCompletion = await self._client.chat.completions.create(
            model=self.model,
            messages=[{"role": "system", "content": prompt.system}, *_messages(prompt)],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "plan", "strict": True, "schema": dict(prompt.schema)},
            },
            # Not max_completion_tokens: some compatible servers do not know the new name.
            max_tokens=MAX_OUTPUT_TOKENS,
            temperature=prompt.temperature,
            timeout=timeout_s,
            **options,
        )
        return answer


def _messages(prompt: Prompt) -> list[Any]:
    return [{"role": turn.role, "content": turn.text} for turn in prompt.turns]


def _of_response(response: Response) -> Completion:
    usage = response.usage
    tokens = (
        Tokens(
            input=usage.input_tokens,
            cached=_count(usage, "input_tokens_details", "cached_tokens"),
            cache_written=_count(usage, "input_tokens_details", "cache_write_tokens"),
            output=usage.output_tokens,
        )
        if usage is not None
        else Tokens()
    )
    for item in response.output:
        for part in item.content if item.type == "message" else ():
            if part.type == "refusal":
                return Completion(part.refusal, tokens, "refused")
    if response.status == "failed":
        raise ValueError("the response failed")
    details = response.incomplete_details
    reason = details.reason if response.status == "incomplete" and details is not None else None
    return Completion(response.output_text, tokens, _stop_reason(reason))


def _of_chat(answer: ChatCompletion) -> Completion:
    choice, usage = answer.choices[0], answer.usage
    tokens = (
        Tokens(
            input=usage.prompt_tokens,
            cached=_count(usage, "prompt_tokens_details", "cached_tokens"),
            cache_written=_count(usage, "prompt_tokens_details", "cache_write_tokens"),
            output=usage.completion_tokens,
        )
        if usage is not None
        else Tokens()
    )
    if choice.message.refusal:
        return Completion(choice.message.refusal, tokens, "refused")
    stop_reason = _stop_reason(choice.finish_reason)
    text = choice.message.content or _reasoning(choice.message)
    if text is None and stop_reason == "end":
        raise ValueError("the message has no content")
    return Completion(text or "", tokens, stop_reason)


def _reasoning(message: ChatCompletionMessage) -> str | None:
    """Return the answer of a server that files it under reasoning, as some do with a schema."""
    for name in ("reasoning_content", "reasoning"):
        text = getattr(message, name, None)
        if isinstance(text, str) and "{" in text:
            return text[text.index("{") :]
    return None


def _options(wire: str, effort: Effort | None) -> Mapping[str, Any]:
    if effort is None:
        return {}
    return (
        {"reasoning": {"effort": effort}} if wire == "responses" else {"reasoning_effort": effort}
    )


def _stop_reason(reason: str | None) -> StopReason:
    if reason == "content_filter":
        return "refused"
    return "cut" if reason in _CUT_REASONS else "end"


def _count(usage: Any, details: str, name: str) -> int:
    """Return a count of the usage details, or 0 if the server does not send it."""
    return getattr(getattr(usage, details, None), name, None) or 0

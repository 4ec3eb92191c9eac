"""Anthropic: the Messages API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import anthropic
from anthropic.types import Message, MessageParam, OutputConfigParam

from larst.planning.models.base import Completion, Prompt, StopReason, Tokens, Turn
from larst.planning.models.errors import ProviderErrors, allow_hosts
from larst.planning.models.options import Effort, OptionalFields

MAX_OUTPUT_TOKENS = 8192
_STOP_REASONS: Mapping[str, StopReason] = {
    "refusal": "refused",
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
}


class AnthropicModel:
    """One model behind Anthropic's API."""

    provider = "anthropic"
    has_temperature = False

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str,
        allowed_hosts: Collection[str],
        effort: Effort | None = None,
    ) -> None:
        self.model = model
        self._options = OptionalFields({} if effort is None else {"effort": effort})
        self._errors = ProviderErrors(
            anthropic, anthropic.AnthropicError, "ANTHROPIC_API_KEY", base_url
        )
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            # Otherwise the SDK creates its own span and sends `traceparent` to the provider.
            open_telemetry=False,
            http_client=anthropic.DefaultAsyncHttpxClient(
                event_hooks=allow_hosts(allowed_hosts), follow_redirects=False
            ),
        )

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the model's completion; see `LanguageModel`."""
        async with self._errors.call(timeout_s):
            return _of_message(
                await self._options.send(
                    lambda options: self._send(prompt, options, timeout_s),
                    anthropic.BadRequestError,
                )
            )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _send(self, prompt: Prompt, options: Mapping[str, Any], timeout_s: float) -> Message:
        return await self._client.messages.create(
            model=self.model,
            max_tokens=MAX_OUTPUT_TOKENS,
            system=[
                {
                    "type": "text",
                    "text": prompt.system,
                    # One hour: new shapes come in bursts, with pauses of more than five minutes.
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                }
            ],
            messages=_messages(prompt),
            output_config=_output_config(prompt, options),
            timeout=timeout_s,
        )


def _messages(prompt: Prompt) -> list[MessageParam]:
    return [_message(turn) for turn in prompt.turns]


def _message(turn: Turn) -> MessageParam:
    if turn.role == "user":
        return {"role": "user", "content": turn.text}
    return {"role": "assistant", "content": turn.text}


def _output_config(prompt: Prompt, options: Mapping[str, Any]) -> OutputConfigParam:
    return {"format": {"type": "json_schema", "schema": dict(prompt.schema)}, **options}  # type: ignore[typeddict-item] # the effort


def _of_message(message: Message) -> Completion:
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    tokens = Tokens(
        # `input_tokens` excludes tokens read from and written to the cache.
        input=usage.input_tokens + cached + written,
        cached=cached,
        cache_written=written,
        output=usage.output_tokens,
    )
    stop_reason = _STOP_REASONS.get(message.stop_reason or "", "end")
    text = "".join(block.text for block in message.content if block.type == "text")
    if not text and stop_reason == "end":
        raise ValueError("the message has no text")
    return Completion(text, tokens, stop_reason)

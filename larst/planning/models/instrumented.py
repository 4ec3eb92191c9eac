"""Telemetry for language models: a client span and metrics for each call.

Follows the OpenTelemetry conventions for generative AI. Prompts and answers are recorded only if
the operator has opted in. Must never record an API key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson

from larst.planning.models.base import Completion, LanguageModel, Prompt, StopReason
from larst.telemetry import Labels, current_request, record, span
from larst.telemetry import attributes as names
from larst.telemetry.metrics import MODEL_DURATION, MODEL_TOKENS
from larst.telemetry.spans import Span

_FINISH_REASONS: Mapping[StopReason, str] = {
    "end": "stop",
    "cut": "length",
    "refused": "content_filter",
}


class InstrumentedModel:
    """Forwards each call to `model` and records it; `base_url` is the server's address, if any."""

    def __init__(self, model: LanguageModel, base_url: str | None) -> None:
        self.provider = model.provider
        self.model = model.model
        self.has_temperature = model.has_temperature
        self._model = model
        labels: dict[str, str | int] = {
            names.GEN_AI_OPERATION: "chat",
            names.GEN_AI_PROVIDER: model.provider,
        }
        if model.model is not None:
            labels[names.GEN_AI_REQUEST_MODEL] = model.model
        if base_url is not None:
            parts = urlsplit(base_url)
            labels[names.SERVER_ADDRESS] = parts.hostname or ""
            labels[names.SERVER_PORT] = parts.port or (443 if parts.scheme == "https" else 80)
        self._labels: Labels = tuple(labels.items())

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the model's completion; see `LanguageModel`."""
        started_s = time.perf_counter()
        error_label: Labels = ()
        name = "chat" if self.model is None else f"chat {self.model}"
        attributes = {**dict(self._labels), names.GEN_AI_OUTPUT_TYPE: "json"}
        try:
            with span(name, kind="client", attributes=attributes) as call:
                completion = await self._model.complete(prompt, timeout_s=timeout_s)
                _record_completion(call, prompt, completion)
        except BaseException as error:
            error_label = ((names.ERROR_TYPE, type(error).__name__),)
            raise
        finally:
            elapsed_s = time.perf_counter() - started_s
            record(MODEL_DURATION, elapsed_s, self._labels + error_label)
        tokens = completion.tokens
        for kind, amount in (("input", tokens.input), ("output", tokens.output)):
            if amount:
                record(MODEL_TOKENS, amount, (*self._labels, (names.GEN_AI_TOKEN_TYPE, kind)))
        return completion

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()


def _record_completion(call: Span, prompt: Prompt, completion: Completion) -> None:
    tokens = completion.tokens
    call.set_attribute(names.GEN_AI_INPUT_TOKENS, tokens.input)
    call.set_attribute(names.GEN_AI_OUTPUT_TOKENS, tokens.output)
    call.set_attribute(names.GEN_AI_CACHE_READ_TOKENS, tokens.cached)
    call.set_attribute(names.GEN_AI_CACHE_WRITTEN_TOKENS, tokens.cache_written)
    call.set_attribute(names.GEN_AI_FINISH_REASONS, (_FINISH_REASONS[completion.stop_reason],))
    request = current_request()
    if not call.is_recording or request is None or not request.telemetry.shows_content:
        return
    finish = _FINISH_REASONS[completion.stop_reason]
    answer = {**_message("assistant", completion.text), "finish_reason": finish}
    call.set_attribute(names.GEN_AI_SYSTEM_INSTRUCTIONS, _json([_text(prompt.system)]))
    messages = [_message(turn.role, turn.text) for turn in prompt.turns]
    call.set_attribute(names.GEN_AI_INPUT_MESSAGES, _json(messages))
    call.set_attribute(names.GEN_AI_OUTPUT_MESSAGES, _json([answer]))


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [_text(text)]}


def _text(text: str) -> dict[str, object]:
    return {"type": "text", "content": text}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()

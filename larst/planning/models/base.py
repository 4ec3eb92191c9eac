"""The language-model protocol: one prompt goes in, one text comes out, or an error.

Adapters speak one provider's wire each. Must never retry, wait or judge a plan: `calls.py` and
`model_planner.py` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from larst.domain import Json

StopReason: TypeAlias = Literal["end", "cut", "refused"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked. `system` is the same for all requests, so that it can be cached.

    `schema` is the strict JSON Schema of the answer; `version` names the prompt's text.
    """

    system: str
    user: str
    schema: Mapping[str, Json]
    version: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call used. `input` counts all of the prompt, `cached` and `cache_written` too."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer. `stopped` says why it ended: at its `end`, `cut` off, or it `refused`."""

    text: str
    tokens: Tokens
    stop_reason: StopReason = "end"


class LanguageModel(Protocol):
    """One model of one provider."""

    @property
    def provider(self) -> str:
        """What `Server-Timing` and the plan book call it: `openai`, `anthropic`, `mock`."""

    @property
    def model(self) -> str | None:
        """The model's name, where there is one."""

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the model's answer; a single try, ended after `timeout_s` seconds whatever comes.

        Raises:
            PlannerUnreachableError: there is none; says whether and when to try again.
            PlannerBrokenError: what answered does not speak the provider's language.
        """

    async def close(self) -> None:
        """Let the connections go."""

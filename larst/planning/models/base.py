"""The language-model protocol: a prompt goes in, a completion or an error comes out.

Each adapter speaks the wire protocol of one provider. It must never retry, wait or judge an
answer: retry.py, budget.py and answers.py do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from larst.domain import Json

StopReason: TypeAlias = Literal["end", "cut", "refused"]
"""Why a completion ended: at its end, cut off at the token limit, or refused by the model."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `system` is the same for all requests, so that providers can cache it.

    `schema` is the strict JSON Schema of the answer; `version` identifies the text of the prompt.
    The conversation is `examples`, then the request in `user`, then `retries`: refused programs
    and the reasons. `whole` is all of it as one text, for planners that take only one.
    `temperature` is above 0 only where the same answer came back.
    """

    system: str
    user: str
    schema: Mapping[str, Json]
    version: str
    examples: tuple[Turn, ...] = ()
    retries: tuple[Turn, ...] = ()
    whole: str | None = None
    temperature: float = 0.0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation after the system prompt: user and assistant alternate."""
        return (*self.examples, Turn("user", self.user), *self.retries)

    @property
    def size_characters(self) -> int:
        """The length of all texts of the conversation."""
        return len(self.system) + sum(len(turn.text) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one call. `input` includes `cached` and `cache_written`."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer of a model."""

    text: str
    tokens: Tokens
    stop_reason: StopReason = "end"


class LanguageModel(Protocol):
    """One model of one provider; `larst/planning/factory.py` lists the providers.

    A model that calls a local function:

    >>> import asyncio, json
    >>> from larst.planning.models import Completion, Prompt, Tokens
    >>> def write_plan(prompt: str) -> str:
    ...     code = {"language": "python", "block": "REPLY = make_response(204)"}
    ...     return json.dumps({"action": "custom", "resource": None, "code": code})
    >>> class LocalModel:
    ...     provider = "local"
    ...     model = "write_plan"
    ...     has_temperature = False
    ...
    ...     async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
    ...         async with asyncio.timeout(timeout_s):
    ...             text = await asyncio.to_thread(write_plan, prompt.user)
    ...         return Completion(text, Tokens(input=len(prompt.user) // 4, output=len(text) // 4))
    ...
    ...     async def close(self) -> None:
    ...         pass

    The service parses its completion as a plan:

    >>> from larst.domain import Usage
    >>> from larst.planning.models.answers import parse_plan
    >>> prompt = Prompt(system="You plan requests.", user="PUT /lamp/off", schema={}, version="1")
    >>> completion = asyncio.run(LocalModel().complete(prompt, timeout_s=30))
    >>> parse_plan(completion, Usage()).code.block
    'REPLY = make_response(204)'
    """

    @property
    def provider(self) -> str:
        """Its name in `Server-Timing` and the plan book: `openai`, `anthropic`, `mock`."""

    @property
    def model(self) -> str | None:
        """The name of the model, or None if the provider has only one."""

    @property
    def has_temperature(self) -> bool:
        """Whether it heeds the temperature of a prompt."""

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Return the completion of the prompt: one attempt that ends within `timeout_s` seconds.

        Raises:
            PlannerUnreachableError: no answer; the error says whether and when to retry.
            PlannerBrokenError: the answer is not in the provider's protocol.
        """

    async def close(self) -> None:
        """Close its connections."""

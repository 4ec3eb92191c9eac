"""A plan, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from larst.domain.json_values import Json

Action: TypeAlias = Literal[
    "create", "get", "list", "replace", "patch", "delete", "search", "custom"
]


class Code(BaseModel):
    """The program of a plan."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    language: Literal["python"] = "python"
    block: str


class Plan(BaseModel):
    """A planner's answer (SPEC section 4): the meaning of the request, and its program.

    `needs_values` marks a plan that cannot be made, or was not made, from the sketch of the
    request alone; it serves that exact request only.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    action: Action
    resource: str | None
    identifier: str | None = None
    criteria: dict[str, Json] = Field(default_factory=dict)
    payload: Json = None
    response_hints: dict[str, Json] = Field(default_factory=dict)
    needs_values: bool = False
    code: Code


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of planning: planner calls, tokens, and US dollars (None: price unknown).

    `input_tokens` includes the tokens that the provider read from its cache.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Return the sum; its cost is unknown if one of the two costs is."""
        costs = (self.cost_usd, other.cost_usd)
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            None if None in costs else sum(cost for cost in costs if cost is not None),
        )

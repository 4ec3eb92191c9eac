"""The planner protocol: what every planner is asked, and what it answers.

A planner sees shapes, sketches and what was learned; values only where it was asked with them, a
secret never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from larst.domain import Json, Plan, Usage
from larst.planning.shapes.rest_path import PathInterpretation
from larst.planning.shapes.shape import Shape

BasedOn = Literal["shape", "sketch", "values"]
"""What a plan was made from; it decides which requests the plan may serve (conditions.py)."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a plan. `version` changes whenever the same question may get another answer."""

    planner: str
    model: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an earlier answer was no use, and what the request's planning had cost by then.

    A `reason` that came of running the program may hold values: `has_values` says so.
    """

    reason: str
    program: str | None = None
    usage: Usage = field(default_factory=Usage)
    has_values: bool = False


@dataclass(frozen=True, slots=True)
class PlanningRequest:
    """What a planner is asked.

    `path` is how the shape's path reads by REST convention. `context` is the request context of
    SPEC section 3: a sketch of it or, with `has_values`, the request's own values. `schemas`
    gives the fields of the session's resources. `session_id` says whose budget pays; no model
    sees it.
    """

    shape: Shape
    path: PathInterpretation
    facts: Mapping[str, Json]
    context: Mapping[str, Json]
    schemas: Mapping[str, Json]
    session_id: str
    has_values: bool = False
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannerAnswer:
    """A planner's answer. `source` is what `Server-Timing` says of it.

    A plan that is not `is_reusable` serves the request at hand and enters no book.
    """

    plan: Plan
    maker: Maker
    source: str
    based_on: BasedOn
    usage: Usage = field(default_factory=Usage)
    is_reusable: bool = True


class Planner(Protocol):
    """Writes programs for shapes of requests."""

    @property
    def maker(self) -> Maker:
        """Who signs its plans."""

    def is_ready(self) -> bool:
        """Tell whether it can be asked now; for /readyz."""

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return a plan for the request.

        Raises:
            NoRuleError: it cannot read the request; asking again is no use.
            NoUsablePlanError: it has no better program than those refused.
            AnswerUnusableError: its answer held no plan; it may do better the next time.
            BudgetSpentError: the session, or the service, has asked too often.
            PlannerUnreachableError: its provider gave no answer.
        """

    async def close(self) -> None:
        """Let its connections go."""

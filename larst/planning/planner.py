"""The planner protocol: what every planner is asked, and what it answers.

A planner sees shapes and what was learned, never a record and never a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from larst.model import Json, Plan
from larst.planning.shape import Shape

SchemaOf = Callable[[str], Mapping[str, Json] | None]
"""Gives the learned schema of a resource of the session, or None where nothing was stored."""


@dataclass(frozen=True, slots=True)
class PlanningRequest:
    """What a planner is asked: `refusals` says why its earlier programs were no use."""

    shape: Shape
    facts: Mapping[str, Json]
    refusals: tuple[str, ...] = ()


class Planner(Protocol):
    """Writes programs for shapes of requests."""

    @property
    def name(self) -> str:
        """What `Server-Timing` and the plan book call it: `rules`, `openai`, …."""

    @property
    def model(self) -> str | None:
        """The model it asks, where there is one."""

    @property
    def version(self) -> str:
        """Changes whenever the same question may get another answer: part of a plan's key."""

    def facts(self, shape: Shape, schema_of: SchemaOf) -> dict[str, Json]:
        """Return what it needs to know of the session's schemas: part of a plan's key.

        Raises:
            BadResourceNameError: the path names what no resource can be called.
        """

    def is_ready(self) -> bool:
        """Tell whether it can be asked now; for /readyz."""

    async def plan(self, request: PlanningRequest) -> Plan:
        """Return a plan for the shape.

        Raises:
            NoRuleError: it cannot read the request; asking again is no use.
            NoUsablePlanError: it has no better program than those refused.
        """

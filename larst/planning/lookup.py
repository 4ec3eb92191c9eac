"""The result of a plan lookup: a plan that is ready to run. Data."""

from __future__ import annotations

from dataclasses import dataclass, field

from larst.domain import CheckedProgram, Plan, Usage
from larst.planning.planner import RULES, Maker
from larst.planning.reuse.conditions import Condition


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """A plan whose program the policy accepted.

    `source` is `hit` for a plan from the plan book, otherwise the name of the planner. `usage` is
    the cost of planning it. Only plans with `is_reusable` enter the plan book. `is_proven`: a run
    of it has succeeded and passed every check, or a user has approved it. `intent`: the meaning of
    the request in words, from which it was made.
    """

    key: str
    plan: Plan
    program: CheckedProgram
    condition: Condition | None
    maker: Maker
    source: str
    validate_ms: float
    usage: Usage = field(default_factory=Usage)
    is_pinned: bool = False
    is_proven: bool = False
    intent: str | None = None

    @property
    def state(self) -> str | None:
        """Whether the plan is pinned, proven or only tried; None: a rule's plan needs no proof."""
        if self.is_pinned:
            return "pinned"
        if self.maker.planner == RULES:
            return None
        return "proven" if self.is_proven else "tried"

    is_reusable: bool = True

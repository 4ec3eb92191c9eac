"""A plan that is ready to run: what the resolver hands to a session. Data."""

from __future__ import annotations

from dataclasses import dataclass, field

from larst.domain import CheckedProgram, Plan, Usage
from larst.planning.planner import Maker
from larst.planning.reuse.conditions import Condition


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """A plan whose program the policy accepted. `source` is `hit`, or who planned it just now.

    `usage` is all that planning it took. A plan that is not `is_reusable` enters no book.
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
    is_reusable: bool = True

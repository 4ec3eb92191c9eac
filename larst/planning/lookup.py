"""What passes between a session and the planning resolver: a case, a question, a ready plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from larst.domain import CheckedProgram, Json, Plan, Usage
from larst.planning.planner import Maker
from larst.planning.reuse.conditions import Condition, Situation
from larst.planning.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its shape. `key` is that under which plans for the shape are found."""

    key: str
    shape: Shape
    facts: dict[str, Json]
    situation: Situation


@dataclass(frozen=True, slots=True)
class Question:
    """A case that no plan was there for, to be put to a planner while the session goes on.

    What it knows of the session is as it was then; `schemas` are sketches of what was learned.
    """

    case: Case
    schemas: dict[str, Json]


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """A plan whose program the policy let pass. `source` is `hit`, or who planned just now.

    `usage` is all that it took to plan it. One that is not `lasting` enters no book.
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
    lasting: bool = True

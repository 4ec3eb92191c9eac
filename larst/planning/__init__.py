"""Planning: shapes of requests, planners, the plan book and the resolver that connects them."""

from __future__ import annotations

from larst.planning.factory import make_planner
from larst.planning.lookup import ReadyPlan
from larst.planning.planner import (
    RULES,
    BasedOn,
    Maker,
    Planner,
    PlannerAnswer,
    PlanningRequest,
    Refusal,
)
from larst.planning.resolver import PlanResolver
from larst.planning.rules import RulesPlanner

__all__ = [
    "RULES",
    "BasedOn",
    "Maker",
    "PlanResolver",
    "Planner",
    "PlannerAnswer",
    "PlanningRequest",
    "ReadyPlan",
    "Refusal",
    "RulesPlanner",
    "make_planner",
]

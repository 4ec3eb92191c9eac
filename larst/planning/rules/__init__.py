"""The built-in rules: a planner for plain REST."""

from __future__ import annotations

from larst.planning.rules.planner import RulesPlanner

__all__ = ["RulesPlanner"]

"""The fallback: the rules plan while the provider is unreachable."""

from __future__ import annotations

import pytest

from larst.errors import (
    AnswerUnusableError,
    NoUsablePlanError,
    PlannerUnreachableError,
)
from larst.planning.fallback import FallbackPlanner
from larst.planning.planner import Refusal
from larst.planning.rules.planner import RulesPlanner
from tests.planning.models.fakes import (
    ScriptedModel,
    completion,
    planner_of,
    planning_request,
)

DOWN = PlannerUnreachableError("down", is_transient=False)


class TestFallback:
    async def test_the_rules_plan_if_the_provider_is_unreachable(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        answer = await planner.plan(planning_request("/orders"))

        assert answer.source == "rules-fallback"
        assert answer.plan.action == "create"
        assert not answer.is_reusable

    async def test_if_the_rules_have_no_plan_the_provider_is_reported_unreachable(self) -> None:
        """The client can retry later; an error about the rules would not help."""
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        with pytest.raises(PlannerUnreachableError, match="down"):
            await planner.plan(planning_request("/orders/1/cancel"))

    async def test_the_rules_do_not_plan_after_an_unusable_answer(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(completion("no"))), RulesPlanner())

        with pytest.raises(AnswerUnusableError):
            await planner.plan(planning_request("/orders"))

    async def test_with_a_fallback_it_is_always_ready(self) -> None:
        first = planner_of(ScriptedModel(DOWN))
        planner = FallbackPlanner(first, RulesPlanner())
        for _ in range(5):
            await planner.plan(planning_request("/orders"))

        assert not first.is_ready()
        assert planner.is_ready()

    async def test_the_rules_do_not_repair_a_refused_plan(self) -> None:
        planner = FallbackPlanner(planner_of(ScriptedModel(DOWN)), RulesPlanner())

        with pytest.raises(PlannerUnreachableError):
            await planner.plan(planning_request("/orders", Refusal("it failed")))


async def test_the_rules_have_one_program_only() -> None:
    with pytest.raises(NoUsablePlanError):
        await RulesPlanner().plan(planning_request("/orders", Refusal("no")))

"""Budgets: so many calls a minute for one session, so many in all."""

from __future__ import annotations

import pytest

from larst.errors import BudgetSpentError, PlannerUnreachableError
from larst.planning.models import budget
from larst.planning.models.budget import Budget
from tests.planning.models.test_circuit_breaker import Clock


def spend(spending: Budget, session_id: str) -> None:
    with spending.call(session_id):
        pass


def test_a_session_may_call_so_often_a_minute() -> None:
    clock = Clock()
    spending = Budget(per_minute=2, total=None, now=clock)
    spend(spending, "ann")
    clock.now_s = 20
    spend(spending, "ann")

    with pytest.raises(BudgetSpentError, match="LARS_PLAN_BUDGET_PER_MINUTE") as spent:
        spend(spending, "ann")

    assert spent.value.retry_after_s == pytest.approx(40)
    clock.now_s = 60
    spend(spending, "ann")


def test_one_sessions_calls_are_not_anothers() -> None:
    spending = Budget(per_minute=1, total=None, now=Clock())
    spend(spending, "ann")

    spend(spending, "ben")


def test_all_sessions_together_have_a_limit_too() -> None:
    """Whoever makes up session ids has no budget of their own each."""
    clock = Clock()
    spending = Budget(per_minute=9, total=2, now=clock)
    spend(spending, "ann")
    spend(spending, "ben")
    clock.now_s = 10**6

    with pytest.raises(BudgetSpentError, match="LARS_PLAN_BUDGET_TOTAL"):
        spend(spending, "cy")


def test_sessions_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever new session ids must not fill the memory."""
    monkeypatch.setattr(budget, "_MAX_TRACKED_SESSIONS", 10)
    clock = Clock()
    spending = Budget(per_minute=1, total=None, now=clock)

    for number in range(1000):
        clock.now_s += 10
        spend(spending, f"session-{number}")

    assert len(spending._calls) <= 10


def test_a_call_that_nobody_answered_is_not_counted() -> None:
    """Else a provider's outage would use up what a session needs when it is back."""
    spending = Budget(per_minute=1, total=1, now=Clock())
    with pytest.raises(PlannerUnreachableError), spending.call("ann"):
        raise PlannerUnreachableError("down")

    spend(spending, "ann")

    with pytest.raises(BudgetSpentError):
        spend(spending, "ann")

"""Budgets: planner calls per minute for one session, and in total."""

from __future__ import annotations

import pytest

from larst.domain import Tenant
from larst.errors import BudgetSpentError, PlannerUnreachableError
from larst.planning.models import budget
from larst.planning.models.budget import Budget
from tests.planning.models.fakes import Clock


def spend(spending: Budget, session_id: str) -> None:
    with spending.call(session_id):
        pass


def test_a_session_has_a_limit_per_minute() -> None:
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


def test_each_session_has_its_own_limit_per_minute() -> None:
    spending = Budget(per_minute=1, total=None, now=Clock())
    spend(spending, "ann")

    spend(spending, "ben")


def test_all_sessions_together_have_a_total_limit() -> None:
    """A client that invents session ids must not get a fresh budget with each."""
    clock = Clock()
    spending = Budget(per_minute=9, total=2, now=clock)
    spend(spending, "ann")
    spend(spending, "ben")
    clock.now_s = 10**6

    with pytest.raises(BudgetSpentError, match="LARS_PLAN_BUDGET_TOTAL"):
        spend(spending, "cy")


def test_idle_sessions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless series of session ids must not fill the memory."""
    monkeypatch.setattr(budget, "_MAX_TRACKED_SESSIONS", 10)
    clock = Clock()
    spending = Budget(per_minute=1, total=None, now=clock)

    for number in range(1000):
        clock.now_s += 10
        spend(spending, f"session-{number}")

    assert len(spending._calls) <= 10


def test_a_call_to_an_unreachable_provider_is_not_counted() -> None:
    """Otherwise an outage would use up the budget for the time after it."""
    spending = Budget(per_minute=1, total=1, now=Clock())
    with pytest.raises(PlannerUnreachableError), spending.call("ann"):
        raise PlannerUnreachableError("down")

    spend(spending, "ann")

    with pytest.raises(BudgetSpentError):
        spend(spending, "ann")


class TestTenants:
    def test_a_tenant_has_a_limit_for_all_its_sessions(self) -> None:
        clock = Clock()
        spending = Budget(per_minute=9, total=None, now=clock)
        acme = Tenant("acme", planner_calls_per_minute=2)
        for session in ("a", "b"):
            with spending.call(acme.key_of(session), acme):
                pass
        clock.now_s = 20

        with (
            pytest.raises(BudgetSpentError, match="planner_calls_per_minute") as spent,
            spending.call(acme.key_of("c"), acme),
        ):
            pass

        assert spent.value.retry_after_s == pytest.approx(40)
        clock.now_s = 60
        with spending.call(acme.key_of("c"), acme):
            pass

    def test_another_tenant_and_another_token_have_their_own(self) -> None:
        """The count is the tenant's, the limit that of the token."""
        spending = Budget(per_minute=9, total=None, now=Clock())
        narrow, wide = (Tenant("acme", planner_calls_per_minute=limit) for limit in (1, 2))
        for tenant in (narrow, Tenant("globex", planner_calls_per_minute=1), wide):
            with spending.call(tenant.key_of("shop"), tenant):
                pass

        for tenant in (narrow, wide):
            with pytest.raises(BudgetSpentError), spending.call(tenant.key_of("x"), tenant):
                pass

    def test_a_budget_of_zero_allows_no_call(self) -> None:
        spending = Budget(per_minute=9, total=None, now=Clock())
        tenant = Tenant("acme", planner_calls_per_minute=0)

        with pytest.raises(BudgetSpentError), spending.call(tenant.key_of("a"), tenant):
            pass

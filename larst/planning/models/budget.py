"""Budgets: planner calls per minute of a session and of a tenant, and in total.

A client that sends an endless variety of shapes spends the operator's money. Must never wait.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from larst.domain import DEFAULT_TENANT, RateLimit, SessionKey, Tenant
from larst.errors import BudgetSpentError, PlannerUnreachableError

MINUTE_S = 60.0
_ALL_SPENT_RETRY_S = 3600.0
_MAX_TRACKED_SESSIONS = 10_000
_ALL_SESSIONS = "*"
"""In place of a session's name, which never has this sign: all sessions of a tenant."""

_log = logging.getLogger("larst.planner")


class Budget:
    """Counts calls. `total` limits the calls of all sessions together; None: no limit."""

    def __init__(self, *, per_minute: int, total: int | None, now: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._total = total
        self._now = now
        self._spent = 0
        self._calls: dict[str, deque[float]] = {}

    @contextmanager
    def call(self, session_key: SessionKey, tenant: Tenant = DEFAULT_TENANT) -> Iterator[None]:
        """Count a call, and take it back if the provider could not be reached.

        Raises:
            BudgetSpentError: the budget is spent; the error says when to retry.
        """
        counts = self._spend(session_key, tenant)
        try:
            yield
        except PlannerUnreachableError:
            self._spent -= 1
            for calls in counts:
                if calls:  # empty if the call was over a minute ago
                    calls.pop()
            raise

    def _spend(self, session_key: SessionKey, tenant: Tenant) -> list[deque[float]]:
        if self._total is not None and self._spent >= self._total:
            _log.warning("planner budget spent: %s calls", self._total)
            raise BudgetSpentError(
                f"all {self._total} planner calls of LARS_PLAN_BUDGET_TOTAL are spent; requests"
                " of known shapes are still served",
                _ALL_SPENT_RETRY_S,
            )
        now_s = self._now()
        calls = self._recent_calls(session_key, now_s)
        if len(calls) >= self._per_minute:
            reset_s = calls[0] + MINUTE_S - now_s
            raise BudgetSpentError(
                f"this session has made {self._per_minute} planner calls within a minute"
                " (LARS_PLAN_BUDGET_PER_MINUTE); requests of known shapes are still served",
                reset_s,
                RateLimit("planner-calls", self._per_minute, int(MINUTE_S), 0, reset_s),
            )
        counts = [calls, self._recent_calls(tenant.key_of(_ALL_SESSIONS), now_s)]
        limit, of_tenant = tenant.planner_calls_per_minute, counts[1]
        if limit is not None and len(of_tenant) >= limit:
            raise BudgetSpentError(
                f"the tenant has made {len(of_tenant)} planner calls within a minute, and the token"
                f" has a budget of {limit} (planner_calls_per_minute in LARS_AUTH_TOKENS_FILE);"
                " requests of known shapes are still served",
                of_tenant[-limit] + MINUTE_S - now_s if limit else MINUTE_S,
            )
        for times in counts:
            times.append(now_s)
        self._spent += 1
        return counts

    def _recent_calls(self, key: str, now_s: float) -> deque[float]:
        """Return the times of the calls of a session, or of a tenant, within the last minute."""
        if len(self._calls) >= _MAX_TRACKED_SESSIONS and key not in self._calls:
            self._forget_idle_sessions(now_s)
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now_s - MINUTE_S:
            calls.popleft()
        return calls

    def _forget_idle_sessions(self, now_s: float) -> None:
        # Not an LRU cache: evicting a session that is not idle would reset its budget.
        limit_s = now_s - MINUTE_S
        idle = [key for key, calls in self._calls.items() if not calls or calls[-1] <= limit_s]
        for key in idle:
            del self._calls[key]

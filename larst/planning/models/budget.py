"""How often the planner may be called: so often a minute for one session, so often in all.

A client that sends ever new shapes of request spends someone's money. Must never wait.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from larst.errors import BudgetSpentError, PlannerUnreachableError

MINUTE_S = 60.0
_ALL_SPENT_RETRY_S = 3600.0
_MANY_SESSIONS = 10_000

_log = logging.getLogger("larst.planner")


class Budget:
    """Counts calls. `total` is None where there is no limit to all of them together."""

    def __init__(self, *, per_minute: int, total: int | None, now: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._total = total
        self._now = now
        self._spent = 0
        self._calls: dict[str, deque[float]] = {}

    @contextmanager
    def call(self, session_id: str) -> Iterator[None]:
        """Count a call, unless it turns out that nobody was there to answer it.

        Raises:
            BudgetSpentError: it may not be made; says when one may.
        """
        calls = self._spend(session_id)
        try:
            yield
        except PlannerUnreachableError:
            self._spent -= 1
            if calls:  # else it is over a minute ago, and forgotten
                calls.pop()
            raise

    def _spend(self, session_id: str) -> deque[float]:
        if self._total is not None and self._spent >= self._total:
            _log.warning("the planner's budget of %s calls is spent", self._total)
            raise BudgetSpentError(
                f"all {self._total} planner calls of LARS_PLAN_BUDGET_TOTAL are spent; requests"
                " of known shapes go on as before",
                _ALL_SPENT_RETRY_S,
            )
        now_s = self._now()
        calls = self._recent(session_id, now_s)
        if len(calls) >= self._per_minute:
            raise BudgetSpentError(
                f"this session has had {self._per_minute} planner calls within a minute"
                " (LARS_PLAN_BUDGET_PER_MINUTE); requests of known shapes go on as before",
                calls[0] + MINUTE_S - now_s,
            )
        calls.append(now_s)
        self._spent += 1
        return calls

    def _recent(self, session_id: str, now_s: float) -> deque[float]:
        if len(self._calls) >= _MANY_SESSIONS and session_id not in self._calls:
            limit_s = now_s - MINUTE_S
            idle = [key for key, calls in self._calls.items() if not calls or calls[-1] <= limit_s]
            for key in idle:
                del self._calls[key]
        calls = self._calls.setdefault(session_id, deque())
        while calls and calls[0] <= now_s - MINUTE_S:
            calls.popleft()
        return calls

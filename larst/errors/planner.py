"""Errors of planning: the operator of the planner can fix them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larst.errors.base import LarstError

if TYPE_CHECKING:
    from larst.domain import RateLimit, Usage


class PlannerError(LarstError):
    """The operator of the planner can fix it."""


class NoRuleError(PlannerError):
    """The built-in rules do not cover the request."""

    title = "no rule for this request"


class BookLockedError(PlannerError):
    """The plan book is locked and has no plan for this shape."""

    title = "no plan for this request"


class NoUsablePlanError(PlannerError):
    """The planner used all of its attempts without a usable answer."""

    title = "no usable plan"


class AnswerUnusableError(PlannerError):
    """An answer of a model contained no plan: refused, cut off, or in the wrong format.

    `may_ask_again` says whether another attempt, with the reason, may succeed; `usage` is the
    cost of the answer.
    """

    title = "no usable plan"

    def __init__(self, detail: str, usage: Usage, *, may_ask_again: bool) -> None:
        super().__init__(detail)
        self.usage = usage
        self.may_ask_again = may_ask_again


class BudgetSpentError(PlannerError):
    """Too many planner calls in a short time; retry after `retry_after_s`.

    `limit` is the limit that was met; None: the calls of all sessions are spent.
    """

    title = "planner budget spent"

    def __init__(self, detail: str, retry_after_s: float, limit: RateLimit | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.limit = limit


class PlannerUnreachableError(PlannerError):
    """The provider did not answer: no connection, overload, timeout, or wrong credentials.

    `retry_after_s` is the time in seconds after which a retry may succeed. `is_transient` says
    whether the same call may succeed a moment later.
    """

    title = "planner unreachable"

    def __init__(
        self, detail: str, retry_after_s: float | None = None, *, is_transient: bool = True
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.is_transient = is_transient


class PlannerBrokenError(PlannerUnreachableError):
    """The answer is not in the provider's format, such as an HTML page or broken JSON."""

    title = "planner broken"

"""The limits that the state of the service shows. Data."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from larst.config import Settings

LIMITS: Mapping[str, Callable[[Settings], int | None]] = {
    "LARS_MAILBOX_SIZE": lambda settings: settings.sessions.mailbox_size,
    "LARS_PLAN_BUDGET_PER_MINUTE": lambda settings: settings.planning.budget_per_minute,
    "LARS_PLAN_BUDGET_TOTAL": lambda settings: settings.planning.budget_total,
    "LARS_PLAN_BOOK_SIZE": lambda settings: settings.planning.book_size,
    "LARS_MAX_REQUESTS_PER_S": lambda settings: settings.quotas.max_requests_per_s,
    "LARS_MAX_RECORDS": lambda settings: settings.quotas.max_records,
    "LARS_MAX_RESOURCES": lambda settings: settings.quotas.max_resources,
    "LARS_MAX_SESSION_BYTES": lambda settings: settings.quotas.max_session_bytes,
    "LARS_MAX_SESSIONS": lambda settings: settings.quotas.max_sessions,
}
"""The budgets, quotas and rates of the service by their variable; None: no limit."""

"""Comparisons of days and years, for fields that hold times: `createdAt__date=2025-01-31`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.arguments import bounds_of, single_value
from larst.planning.reading.asked import Condition, Node, all_of
from larst.planning.reading.fields import Fields

Rewrite = Callable[[str, Json, Fields, str], Node]
"""Returns the condition of a field, a value and a key."""


def day(operator: str) -> Rewrite:
    """Return the rewriting of a comparison of days, for a field that holds times."""

    def rewrite(field: str, value: Json, _fields: Fields, key: str) -> Node:
        low, high = bounds_of(value, key) if operator == "between" else (value, value)
        first, last = _date(low, key), _date(high, key)
        return _period(field, operator, (first, last + timedelta(days=1)), key)

    return rewrite


def year_of(operator: str) -> Rewrite:
    """Return the rewriting of a comparison of years."""

    def rewrite(field: str, value: Json, _fields: Fields, key: str) -> Node:
        text = str(single_value(value, key))
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 0 < int(text) < 9999):
            raise QueryNotUnderstoodError(f"{key[:80]} takes a year, not {text[:40]!r}")
        year = int(text)
        return _period(field, operator, (date(year, 1, 1), date(year + 1, 1, 1)), key)

    return rewrite


def _period(field: str, operator: str, period: tuple[date, date], key: str) -> Node:
    """Return the comparison of times with a period from its first day to the day behind it."""
    begin, end = (day.isoformat() for day in period)
    tests = {
        "gte": [("gte", begin)],
        "gt": [("gte", end)],
        "lt": [("lt", begin)],
        "lte": [("lt", end)],
    }
    bounds = tests.get(operator, [("gte", begin), ("lt", end)])
    return all_of([Condition(field, bound, day, key) for bound, day in bounds])


def _date(value: Json, key: str) -> date:
    text = str(single_value(value, key))
    try:
        day = date.fromisoformat(text[:10])
        return min(day, date.max - timedelta(days=1))  # the day behind it must exist
    except ValueError as error:
        raise QueryNotUnderstoodError(
            f"{key[:80]} takes a date such as 2025-01-31, not {text[:40]!r}"
        ) from error

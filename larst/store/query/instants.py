"""Points in time inside texts: ISO 8601 in its usual forms, brought to one comparable form. Pure.

`2025-01-20T10:00:00Z`, `2025-01-20 10:00:00.000+00:00` and `2025-01-20T12:00+02:00` are one
instant; a date is its midnight in UTC, a time without an offset is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)


_MAX_CHARACTERS = 35


def instant_of(text: str) -> str | None:
    """Return the instant as UTC text that sorts by time, or None if the text is not an instant."""
    if not 10 <= len(text) <= _MAX_CHARACTERS or text[4] != "-":
        return None
    return _parsed(text)


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> str | None:
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:  # the thirteenth month
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        return None

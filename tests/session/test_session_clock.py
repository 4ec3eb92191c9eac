"""The clock of a session, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from larst.domain import Json
from larst.errors import BadRequestError
from larst.session.session_clock import (
    REAL_TIME,
    SessionClock,
    clock_of,
    set_clock,
    time_of_request,
)

REAL = datetime(2026, 11, 27, 12, tzinfo=UTC)
FROZEN = SessionClock(frozen=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("clock", "value", "now", "is_frozen"),
    [
        (REAL_TIME, {"now": "2026-03-29T01:00:00Z", "frozen": True}, "2026-03-29T01:00", True),
        (REAL_TIME, {"now": "2026-03-29T03:00:00+02:00"}, "2026-03-29T01:00", False),
        (REAL_TIME, {"now": "2026-03-29"}, "2026-03-29T00:00", False),
        (REAL_TIME, {"frozen": True}, "2026-11-27T12:00", True),
        (REAL_TIME, {"offset": "+1d"}, "2026-11-28T12:00", False),
        (REAL_TIME, {"offset": "-2h30m"}, "2026-11-27T09:30", False),
        (REAL_TIME, {"advance": "90m"}, "2026-11-27T13:30", False),
        (FROZEN, {"advance": "1w"}, "2030-01-08T00:00", True),
        (FROZEN, {"advance": "1w", "frozen": False}, "2030-01-08T00:00", False),
        (FROZEN, {"frozen": False}, "2030-01-01T00:00", False),
        (FROZEN, {"now": "2031-01-01"}, "2031-01-01T00:00", True),
    ],
)
def test_it_is_set_frozen_and_moved(
    clock: SessionClock, value: Json, now: str, is_frozen: bool
) -> None:
    changed = set_clock(clock, value, REAL)

    assert changed.now(REAL) == datetime.fromisoformat(now).replace(tzinfo=UTC)
    later = changed.now(REAL + timedelta(hours=1)) - changed.now(REAL)
    assert later == timedelta(hours=0 if is_frozen else 1)
    assert clock_of(changed.stored()) == changed


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        {"now": 5},
        {"now": "tomorrow"},
        {"now": "2026-01-01", "offset": "1d"},
        {"frozen": "yes"},
        {"offset": "1 day"},
        {"offset": "999999999w"},
        {"advance": "1y"},
        {"when": "now"},
    ],
)
def test_what_cannot_be_a_clock_is_refused(value: Json) -> None:
    with pytest.raises(BadRequestError):
        set_clock(REAL_TIME, value, REAL)


def test_the_header_wins_over_the_clock() -> None:
    stored = FROZEN.stored()
    headers = {"x-larst-now": "2040-01-01T00:00:00Z"}
    assert time_of_request(headers, stored, lambda: REAL) == datetime(2040, 1, 1, tzinfo=UTC)
    assert time_of_request({}, stored, lambda: REAL) == FROZEN.frozen
    assert time_of_request({}, None, lambda: REAL) is None
    with pytest.raises(BadRequestError, match="X-LARST-Now"):
        time_of_request({"x-larst-now": "soon"}, None, lambda: REAL)


@pytest.mark.parametrize("stored", ["", "later", "+x", "+1e300", "2026-13-01"])
def test_the_clock_of_another_version_counts_as_real_time(stored: str) -> None:
    assert clock_of(stored) == REAL_TIME

"""The clock of a session: real time, moved by an offset, or frozen at an instant. Pure.

Programs see it as `datetime.datetime.now()` and `datetime.date.today()`. Nothing that protects the
service follows it: deadlines, budgets and the expiry of stored replies keep real time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from larst.domain import Json
from larst.domain.durations import MAX_CHARACTERS, parse_duration
from larst.errors import BadRequestError

NOW_HEADER = "x-larst-now"
_INSTANT = "an instant in ISO 8601, such as 2026-03-29T01:00:00Z"
_FIELDS = ("now", "frozen", "offset", "advance")


@dataclass(frozen=True, slots=True)
class SessionClock:
    """Frozen at an instant, or as far from real time as the offset says."""

    frozen: datetime | None = None
    offset: timedelta = timedelta()

    def now(self, real: datetime) -> datetime:
        """Return the time of the session, in UTC.

        Raises:
            BadRequestError: it is out of the range of dates, years 1 to 9999.
        """
        return self.frozen if self.frozen is not None else _moved(real, self.offset)

    def stored(self) -> str | None:
        """Return the clock as the session's settings hold it; None is real time."""
        if self.frozen is not None:
            return self.frozen.isoformat()
        return f"{self.offset.total_seconds():+}" if self.offset else None

    def as_json(self, real: datetime) -> dict[str, Json]:
        """Return the clock as a client sees it."""
        now = self.now(real)
        return {
            "now": now.isoformat(),
            "frozen": self.frozen is not None,
            "offset_s": round((now - real).total_seconds(), 3),
        }


REAL_TIME = SessionClock()


@lru_cache(maxsize=1024)
def clock_of(stored: str | None) -> SessionClock:
    """Return the clock in a session's settings; a text of another version counts as real time."""
    if stored is None:
        return REAL_TIME
    try:
        if stored.startswith(("+", "-")):
            return SessionClock(offset=timedelta(seconds=float(stored)))
        return SessionClock(frozen=datetime.fromisoformat(stored).astimezone(UTC))
    except (ValueError, OverflowError):
        return REAL_TIME


def now_of(stored: str | None, real: datetime) -> datetime:
    """Return the time of a session; a clock that has left the range of dates stands for real time.

    `set_clock` refuses such a clock, but an offset moves on.
    """
    try:
        return clock_of(stored).now(real)
    except BadRequestError:
        return real


def set_clock(clock: SessionClock, value: Json, real: datetime) -> SessionClock:
    """Return the clock that a client sets: `now`, `frozen`, `offset` or `advance`.

    `now` sets the time, `offset` its distance from real time, `advance` moves it from where it is;
    `frozen` stops it there, or makes it run on; without it, that stays as before.

    Raises:
        BadRequestError: a name or a value is not allowed.
    """
    if not isinstance(value, dict) or not value or not set(value) <= set(_FIELDS):
        raise BadRequestError(
            'a clock is an object such as {"now":"2026-03-29T01:00:00Z","frozen":true},'
            ' {"offset":"+1d"} or {"advance":"+90m"}'
        )
    if len(value.keys() - {"frozen"}) > 1:
        raise BadRequestError("a clock takes one of now, offset and advance, not several")
    is_frozen = value.get("frozen", clock.frozen is not None)
    if not isinstance(is_frozen, bool):
        raise BadRequestError("frozen must be true or false")
    now = _target(clock, value, real)
    return SessionClock(frozen=now) if is_frozen else SessionClock(offset=now - real)


def _target(clock: SessionClock, value: Mapping[str, Json], real: datetime) -> datetime:
    """Return the time that the clock is set to."""
    if "now" in value:
        return parse_instant(value["now"], "now")
    if "offset" in value:
        return _moved(real, _duration(value["offset"], "offset"))
    if "advance" in value:
        return _moved(clock.now(real), _duration(value["advance"], "advance"))
    return clock.now(real)


def time_of_request(
    headers: Mapping[str, str], stored: str | None, real_now: Callable[[], datetime]
) -> datetime | None:
    """Return the time that a request's program sees; None is real time.

    The header X-LARST-Now wins over the session's clock.

    Raises:
        BadRequestError: the header is not an instant.
    """
    if (text := headers.get(NOW_HEADER)) is not None:
        return parse_instant(text, "X-LARST-Now")
    return None if stored is None else clock_of(stored).now(real_now())


def parse_instant(value: Json, name: str) -> datetime:
    """Return an instant in UTC; without an offset, it is in UTC already.

    Raises:
        BadRequestError: the value is not an instant.
    """
    text = value.strip() if isinstance(value, str) and len(value) <= MAX_CHARACTERS else ""
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequestError(f"{name} must be {_INSTANT}") from error


def _duration(value: Json, name: str) -> timedelta:
    seconds = parse_duration(value)
    if seconds is None:
        raise BadRequestError(f"{name} must be a duration such as +1d, -2h30m or 500ms")
    return timedelta(seconds=seconds)


def _moved(instant: datetime, offset: timedelta) -> datetime:
    try:
        return instant + offset
    except OverflowError as error:
        raise BadRequestError(
            "the clock would be out of the range of dates, years 1 to 9999"
        ) from error

"""The decision when a crashed actor may start again, as pure functions of crash times.

Must never read a clock, store a crash or touch an actor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartAfter:
    """Start a new incarnation after `delay_s` seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Refuse every message until the clock reaches `until_s`; then ignore the earlier crashes."""

    until_s: float


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Allow `limit` crashes within `window_s` seconds; the delay doubles after each of them.

    Raises:
        ValueError: the values contradict each other; at construction only.
    """

    limit: int = 5
    window_s: float = 30.0
    backoff_first_s: float = 0.05
    backoff_max_s: float = 2.0

    def __post_init__(self) -> None:
        if self.limit < 0 or self.window_s <= 0:
            raise ValueError("limit must be at least 0 and window_s above 0")
        if not 0 <= self.backoff_first_s <= self.backoff_max_s:
            raise ValueError("backoff_first_s must be between 0 and backoff_max_s")

    def recent(self, crashes_s: Sequence[float], now_s: float) -> tuple[float, ...]:
        """Return the times in `crashes_s` that still count at `now_s`, in the same order."""
        return tuple(crash_s for crash_s in crashes_s if now_s < crash_s + self.window_s)

    def decide(self, crashes_s: Sequence[float]) -> RestartAfter | GiveUp:
        """Return the decision after the latest of `crashes_s` (seconds, ascending, not empty).

        GiveUp lasts a whole window from the latest crash. If it ended when the oldest crash
        leaves the window, a broken actor would flap forever, one crash at a time.
        """
        latest_s = crashes_s[-1]
        count = len(self.recent(crashes_s, latest_s))
        if count > self.limit:
            return GiveUp(latest_s + self.window_s)
        return RestartAfter(self._backoff_s(count))

    def _backoff_s(self, count: int) -> float:
        doublings = min(count - 1, 64)  # thousands of doublings overflow a float
        return min(self.backoff_first_s * 2.0**doublings, self.backoff_max_s)

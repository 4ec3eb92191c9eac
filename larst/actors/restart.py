"""When a crashed actor may try again: pure decisions.

Must never read a clock, keep a crash or touch an actor: times come in, a decision goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartAfter:
    """Make a new incarnation after `delay_s` seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Refuse every message until the clock says `until_s`; then begin with a clean slate."""

    until_s: float


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """At most `limit` crashes within `window_s` seconds, with a doubling delay between them.

    Raises:
        ValueError: the numbers contradict each other; at construction only.
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
        """Return those of `crashes_s` that still count at `now_s`, in their order."""
        return tuple(crash_s for crash_s in crashes_s if now_s < crash_s + self.window_s)

    def decide(self, crashes_s: Sequence[float]) -> RestartAfter | GiveUp:
        """Say what follows the latest of `crashes_s` (seconds, ascending, not empty).

        Giving up lasts a whole window from the latest crash. To wait only until the oldest
        leaves the window would let a broken actor flap, one crash at a time, for ever.
        """
        latest_s = crashes_s[-1]
        count = len(self.recent(crashes_s, latest_s))
        if count > self.limit:
            return GiveUp(latest_s + self.window_s)
        return RestartAfter(self._backoff_s(count))

    def _backoff_s(self, count: int) -> float:
        doublings = min(count - 1, 64)  # a float has no room for many thousand doublings
        return min(self.backoff_first_s * 2.0**doublings, self.backoff_max_s)

"""A circuit breaker: calls to a failing provider are suspended for a while.

Closed, it lets calls through. After several failures in a row it opens, and calls fail immediately.
When its time is over it lets a single call through: a success closes it, a failure opens it again.
So it closes by itself, and a recovering provider is not flooded by all waiting requests
(M. Nygard, Release It!, chapter 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from larst.errors import PlannerUnreachableError

FAILURES_TO_OPEN = 5


class CircuitBreaker:
    """`open_s` is how many seconds it stays open; `now` is a clock in seconds."""

    def __init__(self, *, open_s: float, now: Callable[[], float]) -> None:
        self._open_s = open_s
        self._now = now
        self._failures = 0
        self._opened_s: float | None = None
        self._is_probing = False
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Whether a call would fail immediately."""
        return self._opened_s is not None and (self._is_probing or self._remaining_s() > 0)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Let one call through, and record its outcome.

        Raises:
            PlannerUnreachableError: the circuit breaker is open, or the call failed.
        """
        is_probe = self._admit()
        try:
            yield
        except PlannerUnreachableError as error:
            self._reason = error.detail
            self._record_failure(is_probe=is_probe)
            raise
        except BaseException:
            # Cancelled, or a bug of ours: not the provider's failure.
            self._is_probing = self._is_probing and not is_probe
            raise
        self._failures, self._opened_s, self._is_probing = 0, None, False

    def _admit(self) -> bool:
        """Return whether the call is a probe.

        Raises:
            PlannerUnreachableError: the circuit breaker is open.
        """
        if self._opened_s is None:
            return False
        if self.is_open:
            raise PlannerUnreachableError(
                f"the planner failed {self._failures} times in a row, so calls are suspended for a"
                f" while; the last failure: {self._reason}",
                max(1.0, self._remaining_s()),
                is_transient=False,
            )
        self._is_probing = True
        return True

    def _record_failure(self, *, is_probe: bool) -> None:
        self._failures += 1
        if is_probe:
            self._is_probing = False
        if is_probe or self._failures >= FAILURES_TO_OPEN:
            self._opened_s = self._now()

    def _remaining_s(self) -> float:
        return 0.0 if self._opened_s is None else self._opened_s + self._open_s - self._now()

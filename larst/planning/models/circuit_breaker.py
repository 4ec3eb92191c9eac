"""A circuit breaker: a provider that keeps failing is left alone for a while.

Closed, calls pass. After a number of failures in a row it opens, and calls fail at once. When its
time is over a single call may try; how that one ends closes it or opens it anew. So it closes by
itself, and a provider that comes back is not run over by all who waited (M. Nygard, Release It!,
chapter 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from larst.errors import PlannerUnreachableError

FAILURES_TO_OPEN = 5


class CircuitBreaker:
    """`open_s` is how long it stays open, in seconds; `now` is a clock in seconds."""

    def __init__(self, *, open_s: float, now: Callable[[], float]) -> None:
        self._open_s = open_s
        self._now = now
        self._failures = 0
        self._opened_s: float | None = None
        self._is_probing = False
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Tell whether a call would fail at once."""
        return self._opened_s is not None and (self._is_probing or self._waits_s() > 0)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Let one call through, and learn from how it ends.

        Raises:
            PlannerUnreachableError: the circuit is open, or the call failed so.
        """
        is_probe = self._admit()
        try:
            yield
        except PlannerUnreachableError as error:
            self._reason = error.detail
            self._failed(is_probe=is_probe)
            raise
        except BaseException:
            # Cancelled, or a bug of ours: that says nothing of the provider.
            self._is_probing = self._is_probing and not is_probe
            raise
        self._failures, self._opened_s, self._is_probing = 0, None, False

    def _admit(self) -> bool:
        if self._opened_s is None:
            return False
        if self.is_open:
            raise PlannerUnreachableError(
                f"the planner failed {self._failures} times in a row and is left alone for a while;"
                f" the last time, {self._reason}",
                max(1.0, self._waits_s()),
                is_transient=False,
            )
        self._is_probing = True
        return True

    def _failed(self, *, is_probe: bool) -> None:
        self._failures += 1
        if is_probe:
            self._is_probing = False
        if is_probe or self._failures >= FAILURES_TO_OPEN:
            self._opened_s = self._now()

    def _waits_s(self) -> float:
        return 0.0 if self._opened_s is None else self._opened_s + self._open_s - self._now()

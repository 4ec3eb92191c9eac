"""How many requests of each session there were in this second."""

from __future__ import annotations

import time
from collections.abc import Callable

from larst.domain import RateLimit
from larst.errors import RateExceededError

WINDOW_S = 1


class RequestRates:
    """Counts the requests of each session, from the beginning of each second on.

    `per_s`: the most in a second; None: nothing is counted, and all are admitted.

    >>> rates = RequestRates(1)
    >>> rates.count("shop")
    >>> rates.admits("shop"), rates.admits("blog")
    (False, True)
    """

    def __init__(self, per_s: int | None, timer: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._timer = timer
        self._second = 0
        self._counts: dict[str, int] = {}

    def admits(self, session_id: str) -> bool:
        """Return whether the session may have one more request in this second."""
        return self._per_s is None or self._count(session_id) < self._per_s

    def count(self, session_id: str) -> None:
        """Count a request.

        Raises:
            RateExceededError: there were too many in this second; it is not counted.
        """
        if self._per_s is None:
            return
        count = self._count(session_id)
        if count >= self._per_s:
            reset_s = self._second + WINDOW_S - self._timer()
            raise RateExceededError(
                f"this session has sent {self._per_s} requests within a second"
                " (LARS_MAX_REQUESTS_PER_S); nothing was done, send fewer",
                RateLimit("requests", self._per_s, WINDOW_S, 0, reset_s),
            )
        self._counts[session_id] = count + 1

    def _count(self, session_id: str) -> int:
        second = int(self._timer())
        if second != self._second:
            self._second, self._counts = second, {}
        return self._counts.get(session_id, 0)

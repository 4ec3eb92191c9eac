"""Time, as something that is passed in.

Must never be read behind its user's back: whoever needs time is given a `Clock`, so that a
test can make minutes pass at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Cancellable(Protocol):
    """A timer that was set and can be taken back."""

    def cancel(self) -> None:
        """Make sure that it does not fire; expected_errors when it has fired or was cancelled."""


class Clock(Protocol):
    """Monotonic time in seconds, from a start that means nothing."""

    def now(self) -> float:
        """Return the present, in seconds."""

    def call_at(self, when_s: float, callback: Callable[[], object]) -> Cancellable:
        """Call `callback` once, on the event loop, when it is `when_s` or later."""

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""


class LoopClock:
    """The real clock, with timers of the running event loop."""

    def now(self) -> float:
        """Return the machine's monotonic time, in seconds.

        Not the loop's: uvloop's has steps of a millisecond, and stands still between them.
        """
        return time.monotonic()

    def call_at(self, when_s: float, callback: Callable[[], object]) -> Cancellable:
        """Call `callback` once at `when_s`, give or take the loop's own millisecond."""
        return asyncio.get_running_loop().call_later(max(0.0, when_s - self.now()), callback)

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""
        await asyncio.sleep(delay_s)


class Alarm:
    """One timer that may be asked for again and again at next to no cost.

    It rings at the earliest time asked for. Whoever hears it looks at what is due by then and
    asks again: a busy actor moves its rest ahead with each message, and setting a timer anew
    each time would cost more than the message.
    """

    def __init__(self, clock: Clock, ring: Callable[[], object]) -> None:
        self._clock = clock
        self._ring = ring
        self._when_s = 0.0
        self._timer: Cancellable | None = None

    def ring_by(self, when_s: float) -> None:
        """Ring once at `when_s`, or sooner if that was asked for before."""
        if self._timer is not None and self._when_s <= when_s:
            return
        self.cancel()
        self._when_s = when_s
        self._timer = self._clock.call_at(when_s, self._fire)

    def cancel(self) -> None:
        """Do not ring until asked again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._ring()

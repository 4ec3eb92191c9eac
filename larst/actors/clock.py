"""Time as a dependency that is passed in.

Must never be bypassed: code that needs the time receives a `Clock`, so that a test can make
minutes pass at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Cancellable(Protocol):
    """A pending timer."""

    def cancel(self) -> None:
        """Prevent the timer from firing; no effect if it has fired or was cancelled."""


class Timers(Protocol):
    """Calls back at requested times."""

    def call_at(self, when_s: float, callback: Callable[[], object]) -> Cancellable:
        """Call `callback` once, on the event loop, at `when_s` or later."""


class Clock(Timers, Protocol):
    """Monotonic time in seconds, from an arbitrary start."""

    def now(self) -> float:
        """Return the current time, in seconds."""

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""


class LoopClock:
    """The machine's monotonic clock, with timers of the running event loop."""

    # Not the loop's time: uvloop's advances in steps of a millisecond.
    now = staticmethod(time.monotonic)

    def call_at(self, when_s: float, callback: Callable[[], object]) -> Cancellable:
        """Call `callback` once at `when_s`, within the loop's precision of a millisecond."""
        delay_s = max(0.0, when_s - time.monotonic())
        return asyncio.get_running_loop().call_later(delay_s, callback)

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""
        await asyncio.sleep(delay_s)


class Timer:
    """A timer that can be postponed at almost no cost.

    It fires at the earliest time requested. Its callback checks which work is due by then and
    calls `fire_by` again for later work. A busy actor postpones its idle time with each message;
    a new timer of the event loop for each would cost more than the message.
    """

    __slots__ = ("_callback", "_pending", "_timers", "_when_s")

    def __init__(self, timers: Timers, callback: Callable[[], object]) -> None:
        self._timers = timers
        self._callback = callback
        self._when_s = 0.0
        self._pending: Cancellable | None = None

    def fire_by(self, when_s: float) -> None:
        """Call the callback once, at `when_s` or at an earlier time requested before."""
        if self._pending is not None and self._when_s <= when_s:
            return
        self.cancel()
        self._when_s = when_s
        self._pending = self._timers.call_at(when_s, self._fire)

    def cancel(self) -> None:
        """Do not fire until `fire_by` is called again."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    def _fire(self) -> None:
        self._pending = None
        self._callback()

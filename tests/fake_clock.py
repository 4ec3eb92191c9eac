"""A clock that stands still until a test moves it. Must never wait for real time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

TURNS_TO_SETTLE = 40  # more iterations of the event loop than any chain of wake-ups needs


class FakeTimer:
    """A timer of the fake clock."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeClock:
    """Implements `actors.Clock`; time passes only in `advance`."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        self._order = itertools.count()  # timers of the same instant fire in the order of creation
        self._timers: list[tuple[float, int, FakeTimer]] = []

    def now(self) -> float:
        return self._now_s

    def call_at(self, when_s: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (when_s, next(self._order), timer))
        return timer

    async def sleep(self, delay_s: float) -> None:
        wakeup = asyncio.Event()
        timer = self.call_at(self._now_s + delay_s, wakeup.set)
        try:
            await wakeup.wait()
        finally:
            timer.cancel()

    @property
    def pending_count(self) -> int:
        """The number of timers that are set."""
        return sum(not timer.is_cancelled for _, _, timer in self._timers)

    async def settle(self) -> None:
        """Run the event loop until it waits for time or for the test."""
        for _ in range(TURNS_TO_SETTLE):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass; timers fire in order, and the event loop runs after each."""
        target_s = self._now_s + seconds
        await self.settle()
        while self._timers and self._timers[0][0] <= target_s:
            when_s, _, timer = heapq.heappop(self._timers)
            if not timer.is_cancelled:
                self._now_s = max(self._now_s, when_s)
                timer.callback()
                await self.settle()
        self._now_s = target_s
        await self.settle()

"""A clock that stands still until a test moves it. Must never wait for real time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

TURNS_TO_SETTLE = 40  # more turns of the loop than any chain of wake-ups in the runtime takes


class FakeTimer:
    """A timer of the fake clock's."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeClock:
    """Implements `actors.Clock`; `advance` makes time pass."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        self._order = itertools.count()  # timers of the same instant fire in the order set
        self._timers: list[tuple[float, int, FakeTimer]] = []

    def now(self) -> float:
        return self._now_s

    def call_at(self, when_s: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (when_s, next(self._order), timer))
        return timer

    async def sleep(self, delay_s: float) -> None:
        woken = asyncio.Event()
        timer = self.call_at(self._now_s + delay_s, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    @property
    def pending_count(self) -> int:
        """How many timers are set."""
        return sum(not timer.is_cancelled for _, _, timer in self._timers)

    async def settle(self) -> None:
        """Let the loop run until nothing but time or a test can move it."""
        for _ in range(TURNS_TO_SETTLE):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: timers fire in their order, the loop runs between them."""
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

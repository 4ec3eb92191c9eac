"""Many timers behind one timer of the clock.

An actor without messages waits for its idle time for minutes. A timer of the event loop for each
would take more memory than all the rest that the runtime keeps for it. Must never run so many
callbacks in one turn of the loop that requests wait for them.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

from larst.actors.clock import Clock, Timer

CALLBACKS_PER_TURN = 50
"""Thousands of actors can become idle in the same moment."""

_MIN_CANCELLED = 64


class QueuedTimer:
    """A pending timer; `callback` is None once it has fired or was cancelled."""

    __slots__ = ("callback", "queue")

    def __init__(self, queue: TimerQueue, callback: Callable[[], object]) -> None:
        self.queue = queue
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Prevent the timer from firing; no effect if it has fired or was cancelled."""
        if self.callback is not None:
            self.callback = None
            self.queue.note_cancelled()


class TimerQueue:
    """Calls back at requested times; a cancelled timer leaves no callback behind."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self._timer = Timer(clock, self._fire)
        self._order = count()
        self._heap: list[tuple[float, int, QueuedTimer]] = []
        self._cancelled_count = 0

    def __len__(self) -> int:
        """Return the number of pending timers."""
        return len(self._heap) - self._cancelled_count

    def call_at(self, when_s: float, callback: Callable[[], object]) -> QueuedTimer:
        """Call `callback` once, at `when_s` or later, in the order of the times."""
        timer = QueuedTimer(self, callback)
        heappush(self._heap, (when_s, next(self._order), timer))
        self._timer.fire_by(when_s)
        return timer

    def note_cancelled(self) -> None:
        """Count a timer that will not fire; drop such timers once they are the most."""
        self._cancelled_count += 1
        if self._cancelled_count > max(_MIN_CANCELLED, len(self._heap) // 2) or not len(self):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapify(self._heap)
            self._cancelled_count = 0
        if not self._heap:
            self._timer.cancel()

    def _fire(self) -> None:
        now_s = self._now()
        for _ in range(CALLBACKS_PER_TURN):
            if not self._heap or self._heap[0][0] > now_s:
                break
            timer = heappop(self._heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is None:
                self._cancelled_count -= 1
            else:
                callback()
        if self._heap:
            self._timer.fire_by(self._heap[0][0])

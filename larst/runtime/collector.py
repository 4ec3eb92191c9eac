"""When the cyclic garbage collector of Python runs.

A collection of all generations looks at every container in memory: 20 ms for each 100,000 objects,
during which no request is served. Records have no cycles, so there is next to nothing to find.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from pathlib import Path

YOUNG_OBJECTS = 5_000
MIDDLE_COLLECTIONS = 4
"""A collection of the two young generations looks at so many times `YOUNG_OBJECTS` at most, which
takes some milliseconds."""

NEVER = 2**30

_STATM = Path("/proc/self/statm")

COLLECT_EVERY_S = 60.0
MAX_GROWTH_BYTES = 24 * 1024 * 1024
"""With more data than this in memory, a collection of all generations would take over 20 ms."""


class CollectorSchedule:
    """Collects all generations of garbage only while the process holds little data.

    What the process holds at the start (modules, settings) is exempt for good. The young
    generations are collected as usual; they find nearly all cycles, such as those of exceptions.
    The few that get old wait until most sessions sleep.
    """

    def __init__(self, resident_bytes: Callable[[], int] | None = None) -> None:
        self._resident_bytes = resident_bytes or _resident_bytes
        self._start_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, with everything loaded that the process always needs."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, MIDDLE_COLLECTIONS, NEVER)
        self._start_bytes = self._resident_bytes()
        self._schedule()

    def stop(self) -> None:
        """Leave the collector as Python starts it."""
        if self._timer is not None:
            self._timer.cancel()
        gc.set_threshold(700, 10, 10)
        gc.unfreeze()

    def tick(self) -> bool:
        """Collect all generations if that is fast; return whether it was done."""
        self._schedule()
        if self._resident_bytes() - self._start_bytes > MAX_GROWTH_BYTES:
            return False
        gc.collect()
        return True

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(COLLECT_EVERY_S, self.tick)


def _resident_bytes() -> int:
    """Return the resident memory of this process, from Linux; 0 on other systems."""
    try:
        pages = int(_STATM.read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")

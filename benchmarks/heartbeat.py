"""A heartbeat of the event loop: how long it was held at most."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

INTERVAL_S = 0.001


class Heartbeat:
    """`longest_ms` is the longest time between two beats, without the interval."""

    longest_ms = 0.0

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            start_s = time.perf_counter()
            await asyncio.sleep(INTERVAL_S)
            held_ms = (time.perf_counter() - start_s - INTERVAL_S) * 1000
            self.longest_ms = max(self.longest_ms, held_ms)


@contextlib.asynccontextmanager
async def heartbeat() -> AsyncIterator[Heartbeat]:
    """Beat while the block runs."""
    heart = Heartbeat()
    task = asyncio.create_task(heart.beat())
    await asyncio.sleep(10 * INTERVAL_S)
    heart.longest_ms = 0.0
    yield heart
    await asyncio.sleep(10 * INTERVAL_S)
    task.cancel()

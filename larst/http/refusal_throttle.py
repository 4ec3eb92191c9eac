"""Throttling of refusals, so that refused clients do not starve the others."""

from __future__ import annotations

import asyncio
from collections import deque


class RefusalThrottle:
    """Releases one refusal per iteration of the event loop.

    A request that is served needs several iterations, and an iteration that sends hundreds of
    refusals takes correspondingly long. When 600 clients retried immediately after each refusal,
    the rate of accepted requests fell from about 480 to 17 per second (`benchmarks/overload.py`,
    November 2026, two cores). A client that waits here cannot retry in the meantime.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for the caller's turn; callers leave in the order of their arrival."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._release_next)
        self._waiting.append(waiter)
        await waiter

    def _release_next(self) -> None:
        waiter = self._waiting.popleft()
        if not waiter.done():  # its client is still connected
            waiter.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._release_next)

"""Refusals one at a time, so that those who are refused do not starve those who are served."""

from __future__ import annotations

import asyncio
from collections import deque


class RefusalThrottle:
    """Lets one waiter through in each turn of the event loop.

    A message that is served needs several turns, and a turn in which hundreds are refused takes
    as long as hundreds of refusals: 600 clients that came again at once with every refusal left
    17 of about 480 accepted requests a second (`benchmarks/overload.py`, November 2026, two cores).
    One that waits here cannot come again meanwhile.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait until it is the caller's turn; those who came earlier go first."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._let_through)
        self._waiting.append(waiter)
        await waiter

    def _let_through(self) -> None:
        waiter = self._waiting.popleft()
        if not waiter.done():  # else its client has left
            waiter.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._let_through)

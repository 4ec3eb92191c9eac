"""The error by which a store call says that it is too large for the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Elsewhere(Protocol):
    """Runs work in a thread."""

    async def off_loop(self, work: Callable[[], Result]) -> Result:
        """Return the result of the work; the caller must not touch the store meanwhile."""


class LeaveLoopError(Exception):
    """The work would hold the event loop for too long; nothing was done.

    Run the same work again with `await error.off_loop(work)`.
    """

    def __init__(self, elsewhere: Elsewhere) -> None:
        super().__init__("this work must leave the event loop")
        self._elsewhere = elsewhere

    def off_loop(self, work: Callable[[], Result]) -> Awaitable[Result]:
        """Run the work in a thread, where the limits of the event loop do not hold."""
        return self._elsewhere.off_loop(work)

"""How much work a message of a session may do on the event loop, and in a thread instead.

The session's actor processes one message at a time, so a thread that works for it is alone with
the store. Must never let two pieces of work of one session run at once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TypeVar

from larst.domain import LeaveLoopError
from larst.errors import ProgramTimeoutError
from larst.store.io_threads import Threads
from larst.store.query.index_memory import Freeable, free

Result = TypeVar("Result")
Item = TypeVar("Item")

LOOP_STEPS = 25_000
"""Steps that a message may take on the event loop: about 10 ms. A step is one test of a record."""

LOOP_S = 0.015
"""How long a message may compute on the event loop: a step takes long where records are large."""

THREAD_S = 30.0
"""How long work in a thread may take if the message has no deadline of its own."""

_STEPS_PER_CHECK = 1_000
_ITEMS_PER_TURN = 8
_STEPS_PER_TURN = 2_000
"""Items of a record each, and their steps, between two looks at the time on the event loop."""


class Work:
    """Counts the steps of a message, and moves the work into a thread when they are used up.

    >>> work = Work.unlimited()
    >>> work.spend(10**9)
    """

    def __init__(
        self,
        threads: Threads,
        *,
        loop_steps: float = LOOP_STEPS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = threads
        self._loop_steps = loop_steps
        self._steps_left = loop_steps
        self._loop_s = math.inf if loop_steps == math.inf else LOOP_S
        self._timer = timer
        self._begun_s = math.inf  # before the first message, only steps count
        self._deadline_s = math.inf
        self._stop_at_s: float | None = None  # None: on the event loop
        self.index_memory = threads.index_memory

    @classmethod
    def unlimited(cls) -> Work:
        """Return work without a limit, for stores that no event loop uses."""
        return cls(Threads(), loop_steps=math.inf)

    @property
    def is_in_thread(self) -> bool:
        """Whether the work runs in a thread."""
        return self._stop_at_s is not None

    def make_room(self) -> None:
        """Drop indexes of any session if they take too much memory; in a thread, at its end."""
        if not self.index_memory.is_full or self._stop_at_s is not None:
            return
        dropped = self.index_memory.make_room()
        if self._loop_s == math.inf:
            free(dropped)
        else:
            self._threads.start(free, self._free(dropped))

    def begin(self, time_s: float = math.inf) -> None:
        """Begin a message: it has all steps again, and may take this much time in a thread."""
        self._begun_s = self._timer()
        self._steps_left, self._deadline_s = self._loop_steps, self._begun_s + time_s

    @contextmanager
    def within(self, time_s: float) -> Iterator[None]:
        """Let work in threads go on for at most so long, in the body of the `with` statement."""
        deadline_s = self._deadline_s
        self._deadline_s = min(deadline_s, self._timer() + time_s)
        try:
            yield
        finally:
            self._deadline_s = deadline_s

    def require(self, steps: int) -> None:
        """Check that steps can be taken here, without taking them.

        Raises:
            LeaveLoopError: they do not fit into the event loop.
        """
        if self._stop_at_s is None and steps > self._steps_left:
            raise LeaveLoopError(self)

    def spend(self, steps: int) -> None:
        """Take steps before they are done.

        Raises:
            LeaveLoopError: they do not fit into the event loop, or its time is used up.
            ProgramTimeoutError: the work runs in a thread, and its time is over.
        """
        if self._stop_at_s is None:
            if steps > self._steps_left or self._timer() - self._begun_s > self._loop_s:
                raise LeaveLoopError(self)
            self._steps_left -= steps
        elif self._timer() > self._stop_at_s:
            raise ProgramTimeoutError("the request looked at too many records for its time")

    def look(self) -> None:
        """Look at the time within a step: records may be large, and criteria many.

        Raises:
            LeaveLoopError, ProgramTimeoutError: see `spend`.
        """
        self.spend(0)

    def paced(self, items: Iterable[Item], *, steps: int = 1) -> Iterator[Item]:
        """Yield the items, and spend so many steps for each before it is looked at."""
        size = max(1, _STEPS_PER_CHECK // steps)
        if self._stop_at_s is None:
            size = max(1, min(_ITEMS_PER_TURN, _STEPS_PER_TURN // steps))
        iterator = iter(items)
        while part := tuple(islice(iterator, size)):
            self.spend(len(part) * steps)
            yield from part

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run the work here, or in a thread if it is too large."""
        try:
            return work()
        except LeaveLoopError:
            return await self.off_loop(work)

    async def off_loop(self, work: Callable[[], Result]) -> Result:
        """Run the work in a thread, until the deadline of the message at the latest.

        Raises:
            ProgramTimeoutError: it took too long.
        """
        self._stop_at_s = min(self._deadline_s, self._timer() + THREAD_S)
        task = asyncio.ensure_future(self._threads.run_search(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stop_at_s = -math.inf  # the store must not change before the thread has ended
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
            raise
        finally:
            self._stop_at_s = None
            self._steps_left = self._loop_steps
            self._begun_s = max(self._begun_s, self._timer())
            self.make_room()

    async def _free(self, dropped: Sequence[Freeable]) -> None:
        with suppress(RuntimeError):  # the threads have ended, as the process will
            await self._threads.run(partial(free, dropped), is_long=True)

"""Who gets the next free worker: a fair order, and a worker that long runs cannot take.

A run counts as long if its program ran long the last time, or if neither the program nor its owner
is known yet. Long runs together leave one worker free, so that short ones never wait for them.
Among the runs that wait, the one whose owner has used the workers least goes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cachetools import LRUCache

from larst.errors import ProgramTimeoutError

SHORT_S = 0.25
"""A run of at most this time is short."""

HALF_LIFE_S = 10.0
"""The time in which what an owner has used counts half."""

_MAX_KNOWN = 4096
"""Programs, and owners, that are remembered."""


@dataclass(slots=True, eq=False)
class _Run:
    """A run that waits for a worker, or has one."""

    owner: str
    program: str
    is_long: bool
    turn: asyncio.Future[None]
    begun_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Used:
    """The time that an owner's runs have taken, as it counted at `at_s`."""

    seconds: float
    at_s: float

    def counted(self, now_s: float) -> float:
        return self.seconds * float(0.5 ** ((now_s - self.at_s) / HALF_LIFE_S))


class Turns:
    """Gives the workers of a pool to runs, one run at a time for each worker."""

    def __init__(self, workers: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._max_long = max(1, workers - 1)
        self._timer = timer
        self._waiting: dict[_Run, None] = {}
        self._running: set[_Run] = set()
        self._last_s: LRUCache[str, float] = LRUCache(_MAX_KNOWN)  # by program
        self._used: LRUCache[str, _Used] = LRUCache(_MAX_KNOWN)  # by owner

    @asynccontextmanager
    async def turn(
        self, owner: str, program: str, *, timeout_s: float = 60.0
    ) -> AsyncIterator[None]:
        """Wait for a worker and keep it; `owner` is who it is counted for.

        Raises:
            ProgramTimeoutError: no worker became free within `timeout_s`.
        """
        turn = asyncio.get_running_loop().create_future()
        run = _Run(owner, program, self._is_long(owner, program), turn)
        self._waiting[run] = None
        self._give()
        has_ended = True
        try:
            await _wait(turn, timeout_s)
            yield
        except asyncio.CancelledError:
            has_ended = False
            raise
        finally:
            self._waiting.pop(run, None)
            if run in self._running:
                self._end(run, has_ended=has_ended)
            self._give()

    def _is_long(self, owner: str, program: str) -> bool:
        last_s = self._last_s.get(program)
        if last_s is not None:
            return last_s > SHORT_S
        used = self._used.get(owner)
        return used is None or used.counted(self._timer()) > SHORT_S

    def _end(self, run: _Run, *, has_ended: bool) -> None:
        """Remember how long a run took, for those that follow; one that was cancelled, at least."""
        self._running.discard(run)
        now_s = self._timer()
        took_s = now_s - run.begun_s
        if has_ended or took_s > SHORT_S:
            self._last_s[run.program] = took_s
        used = self._used.get(run.owner, _Used(0.0, now_s))
        self._used[run.owner] = _Used(used.counted(now_s) + took_s, now_s)

    def _give(self) -> None:
        """Give the free workers to runs that wait."""
        while len(self._running) < self._workers and (run := self._next()) is not None:
            del self._waiting[run]
            run.begun_s = self._timer()
            self._running.add(run)
            run.turn.set_result(None)

    def _next(self) -> _Run | None:
        long = sum(run.is_long for run in self._running)
        now_s = self._timer()
        admitted = (
            run
            for run in self._waiting
            if not run.turn.done() and not (run.is_long and long >= self._max_long)
        )
        return min(admitted, key=lambda run: self._counted(run.owner, now_s), default=None)

    def _counted(self, owner: str, now_s: float) -> float:
        """Return what an owner has used, with what its runs are using now."""
        used = self._used.get(owner)
        running = sum(now_s - run.begun_s for run in self._running if run.owner == owner)
        return running + (0.0 if used is None else used.counted(now_s))


async def _wait(turn: asyncio.Future[None], timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await turn
    except TimeoutError as error:
        raise ProgramTimeoutError("no sandbox worker became free in time") from error

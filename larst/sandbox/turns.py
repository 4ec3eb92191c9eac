"""Who gets the next free worker: a fair order, and a worker that long runs cannot take.

A run counts as long if its program ran long the last time, or if neither the program nor its owner
is known yet. Long runs together leave one worker free, so that short ones never wait for them.
After a run that counted as short ran long, for a minute only known programs of known owners that
used little count as short: new programs of many owners could take all workers in turn. Among the
runs that wait, the one whose owner has used the workers least goes first.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from cachetools import LRUCache

from larst.errors import ProgramTimeoutError

SHORT_S = 0.25
"""A run of at most this time is short."""

MUCH_S = 2.0
"""An owner that has used less of late may have sent many short runs."""

HALF_LIFE_S = 10.0
"""The time in which what an owner has used counts half."""

DISTRUST_S = 60.0
"""How long after a surprise only known short programs count as short."""

_MAX_KNOWN = 4096
"""Programs, and owners, that are remembered."""


@dataclass(slots=True, eq=False)
class _Run:
    """A run that waits for a worker, or has one; `is_long` is decided when it gets the worker."""

    owner: str
    program: str
    turn: asyncio.Future[None]
    is_long: bool = False
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
        self._distrust_until_s = -math.inf

    @asynccontextmanager
    async def turn(
        self, owner: str, program: str, *, timeout_s: float = 60.0
    ) -> AsyncIterator[Callable[[], None]]:
        """Wait for a worker and keep it; `owner` is who it is counted for.

        Yields a function to call when the program begins: a worker that has to start first must
        not make the program a long one.

        Raises:
            ProgramTimeoutError: no worker became free within `timeout_s`.
        """
        turn = asyncio.get_running_loop().create_future()
        run = _Run(owner, program, turn)
        self._waiting[run] = None
        self._give()
        has_ended = True
        try:
            await _wait(turn, timeout_s)
            yield partial(self._begin, run)
        except asyncio.CancelledError:
            has_ended = False
            raise
        finally:
            self._waiting.pop(run, None)
            if run in self._running:
                self._end(run, has_ended=has_ended)
            self._give()

    def _is_long(self, run: _Run, now_s: float) -> bool:
        last_s, used = self._last_s.get(run.program), self._used.get(run.owner)
        used_s = math.inf if used is None else used.counted(now_s)
        is_distrustful = now_s < self._distrust_until_s
        if last_s is None:
            return used_s > SHORT_S or is_distrustful
        return last_s > SHORT_S or (used_s > MUCH_S and is_distrustful)

    def _begin(self, run: _Run) -> None:
        run.begun_s = self._timer()

    def _end(self, run: _Run, *, has_ended: bool) -> None:
        """Remember how long a run took, for those that follow; one that was cancelled, at least."""
        self._running.discard(run)
        now_s = self._timer()
        took_s = now_s - run.begun_s
        self._note_surprise(run, now_s)
        if has_ended or took_s > SHORT_S:
            self._last_s[run.program] = took_s
        used = self._used.get(run.owner, _Used(0.0, now_s))
        self._used[run.owner] = _Used(used.counted(now_s) + took_s, now_s)

    def _note_surprise(self, run: _Run, now_s: float) -> None:
        """Distrust others like a run that counts as short and takes long."""
        if not run.is_long and now_s - run.begun_s > SHORT_S:
            run.is_long = True
            self._distrust_until_s = now_s + DISTRUST_S

    def _give(self) -> None:
        """Give the free workers to runs that wait."""
        while len(self._running) < self._workers and (run := self._next()) is not None:
            del self._waiting[run]
            run.begun_s = self._timer()
            run.is_long = self._is_long(run, run.begun_s)
            self._running.add(run)
            run.turn.set_result(None)

    def _next(self) -> _Run | None:
        now_s = self._timer()
        for run in self._running:
            self._note_surprise(run, now_s)
        long = sum(run.is_long for run in self._running)
        admitted = (
            run
            for run in self._waiting
            if not run.turn.done() and (long < self._max_long or not self._is_long(run, now_s))
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

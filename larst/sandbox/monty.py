"""The sandbox of worker processes: each program runs in a fresh session of the Monty interpreter.

Here are the workers, whose turn it is, and what a run counts as; larst/sandbox/worker_run.py drives
a run. Must never lend a worker that a program has used to another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from pydantic_monty import (
    AsyncMontySession,
    MontyCrashedError,
    MontyError,
    OSPolicy,
    ResourceLimits,
)

from larst.config import SandboxSettings
from larst.domain import (
    CheckedProgram,
    ProgramInputs,
    Reply,
    SessionView,
)
from larst.errors import (
    DeadlineError,
    LarstError,
    ProgramLimitError,
    ProgramTimeoutError,
    WorkerLostError,
)
from larst.sandbox.failures import RunLimits
from larst.sandbox.frame import frame
from larst.sandbox.reply import reply_of
from larst.sandbox.turns import Turns
from larst.sandbox.worker_run import WorkerRun
from larst.sandbox.workers import SPARES, Workers, start_workers
from larst.telemetry import count
from larst.telemetry.metrics import SANDBOX_KILLS, SANDBOX_RUNS

KILL_GRACE_S = 0.4
"""How long a worker may exceed its time limit before it is killed; nothing else stops a program
that computes huge integers or deeply aliased lists."""

CLOSING_S = 0.03
"""The pause after the pool has closed; a process that exits sooner ends with SIGABRT in a quarter
of runs (pydantic-monty 1.4.0, measured in November 2026)."""

_MIB = 1024 * 1024

_OUTCOMES: Mapping[type[LarstError], str] = {
    ProgramTimeoutError: "timed out",
    ProgramLimitError: "limited",
    WorkerLostError: "worker lost",
}
"""The outcome of a run in the metrics, by its error; any other error counts as `failed`."""


class MontySandbox:
    """Runs programs in worker processes of pydantic-monty."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._max_exec_s = settings.max_exec_s
        self._pool: Workers | None = None
        self._releases: set[asyncio.Future[None]] = set()
        self._has_worked = False
        self._turns = Turns(settings.workers)

    async def start(self) -> None:
        """Start the workers, and run a trivial program in each.

        Raises:
            ConfigError: the jail is required, and parts of it are missing here.
        """
        self._pool = await start_workers(
            self._settings,
            kill_grace_s=KILL_GRACE_S,
            # For a worker that ignores its own limits and does not respond at all.
            request_timeout_s=self._max_exec_s + 2 * KILL_GRACE_S,
        )
        self._has_worked = True

    async def stop(self) -> None:
        """Stop the workers; programs that are still running fail."""
        pool, self._pool, self._has_worked = self._pool, None, False
        if pool is not None:
            await pool.stop()
            await asyncio.gather(*self._releases, return_exceptions=True)
            await asyncio.sleep(CLOSING_S)

    def jail(self) -> str:
        """Return which parts of the jail are in force; see `Sandbox.jail`."""
        return "none: the sandbox is not running" if self._pool is None else str(self._pool.jail)

    def is_ready(self) -> bool:
        """Return whether the pool is open and the last run had a live worker."""
        return self._pool is not None and self._has_worked

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
        owner: str = "",
    ) -> Reply:
        """Return the program's reply; see `Sandbox.run`."""
        result_bytes = self._settings.max_result_bytes
        if timeout_s <= 0:
            raise DeadlineError("the deadline of the request passed before its program began")
        limits = RunLimits(self._settings, exec_s=min(self._max_exec_s, timeout_s))
        outcome = "failed"
        try:
            async with self._worker(owner, program, limits, timeout_s, inputs.now) as worker:
                framed = frame(program, result_bytes=result_bytes)
                output = await WorkerRun(framed, limits).drive(worker, inputs, view)
            self._has_worked = True
            reply = reply_of(output, result_bytes=result_bytes)
            outcome = "replied"
        except LarstError as error:
            outcome = _OUTCOMES.get(type(error), outcome)
            raise
        finally:
            count(SANDBOX_RUNS, labels=(("outcome", outcome),))
        return reply

    @asynccontextmanager
    async def _worker(
        self,
        owner: str,
        program: CheckedProgram,
        limits: RunLimits,
        timeout_s: float,
        now: datetime | None,
    ) -> AsyncIterator[AsyncMontySession]:
        """Wait for a worker within `timeout_s`, and lend it; its clock stands at `now`."""
        until_s = asyncio.get_running_loop().time() + timeout_s
        async with self._turns.turn(owner, program.source, timeout_s=timeout_s) as begin:
            left_s = until_s - asyncio.get_running_loop().time()
            worker = await self._free_worker(limits, left_s, now)
            begin()
            try:
                yield worker
            finally:
                self._release(worker)

    async def _free_worker(
        self, limits: RunLimits, timeout_s: float, now: datetime | None
    ) -> AsyncMontySession:
        """Return a fresh session of a live worker, within `timeout_s`.

        The death of an idle worker is noticed only here. No program ran in it, so the next worker
        is tried, at most as often as there are workers and spares.
        """
        if self._pool is None:
            raise WorkerLostError("the sandbox is not running")
        worker_limits: ResourceLimits = {
            "max_feed_duration_secs": limits.exec_s,
            "max_memory": limits.settings.max_memory_mb * _MIB,
            "max_recursion_depth": 400,
            "max_suspensions": limits.settings.max_store_calls + 1,
        }
        policy: OSPolicy = {"sleep": "zero"}
        if now is not None:
            policy["datetime"] = now
        try:
            async with asyncio.timeout(timeout_s):
                for attempt in range(self._settings.workers + SPARES + 1):
                    try:
                        return await self._pool.checkout(limits=worker_limits, os_policy=policy)
                    except MontyCrashedError:
                        if attempt == self._settings.workers + SPARES:
                            raise
                        count(SANDBOX_KILLS)
        except TimeoutError as error:
            raise ProgramTimeoutError("no sandbox worker became free in time") from error
        except MontyError as error:
            self._has_worked = False
            raise WorkerLostError("no sandbox worker could be started") from error
        raise AssertionError("the last attempt returns or raises")

    def _release(self, worker: AsyncMontySession) -> None:
        """Return the worker to the pool, also when the run was cancelled.

        The run does not wait for it: cancelling the wait would cancel the release, and the pool
        would lose the worker.
        """
        pool = self._pool  # None: stopped during the run
        closing = worker.__aexit__(None, None, None) if pool is None else pool.release(worker)
        release = asyncio.ensure_future(closing)
        self._releases.add(release)
        release.add_done_callback(self._releases.discard)

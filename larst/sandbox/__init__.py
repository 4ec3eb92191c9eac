"""Checked program and store to reply: the worker pool.

A program runs in a worker process of the Monty interpreter, one fresh checkout a request; its
store calls come back here, onto the event loop. Must never execute a program in this process,
and never believe what a worker sends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic_monty import AsyncMonty, AsyncMontySession, MontyCrashedError, MontyError

from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView
from larst.errors import LarstError, ProgramLimitError, ProgramTimeoutError, WorkerLostError
from larst.sandbox.frame import frame
from larst.sandbox.reply import reply_of
from larst.sandbox.run import Run, RunLimits
from larst.telemetry import count
from larst.telemetry.metrics import SANDBOX_KILLS, SANDBOX_RUNS

KILL_GRACE_S = 0.4
"""How long past its time a worker may take to raise; then it is killed (bigint and alias bombs
are stopped by nothing else)."""

CLOSING_S = 0.03
"""Leaving sooner after the pool has closed ends the process by SIGABRT in a quarter of runs
(pydantic-monty 1.4.0, measured in November 2026)."""


_OUTCOMES: Mapping[type[LarstError], str] = {
    ProgramTimeoutError: "timed out",
    ProgramLimitError: "limited",
    WorkerLostError: "worker lost",
}
"""What came of a run, for the metrics; any other error is `failed`."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one run may use, and how many may run at once."""

    workers: int = 2
    exec_s: float = 8.0
    memory_mb: int = 128
    result_bytes: int = 1_048_576
    stdout_bytes: int = 4_096
    store_calls: int = 10_000


class Sandbox(Protocol):
    """A way of running programs away from this process."""

    async def start(self) -> None:
        """Have the workers ready."""

    async def stop(self) -> None:
        """End them; what still runs fails."""

    def is_ready(self) -> bool:
        """Tell whether a program could run now; for /readyz."""

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
    ) -> Reply:
        """Return the program's reply; what it stored is in `view`, for the caller to commit.

        Raises:
            ProgramFailedError: it raised, or its REPLY is no reply.
            ProgramTimeoutError: it ran too long, or no worker was free in time.
            ProgramLimitError: it used more than it may.
            WorkerLostError: its worker died.
            ResultTooLargeError: its reply is over the limit.
            CallerError: a store call met what the client can mend.
        """


class MontySandbox:
    """Runs programs in pydantic-monty's worker processes."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._pool: AsyncMonty | None = None
        self._has_worked = False

    async def start(self) -> None:
        """Start the workers, and see one of them work."""
        self._pool = AsyncMonty(
            min_processes=self._limits.workers,
            max_processes=self._limits.workers,
            feed_duration_limit_grace=KILL_GRACE_S,
            # A worker that does not answer at all, its own limits notwithstanding.
            request_timeout=self._limits.exec_s + 2 * KILL_GRACE_S,
        )
        await self._pool.__aenter__()
        async with self._pool.checkout() as session:
            self._has_worked = await session.feed_run("1") == 1

    async def stop(self) -> None:
        """End the workers."""
        pool, self._pool, self._has_worked = self._pool, None, False
        if pool is not None:
            await pool.__aexit__(None, None, None)
            await asyncio.sleep(CLOSING_S)

    def is_ready(self) -> bool:
        """Tell whether the pool is open and its latest run found a worker that lived."""
        return self._pool is not None and self._has_worked

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
    ) -> Reply:
        """Return the program's reply; as in `Sandbox`."""
        limits = self._limits
        framed = frame(program, result_bytes=limits.result_bytes)
        run_limits = RunLimits(
            exec_s=min(limits.exec_s, timeout_s),
            memory_mb=limits.memory_mb,
            stdout_bytes=limits.stdout_bytes,
            store_calls=limits.store_calls,
        )
        outcome = "failed"
        try:
            async with self._worker(run_limits, timeout_s) as session:
                output = await Run(framed, run_limits).drive(session, inputs, view)
            self._has_worked = True
            reply = reply_of(output, result_bytes=limits.result_bytes)
            outcome = "replied"
        except LarstError as error:
            outcome = _OUTCOMES.get(type(error), outcome)
            raise
        finally:
            count(SANDBOX_RUNS, labels=(("outcome", outcome),))
        return reply

    @contextlib.asynccontextmanager
    async def _worker(
        self, limits: RunLimits, timeout_s: float
    ) -> AsyncIterator[AsyncMontySession]:
        """Lend a fresh session of a worker; waits for a free one within the request's time."""
        checkout = await self._free_worker(limits, timeout_s)
        try:
            yield checkout
        finally:
            # Shielded: a worker that is not handed back is lost to the pool.
            await asyncio.shield(asyncio.ensure_future(checkout.__aexit__(None, None, None)))

    async def _free_worker(self, limits: RunLimits, timeout_s: float) -> AsyncMontySession:
        """Return a session of a living worker.

        One that died while it was idle is found dead only now. Nothing has run in it, so the next
        is taken, at most as often as there are workers.
        """
        try:
            async with asyncio.timeout(timeout_s):
                for _attempt in range(self._limits.workers):
                    try:
                        return await self._checkout(limits).__aenter__()
                    except MontyCrashedError:
                        count(SANDBOX_KILLS)
                return await self._checkout(limits).__aenter__()
        except TimeoutError as error:
            raise ProgramTimeoutError("no sandbox worker was free in time") from error
        except MontyError as error:
            self._has_worked = False
            raise WorkerLostError("no sandbox worker could be started") from error

    def _checkout(self, limits: RunLimits) -> AsyncMontySession:
        if self._pool is None:
            raise WorkerLostError("the sandbox is not running")
        return self._pool.checkout(limits=limits.for_worker(), os_policy={"sleep": "zero"})

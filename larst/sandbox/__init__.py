"""Checked program and store to reply: the worker pool.

A program runs in a worker process of the Monty interpreter, one fresh checkout a request; its
store calls come back here, onto the event loop. Must never execute a program in this process,
and never believe what a worker sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from pydantic_monty import AsyncMonty, AsyncMontySession, MontyCrashedError, MontyError

from larst.config import SandboxSettings
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

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._pool: AsyncMonty | None = None
        self._has_worked = False

    async def start(self) -> None:
        """Start the workers, and see one of them work."""
        self._pool = AsyncMonty(
            min_processes=self._settings.workers,
            max_processes=self._settings.workers,
            feed_duration_limit_grace=KILL_GRACE_S,
            # A worker that does not answer at all, its own limits notwithstanding.
            request_timeout=self._settings.max_exec_s + 2 * KILL_GRACE_S,
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
        settings = self._settings
        framed = frame(program, result_bytes=settings.max_result_bytes)
        limits = RunLimits(settings, exec_s=min(settings.max_exec_s, timeout_s))
        outcome = "failed"
        try:
            worker = await self._free_worker(limits, timeout_s)
            try:
                output = await Run(framed, limits).drive(worker, inputs, view)
            finally:
                # Shielded: a worker that is not handed back is lost to the pool.
                await asyncio.shield(asyncio.ensure_future(worker.__aexit__(None, None, None)))
            self._has_worked = True
            reply = reply_of(output, result_bytes=settings.max_result_bytes)
            outcome = "replied"
        except LarstError as error:
            outcome = _OUTCOMES.get(type(error), outcome)
            raise
        finally:
            count(SANDBOX_RUNS, labels=(("outcome", outcome),))
        return reply

    async def _free_worker(self, limits: RunLimits, timeout_s: float) -> AsyncMontySession:
        """Return a fresh session of a living worker; wait for a free one within `timeout_s`.

        A worker that died while it was idle is noticed only now. Nothing has run in it, so the
        next is tried, at most as often as there are workers.
        """
        if self._pool is None:
            raise WorkerLostError("the sandbox is not running")
        try:
            async with asyncio.timeout(timeout_s):
                for attempt in range(self._settings.workers + 1):
                    try:
                        session = self._pool.checkout(
                            limits=limits.for_worker(), os_policy={"sleep": "zero"}
                        )
                        return await session.__aenter__()
                    except MontyCrashedError:
                        if attempt == self._settings.workers:
                            raise
                        count(SANDBOX_KILLS)
        except TimeoutError as error:
            raise ProgramTimeoutError("no sandbox worker was free in time") from error
        except MontyError as error:
            self._has_worked = False
            raise WorkerLostError("no sandbox worker could be started") from error
        raise AssertionError("the last attempt returns or raises")

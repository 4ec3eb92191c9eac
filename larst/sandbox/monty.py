"""The sandbox of worker processes: each program runs in a fresh session of the Monty interpreter.

Store calls come back to this process and run on the event loop, the long ones in a thread. Each
call is looked up again by name, whatever the policy accepted. Must never call anything else of the
host for a program.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic_monty import (
    AsyncFunctionSnapshot,
    AsyncMontySession,
    AsyncNameLookupSnapshot,
    ClassInstance,
    CollectString,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    ResourceLimits,
)

from larst.config import SandboxSettings
from larst.domain import (
    SESSION_STORE_METHODS,
    STORE_METHODS,
    CheckedProgram,
    LeaveLoopError,
    ProgramInputs,
    Reply,
    SessionView,
)
from larst.errors import (
    DeadlineError,
    LarstError,
    ProgramFailedError,
    ProgramLimitError,
    ProgramTimeoutError,
    WorkerLostError,
)
from larst.sandbox.arguments import (
    LONG_CHARACTERS,
    MAX_RUN_CHARACTERS,
    packed_text,
    unpacked,
)
from larst.sandbox.failures import RunLimits, too_many_store_calls, too_slow, translate
from larst.sandbox.frame import FramedProgram, frame
from larst.sandbox.reply import reply_of
from larst.sandbox.turns import Turns
from larst.sandbox.workers import SPARES, Workers, start_workers
from larst.telemetry import CURRENT_REQUEST, StoreCalls, count
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
            async with self._worker(owner, program, limits, timeout_s) as worker:
                run = _Run(frame(program, result_bytes=result_bytes), limits)
                output = await run.drive(worker, inputs, view)
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
        self, owner: str, program: CheckedProgram, limits: RunLimits, timeout_s: float
    ) -> AsyncIterator[AsyncMontySession]:
        """Wait for a worker within `timeout_s`, and lend it."""
        until_s = asyncio.get_running_loop().time() + timeout_s
        async with self._turns.turn(owner, program.source, timeout_s=timeout_s) as begin:
            left_s = until_s - asyncio.get_running_loop().time()
            worker = await self._free_worker(limits, left_s)
            begin()
            try:
                yield worker
            finally:
                self._release(worker)

    async def _free_worker(self, limits: RunLimits, timeout_s: float) -> AsyncMontySession:
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
        try:
            async with asyncio.timeout(timeout_s):
                for attempt in range(self._settings.workers + SPARES + 1):
                    try:
                        return await self._pool.checkout(
                            limits=worker_limits, os_policy={"sleep": "zero"}
                        )
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


@dataclass(frozen=True, slots=True)
class _Lent:
    """A store that the program can call; the session's store has no `resource`."""

    store: Any
    methods: frozenset[str]
    resource: str | None


class _Handle:
    """Represents a store inside the worker; has no attributes that a program could reach."""


class _Run:
    """Runs one program in a worker's session and answers its store calls."""

    def __init__(self, framed: FramedProgram, limits: RunLimits) -> None:
        self._framed = framed
        self._limits = limits
        self._lent: dict[UUID | None, _Lent] = {}
        self._call_count = 0
        self._characters_left = MAX_RUN_CHARACTERS
        self._store_calls = StoreCalls.of(CURRENT_REQUEST.get())

    async def drive(
        self,
        session: AsyncMontySession,
        inputs: ProgramInputs,
        view: SessionView,
    ) -> Any:
        """Return the output of the frame around the program.

        Raises:
            LarstError: see `Sandbox.run`.
        """
        # The worker's clock stops while a store call runs here; this clock does not.
        deadline_s = time.monotonic() + self._limits.exec_s
        try:
            step = await session.feed_start(
                self._framed.source,
                inputs=self._inputs(inputs, view),
                print_callback=CollectString(self._limits.settings.max_stdout_bytes),
            )
            while not isinstance(step, MontyComplete):
                if time.monotonic() > deadline_s:
                    raise too_slow(self._limits)
                if isinstance(step, AsyncFunctionSnapshot):
                    step = await step.resume({"return_value": await self._answer(step)})
                elif isinstance(step, AsyncNameLookupSnapshot):
                    step = await step.resume()
                else:
                    raise ProgramFailedError("programs have nothing to await")
        except MontyError as error:
            raise translate(error, self._framed, self._limits) from error
        finally:
            if self._store_calls is not None:
                self._store_calls.end()
        return step.output

    def _inputs(self, inputs: ProgramInputs, view: SessionView) -> dict[str, Any]:
        used, values = self._framed.inputs, dict[str, Any]()
        if "ctx" in used:
            values["ctx"] = dict(inputs.ctx)
        if "plan" in used:
            values["plan"] = dict(inputs.plan)
        if inputs.resource is not None and "store" in used:
            store = view.resource(inputs.resource)
            values["store"] = self._lend(_Lent(store, STORE_METHODS, inputs.resource))
        if "session_store" in used:
            values["session_store"] = self._lend(_Lent(view, SESSION_STORE_METHODS, None))
        return values

    def _lend(self, lent: _Lent) -> ClassInstance:
        handle = ClassInstance(_Handle())
        self._lent[handle.id] = lent
        return handle

    async def _answer(self, call: AsyncFunctionSnapshot) -> Any:
        """Return the result of a store call.

        Raises:
            ProgramFailedError: it is not a store call, or its arguments are wrong.
            LarstError: the store's own error; programs cannot catch it, so it ends the run.
        """
        self._call_count += 1
        if self._call_count > self._limits.settings.max_store_calls:
            raise too_many_store_calls(self._limits)
        lent, method = self._lent.get(call.object_id), str(call.function_name)
        if lent is None or method not in lent.methods:
            raise ProgramFailedError(f"there is no {method[:80]!r} to call")
        if self._store_calls is not None:
            self._store_calls.add(lent.resource, method)
        try:
            args, kwargs = await self._arguments(call)
            work = partial(getattr(lent.store, method), *args, **kwargs)
            try:
                result = work()
            except LeaveLoopError as error:
                result = await error.off_loop(work)
        except TypeError as error:
            raise ProgramFailedError(f".{method}(): {error}") from error
        if method == "resource":
            # The store accepted the name as that of a resource, so telemetry may contain it.
            name = str(args[0] if args else kwargs["name"])
            return self._lend(_Lent(result, STORE_METHODS, name))
        return result

    async def _arguments(self, call: AsyncFunctionSnapshot) -> tuple[list[Any], dict[str, Any]]:
        text = packed_text(call.args, call.kwargs, self._characters_left)
        self._characters_left -= len(text)
        if len(text) < LONG_CHARACTERS:
            return unpacked(text)
        return await asyncio.to_thread(unpacked, text)

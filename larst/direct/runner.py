"""One run of a total program: from its inputs to its reply."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from larst.direct.compiler import Compiler
from larst.direct.expressions import EXPRESSIONS
from larst.direct.frames import FIRST_PLACE, UNSET, changes_containers
from larst.direct.limits import (
    LOOP_S,
    LOOP_STEPS,
    THREAD_S,
    THREAD_STEPS,
    BudgetSpentError,
    Run,
    SandboxNeededError,
)
from larst.direct.reply import reply_of_record, reply_of_value
from larst.direct.statements import Execute, block
from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView, total
from larst.telemetry import CURRENT_REQUEST, StoreCalls, count
from larst.telemetry.metrics import SANDBOX_RUNS

_UNSUPPORTED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,  # RecursionError; a dict that changes its size in a loop
    TypeError,
    ValueError,
    SandboxNeededError,
)
"""Our error, and those of Python: in their place the interpreter may raise others, or none."""


_DIRECT = (("outcome", "direct"),)
"""How the metrics name a run without a worker."""


@dataclass(frozen=True, slots=True)
class DirectRunner:
    """Runs total programs; the limits are those of a worker's run."""

    result_bytes: int
    max_store_calls: int
    timer: Callable[[], float] = time.monotonic

    def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        is_in_thread: bool = False,
    ) -> Reply | None:
        """Return the program's reply; its changes are in `view`.

        None means that the program must run in a worker: discard the changes in `view`.
        `is_in_thread`: the run has the budget of a thread, and no limit of store calls.

        Raises:
            LeaveLoopError, BudgetSpentError: it needs a thread: discard the changes in `view`.
            LarstError: the error of a store call, or a reply that is too large.
        """
        form = program.total
        if isinstance(form, total.NotTotal):
            return None
        calls = StoreCalls.of(CURRENT_REQUEST.get())
        try:
            run = self._new_run(inputs, view, calls, is_in_thread=is_in_thread)
            self._execute(program, form, run, inputs)
            reply = reply_of_record(run.reply, run.record, result_bytes=self.result_bytes)
            if reply is None:
                reply = reply_of_value(
                    run.reply, result_bytes=self.result_bytes, is_in_thread=is_in_thread
                )
        except BudgetSpentError:
            if is_in_thread:
                return None
            raise
        except _UNSUPPORTED:
            return None
        finally:
            if calls is not None:
                calls.end()
        count(SANDBOX_RUNS, labels=_DIRECT)
        return reply

    def _new_run(
        self,
        inputs: ProgramInputs,
        view: SessionView,
        calls: StoreCalls | None,
        *,
        is_in_thread: bool,
    ) -> Run:
        steps, store_calls, time_s = LOOP_STEPS, self.max_store_calls, LOOP_S
        if is_in_thread:
            steps = store_calls = THREAD_STEPS
            time_s = THREAD_S
        stop_at_s = self.timer() + time_s
        run = Run(view, None, inputs.resource, calls, steps, store_calls, stop_at_s, self.timer)
        run.payload = inputs.plan.get("payload")
        return run

    def _execute(
        self,
        program: CheckedProgram,
        form: total.TotalProgram,
        run: Run,
        inputs: ProgramInputs,
    ) -> None:
        if inputs.resource is not None and "store" in program.names:
            run.store = run.view.resource(str(inputs.resource))
        frame = [UNSET] * (form.places + FIRST_PLACE)
        frame[0] = run
        if form.plan is not None:
            frame[form.plan + FIRST_PLACE] = inputs.plan
        if form.ctx is not None:
            frame[form.ctx + FIRST_PLACE] = inputs.ctx
        _compiled(program)(frame)
        run.reply = frame[form.reply + FIRST_PLACE]


@lru_cache(maxsize=4096)
def _compiled(program: CheckedProgram) -> Execute:
    """Return the closure of a program; programs with the same source are equal."""
    form = program.total
    assert isinstance(form, total.TotalProgram)  # noqa: S101 - `run` has checked it
    return block(form.body, Compiler(EXPRESSIONS, owns=changes_containers(form.body)))

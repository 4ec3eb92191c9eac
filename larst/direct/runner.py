"""One run of a total program: from its inputs to its reply."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from larst.direct.compiler import Compiler
from larst.direct.expressions import EXPRESSIONS
from larst.direct.frames import FIRST_PLACE, UNSET, changes_containers
from larst.direct.limits import STEPS, Run, SandboxNeededError
from larst.direct.reply import reply_of_value
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

    def run(
        self, program: CheckedProgram, inputs: ProgramInputs, view: SessionView
    ) -> Reply | None:
        """Return the program's reply; its changes are in `view`.

        None means that the program must run in a worker: discard the changes in `view`.

        Raises:
            LarstError: the error of a store call, or a reply that is too large.
        """
        form = program.total
        if isinstance(form, total.NotTotal):
            return None
        request = CURRENT_REQUEST.get()
        is_recording = request is not None and request.is_recording
        calls = StoreCalls(request.span) if request is not None and is_recording else None
        try:
            reply = self._run(program, form, inputs, view, calls)
        except _UNSUPPORTED:
            return None
        finally:
            if calls is not None:
                calls.end()
        count(SANDBOX_RUNS, labels=_DIRECT)
        return reply

    def _run(
        self,
        program: CheckedProgram,
        form: total.TotalProgram,
        inputs: ProgramInputs,
        view: SessionView,
        calls: StoreCalls | None,
    ) -> Reply:
        uses_store = inputs.resource is not None and "store" in program.names
        store = view.resource(str(inputs.resource)) if uses_store else None
        frame = [UNSET] * (form.places + FIRST_PLACE)
        frame[0] = Run(view, store, inputs.resource, calls, STEPS, self.max_store_calls)
        if form.plan is not None:
            frame[form.plan + FIRST_PLACE] = inputs.plan
        if form.ctx is not None:
            frame[form.ctx + FIRST_PLACE] = inputs.ctx
        _compiled(program)(frame)
        return reply_of_value(frame[form.reply + FIRST_PLACE], result_bytes=self.result_bytes)


@lru_cache(maxsize=4096)
def _compiled(program: CheckedProgram) -> Execute:
    """Return the closure of a program; programs with the same source are equal."""
    form = program.total
    assert isinstance(form, total.TotalProgram)  # noqa: S101 - `run` has checked it
    return block(form.body, Compiler(EXPRESSIONS, owns=changes_containers(form.body)))

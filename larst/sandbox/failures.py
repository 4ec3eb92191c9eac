"""Errors of the interpreter, translated into errors of LARST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_monty import (
    MontyConversionError,
    MontyCrashedError,
    MontyDisconnectError,
    MontyError,
    MontyRuntimeError,
    MontyShutdown,
    MontySyntaxError,
    MontyTypingError,
)

from larst.config import SandboxSettings
from larst.errors import (
    LarstError,
    ProgramFailedError,
    ProgramLimitError,
    ProgramTimeoutError,
    WorkerLostError,
)
from larst.sandbox.frame import FramedProgram
from larst.telemetry import count
from larst.telemetry.metrics import SANDBOX_KILLS


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits of one run: those of the settings, and the time that it may take."""

    settings: SandboxSettings
    exec_s: float


def translate(error: MontyError, framed: FramedProgram, limits: RunLimits) -> LarstError:
    """Return the error of LARST for an error of the interpreter."""
    return TRANSLATED.get(type(error), _not_runnable)(error, framed, limits)


def too_slow(limits: RunLimits) -> ProgramTimeoutError:
    """Return the error of a program that used up its time."""
    return ProgramTimeoutError(
        f"the program ran longer than {limits.exec_s * 1000:.0f} ms (LARS_MAX_EXEC_MS, or the"
        " time that the request had left) and was stopped; nothing was changed"
    )


def too_many_store_calls(limits: RunLimits) -> ProgramLimitError:
    """Return the error of a program that used up its store calls."""
    return ProgramLimitError(
        f"the program made more than {limits.settings.max_store_calls} store calls"
        " (LARS_MAX_STORE_CALLS)"
    )


def _crashed(error: Any, framed: FramedProgram, limits: RunLimits) -> LarstError:
    count(SANDBOX_KILLS)
    return too_slow(limits) if error.timed_out else _lost(error, framed, limits)


def _lost(_error: Any, _framed: FramedProgram, _limits: RunLimits) -> LarstError:
    return WorkerLostError(
        "the sandbox workers died while they ran the program; nothing was changed. They have been"
        " replaced: try again, or ask for less if it happens again"
    )


def _not_convertible(error: Any, _framed: FramedProgram, _limits: RunLimits) -> LarstError:
    return ProgramFailedError(f"a value cannot be passed into the sandbox: {error}")


def _not_runnable(error: Any, _framed: FramedProgram, _limits: RunLimits) -> LarstError:
    return ProgramFailedError(str(error))


def _raised(error: Any, framed: FramedProgram, limits: RunLimits) -> LarstError:
    cause = error.exception()
    if isinstance(cause, TimeoutError):
        return too_slow(limits)
    if isinstance(cause, MemoryError):
        return ProgramLimitError(
            f"the program used more than {limits.settings.max_memory_mb} MiB (LARS_MAX_MEMORY_MB)"
            f" or printed more than {limits.settings.max_stdout_bytes} bytes"
            " (LARS_MAX_STDOUT_BYTES)"
        )
    if isinstance(cause, RecursionError):
        return ProgramLimitError("the values of the program are nested too deeply")
    if "suspension" in str(cause):
        return too_many_store_calls(limits)
    return ProgramFailedError(_place(error, framed) + error.display("type-msg")[:500])


def _place(error: MontyRuntimeError, framed: FramedProgram) -> str:
    """Return the line of the program that raised; empty if the frame around it did."""
    lines = [frame.line - framed.lines_before for frame in error.traceback()]
    program_lines = [line for line in lines if 1 <= line <= framed.line_count]
    return f"line {program_lines[-1]}: " if program_lines else ""


TRANSLATED: Mapping[type[MontyError], Callable[[Any, FramedProgram, RunLimits], LarstError]] = {
    MontyError: _not_runnable,
    MontySyntaxError: _not_runnable,
    MontyTypingError: _not_runnable,
    MontyConversionError: _not_convertible,
    MontyRuntimeError: _raised,
    MontyCrashedError: _crashed,
    # These two come from remote workers only, which LARST does not use.
    MontyDisconnectError: _lost,
    MontyShutdown: _lost,
}
"""Every error class of pydantic-monty, and the function that translates it."""

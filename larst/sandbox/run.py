"""One run of one program: answers the worker's calls until it is done or stopped.

Store calls are answered on the event loop, by name: what a program asks for is looked up here
again, whatever the policy let through. Must never call anything else of the host.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_monty import (
    AsyncFunctionSnapshot,
    AsyncMontySession,
    AsyncNameLookupSnapshot,
    ClassInstance,
    CollectString,
    MontyComplete,
    MontyConversionError,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    ResourceLimits,
)

from larst.config import SandboxSettings
from larst.domain import (
    SESSION_STORE_METHODS,
    STORE_METHODS,
    ProgramInputs,
    ResourceStore,
    SessionView,
)
from larst.errors import ProgramFailedError, ProgramLimitError, ProgramTimeoutError, WorkerLostError
from larst.sandbox.frame import Framed
from larst.telemetry import StoreCalls, count, current_span
from larst.telemetry.metrics import SANDBOX_KILLS

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may use: the sandbox's settings, and the seconds left to it."""

    settings: SandboxSettings
    exec_s: float

    def for_worker(self) -> ResourceLimits:
        """Return the limits that the worker itself enforces."""
        return {
            "max_feed_duration_secs": self.exec_s,
            "max_memory": self.settings.max_memory_mb * _MIB,
            "max_recursion_depth": 200,
            "max_suspensions": self.settings.max_store_calls + 1,
        }


@dataclass(frozen=True, slots=True)
class _Lent:
    """A resource's store that a program has been given."""

    name: str
    store: ResourceStore


class _Handle:
    """What stands for a store inside the worker; it has nothing to reach."""


class Run:
    """Drives one program through its worker's session."""

    def __init__(self, framed: Framed, limits: RunLimits) -> None:
        self._framed = framed
        self._exec_s = limits.exec_s
        self._settings = limits.settings
        self._stores: dict[UUID, _Lent] = {}
        self._views: dict[UUID, SessionView] = {}
        self._calls = 0
        span = current_span()
        self._store_calls = StoreCalls(span) if span.is_recording else None

    async def drive(
        self,
        session: AsyncMontySession,
        inputs: ProgramInputs,
        view: SessionView,
    ) -> Any:
        """Return what the frame made of REPLY.

        Raises:
            LarstError: as `Sandbox.run` says.
        """
        # The worker's own clock stops while the host answers; this one does not.
        deadline_s = time.monotonic() + self._exec_s
        try:
            step = await session.feed_start(
                self._framed.source,
                inputs=self._inputs(inputs, view),
                print_callback=CollectString(self._settings.max_stdout_bytes),
            )
            while not isinstance(step, MontyComplete):
                if time.monotonic() > deadline_s:
                    raise self._too_slow()
                if isinstance(step, AsyncFunctionSnapshot):
                    step = await step.resume({"return_value": self._answer(step)})
                elif isinstance(step, AsyncNameLookupSnapshot):
                    step = await step.resume()
                else:
                    raise ProgramFailedError("programs have nothing to await")
        except MontyError as error:
            raise self._translate(error) from error
        finally:
            if self._store_calls is not None:
                self._store_calls.end()
        return step.output

    def _inputs(self, inputs: ProgramInputs, view: SessionView) -> dict[str, Any]:
        used, given = self._framed.given, dict[str, Any]()
        if "ctx" in used:
            given["ctx"] = dict(inputs.ctx)
        if "plan" in used:
            given["plan"] = dict(inputs.plan)
        if inputs.resource is not None and "store" in used:
            given["store"] = self._lend(inputs.resource, view.resource(inputs.resource))
        if "session_store" in used:
            handle = ClassInstance(_Handle())
            self._views[handle.id] = view
            given["session_store"] = handle
        return given

    def _lend(self, name: str, store: ResourceStore) -> ClassInstance:
        handle = ClassInstance(_Handle())
        self._stores[handle.id] = _Lent(name, store)
        return handle

    def _answer(self, call: AsyncFunctionSnapshot) -> Any:
        """Do a store call.

        Raises:
            ProgramFailedError: it is none, or its arguments are wrong.
            LarstError: as the store says; programs cannot catch, so the run ends with it.
        """
        self._calls += 1
        if self._calls > self._settings.max_store_calls:
            raise ProgramLimitError(
                f"the program made more than {self._settings.max_store_calls} store calls"
                " (LARS_MAX_STORE_CALLS)"
            )
        receiver, method = call.object_id, str(call.function_name)
        if receiver in self._views and method in SESSION_STORE_METHODS:
            if self._store_calls is not None:
                self._store_calls.add(None, method)
            return self._answer_session(self._views[receiver], method, call.args, call.kwargs)
        if receiver in self._stores and method in STORE_METHODS:
            lent = self._stores[receiver]
            if self._store_calls is not None:
                self._store_calls.add(lent.name, method)
            return _call(lent.store, method, call.args, call.kwargs)
        raise ProgramFailedError(f"there is no {method!r} to call")

    def _answer_session(
        self, view: SessionView, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        answer = _call(view, method, args, kwargs)
        if method != "resource":
            return answer
        # The store took the name for one of a resource's: it may be told.
        return self._lend(str(args[0] if args else kwargs["name"]), answer)

    def _translate(self, error: MontyError) -> Exception:
        if isinstance(error, MontyCrashedError):
            count(SANDBOX_KILLS)
            return (
                self._too_slow()
                if error.timed_out
                else WorkerLostError(
                    "the sandbox worker died under the program; it has been replaced, try again"
                )
            )
        if isinstance(error, MontyConversionError):
            return ProgramFailedError(f"a value cannot go into the sandbox: {error}")
        if isinstance(error, MontyRuntimeError):
            return self._raised(error)
        return ProgramFailedError(str(error))

    def _raised(self, error: MontyRuntimeError) -> Exception:
        cause = error.exception()
        if isinstance(cause, TimeoutError):
            return self._too_slow()
        if isinstance(cause, MemoryError):
            return ProgramLimitError(
                f"the program used more than {self._settings.max_memory_mb} MiB (LARS_MAX_MEMORY_MB)"
                f" or printed more than {self._settings.max_stdout_bytes} bytes (LARS_MAX_STDOUT_BYTES)"
            )
        if isinstance(cause, RecursionError):
            return ProgramLimitError("the program's values nest too deep")
        if "suspension" in str(cause):
            return ProgramLimitError(
                f"the program made more than {self._settings.max_store_calls} store calls"
                " (LARS_MAX_STORE_CALLS)"
            )
        return ProgramFailedError(self._place(error) + error.display("type-msg")[:500])

    def _place(self, error: MontyRuntimeError) -> str:
        """Return the line of the program itself, or nothing for one of its frame's."""
        lines = [frame.line - self._framed.lines_before for frame in error.traceback()]
        own = [line for line in lines if 1 <= line <= self._framed.lines]
        return f"line {own[-1]}: " if own else ""

    def _too_slow(self) -> ProgramTimeoutError:
        return ProgramTimeoutError(
            f"the program ran longer than {self._exec_s * 1000:.0f} ms (LARS_MAX_EXEC_MS,"
            " or what was left of the request's time) and was stopped; nothing was changed"
        )


def _call(target: Any, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    try:
        return getattr(target, method)(*args, **kwargs)
    except TypeError as error:
        raise ProgramFailedError(f".{method}(): {error}") from error

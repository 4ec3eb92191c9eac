"""One run of a program in a worker: its inputs, its store calls, and its output.

Each store call is looked up again by name, whatever the policy accepted. Must never touch a value
that came out of the worker before it is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
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
    MontyError,
)

from larst.domain import (
    SESSION_STORE_METHODS,
    STORE_METHODS,
    LeaveLoopError,
    ProgramInputs,
    SessionView,
)
from larst.errors import ProgramFailedError
from larst.sandbox.arguments import (
    LONG_CHARACTERS,
    MAX_RUN_CHARACTERS,
    packed_text,
    unpacked,
)
from larst.sandbox.failures import RunLimits, too_many_store_calls, too_slow, translate
from larst.sandbox.frame import FramedProgram
from larst.sandbox.values import is_small, packed
from larst.telemetry import CURRENT_REQUEST, StoreCalls


@dataclass(frozen=True, slots=True)
class _Lent:
    """A store that the program can call; the session's store has no `resource`."""

    store: Any
    methods: frozenset[str]
    resource: str | None


class _Handle:
    """Represents a store inside the worker; has no attributes that a program could reach."""


class WorkerRun:
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
                inputs=await self._inputs(inputs, view),
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

    async def _inputs(self, inputs: ProgramInputs, view: SessionView) -> dict[str, Any]:
        used, values = self._framed.inputs, dict[str, Any]()
        if "ctx" in used:
            values["ctx"] = await self._packed_parts(inputs.ctx)
        if "plan" in used:
            values["plan"] = await self._packed_parts(inputs.plan)
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
        return await self._packed(result)

    async def _arguments(self, call: AsyncFunctionSnapshot) -> tuple[list[Any], dict[str, Any]]:
        text = packed_text(call.args, call.kwargs, self._characters_left)
        self._characters_left -= len(text)
        if len(text) < LONG_CHARACTERS:
            return unpacked(text)
        return await asyncio.to_thread(unpacked, text)

    async def _packed_parts(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return an input with its large parts, such as the body of a request, as text."""
        return {key: await self._packed(value) for key, value in values.items()}

    async def _packed(self, value: Any) -> Any:
        """Return a value for the worker; a large one is written as text, in a thread."""
        if is_small(value):
            return value
        max_bytes = self._limits.settings.max_memory_mb * 2**20
        return await asyncio.to_thread(packed, value, max_bytes)

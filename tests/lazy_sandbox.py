"""A real sandbox that starts with its first program: most tests of a service run none in it."""

from __future__ import annotations

import asyncio

from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView
from larst.sandbox import Sandbox


class LazySandbox:
    """Starts the workers of another sandbox when a program needs one, and stops them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._is_started = False
        self._starting = asyncio.Lock()

    async def start(self) -> None: ...

    async def stop(self) -> None:
        if self._is_started:
            await self._sandbox.stop()

    def is_ready(self) -> bool:
        return not self._is_started or self._sandbox.is_ready()

    def jail(self) -> str:
        return self._sandbox.jail()

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
        owner: str = "",
    ) -> Reply:
        async with self._starting:
            if not self._is_started:
                await self._sandbox.start()
                self._is_started = True
        return await self._sandbox.run(program, inputs, view, timeout_s=timeout_s, owner=owner)

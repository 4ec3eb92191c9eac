"""The protocol of a sandbox: implement it to run programs in another way."""

from __future__ import annotations

from typing import Protocol

from larst.domain import CheckedProgram, ProgramInputs, Reply, SessionView


class Sandbox(Protocol):
    """Runs checked programs outside this process.

    The service calls `start` once, `run` for each request, and `stop` at the end. A test needs
    no workers; this sandbox replies to every program with the record that the plan names:

        >>> import asyncio, json
        >>> from larst.domain import ProgramInputs, Reply
        >>> from larst.policy import PolicyLimits, check
        >>> from larst.store.transaction import Transaction
        >>>
        >>> class RecordSandbox:
        ...     async def start(self): ...
        ...     async def stop(self): ...
        ...     def is_ready(self):
        ...         return True
        ...     def jail(self):
        ...         return "none: no program runs"
        ...     async def run(self, program, inputs, view, *, timeout_s, owner=""):
        ...         record = view.resource(inputs.resource).get(inputs.plan["identifier"])
        ...         return Reply(200, json.dumps(record).encode())

    A caller passes a program that the policy has checked, its input, and a view of the session:

        >>> async def reply_of(sandbox):
        ...     view = Transaction({})
        ...     view.resource("members").insert({"name": "Alice"})
        ...     program = check('REPLY = make_response(200, store.get(1))', PolicyLimits())
        ...     inputs = ProgramInputs(ctx={}, plan={"identifier": "1"}, resource="members")
        ...     await sandbox.start()
        ...     try:
        ...         return await sandbox.run(program, inputs, view, timeout_s=5)
        ...     finally:
        ...         await sandbox.stop()
        >>> asyncio.run(reply_of(RecordSandbox())).body
        b'{"id": 1, "name": "Alice"}'

    `MontySandbox` really runs the program, in a worker process:

        >>> from larst.config import SandboxSettings
        >>> from larst.sandbox import MontySandbox
        >>> asyncio.run(reply_of(MontySandbox(SandboxSettings(workers=1)))).body
        b'{"id":1,"name":"Alice"}'
    """

    async def start(self) -> None:
        """Start the workers; return when they can run programs."""

    async def stop(self) -> None:
        """Stop the workers; programs that are still running fail."""

    def is_ready(self) -> bool:
        """Return whether a program could run now; `/readyz` reports it."""

    def jail(self) -> str:
        """Return `full`, or which parts of the jail around programs are missing; for `/readyz`."""

    async def run(
        self,
        program: CheckedProgram,
        inputs: ProgramInputs,
        view: SessionView,
        *,
        timeout_s: float,
        owner: str = "",
    ) -> Reply:
        """Return the program's reply; its changes are in `view`, for the caller to commit.

        `owner` is whom the run is counted for: where runs wait, owners take turns.

        Raises:
            ProgramFailedError: the program raised, or its REPLY is not a valid reply.
            ProgramTimeoutError: it ran too long, or no worker became free in time.
            ProgramLimitError: it exceeded a limit of `SandboxSettings`.
            WorkerLostError: its worker died.
            ResultTooLargeError: its reply is over the limit.
            DeadlineError: `timeout_s` was up before the program began.
            CallerError: a store call refused what the client sent, such as a taken id.
        """

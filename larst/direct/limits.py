"""What one direct run may do, and the state of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from larst.domain import ResourceStore, SessionView
from larst.telemetry import StoreCalls

LOOP_STEPS = 100_000
"""Steps of a run on the event loop, about 30 ms: a loop counts the size of its body, a copy the
values copied."""

THREAD_STEPS = 4_000_000
"""Steps of a run in a thread: a second or two, and at most 128 MB of text that it makes."""

CHARACTERS_PER_STEP = 32
STORE_CALL_STEPS = 30

INTEGER_LIMIT = 2**63


class SandboxNeededError(Exception):
    """The run left what direct execution covers; nothing that it changed may be kept.

    The program then runs in a worker, which gives the reply or the error. It need not mean that
    the program is wrong.
    """


class BudgetSpentError(SandboxNeededError):
    """The run has used up its budget; a larger one, in a thread, may suffice."""


@dataclass(slots=True)
class Run:
    """The state of one run: its stores, its budget, the containers that it made, and its REPLY.

    Only containers in `owned` may be changed: all others belong to the store or to the request.
    """

    view: SessionView
    store: ResourceStore | None
    resource: str | None
    calls: StoreCalls | None
    steps_left: int
    store_calls_left: int
    owned: dict[int, Any] = field(default_factory=dict)
    reply: Any = None

    def charge(self, steps: int) -> None:
        """Take steps from the budget.

        Raises:
            BudgetSpentError: none are left.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise BudgetSpentError("the budget of steps is used up")

    def note_call(self, resource: str | None, method: str) -> None:
        """Count a store call, and record it on the request's span.

        Raises:
            BudgetSpentError: the program made too many of them.
        """
        self.store_calls_left -= 1
        self.steps_left -= STORE_CALL_STEPS
        if self.store_calls_left < 0 or self.steps_left < 0:
            raise BudgetSpentError("too many store calls")
        if self.calls is not None:
            self.calls.add(resource, method)

    def own(self, container: Any) -> Any:
        """Note that the program made a container, and return it."""
        self.owned[id(container)] = container
        return container

    def check_owned(self, container: Any) -> None:
        """Refuse to change a container that the program did not make."""
        if id(container) not in self.owned:
            raise SandboxNeededError("the program changes a value that it did not make")

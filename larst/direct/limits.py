"""What one direct run may do, and the state of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from larst.domain import ResourceStore, SessionView
from larst.telemetry import StoreCalls

STEPS = 100_000
"""Steps of a run, about 30 ms: a loop counts the size of its body, a copy the values copied."""

CHARACTERS_PER_STEP = 32
STORE_CALL_STEPS = 30

INTEGER_LIMIT = 2**63


class SandboxNeededError(Exception):
    """The run left what direct execution covers; nothing that it changed may be kept.

    The program then runs in a worker, which gives the reply or the error. It need not mean that
    the program is wrong.
    """


@dataclass(slots=True)
class Run:
    """The state of one run: its stores, its budget, and the containers that it made.

    Only containers in `owned` may be changed: all others belong to the store or to the request.
    """

    view: SessionView
    store: ResourceStore | None
    resource: str | None
    calls: StoreCalls | None
    steps_left: int
    store_calls_left: int
    owned: dict[int, Any] = field(default_factory=dict)

    def charge(self, steps: int) -> None:
        """Take steps from the budget.

        Raises:
            SandboxNeededError: none are left.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise SandboxNeededError("the budget of steps is used up")

    def note_call(self, resource: str | None, method: str) -> None:
        """Count a store call, and record it on the request's span.

        Raises:
            SandboxNeededError: the program made too many of them.
        """
        self.store_calls_left -= 1
        self.steps_left -= STORE_CALL_STEPS
        if self.store_calls_left < 0 or self.steps_left < 0:
            raise SandboxNeededError("too many store calls")
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

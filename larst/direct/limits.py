"""What one direct run may do, and the state of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from larst.domain import ResourceStore, SessionView
from larst.telemetry import StoreCalls

LOOP_STEPS = 100_000
"""Steps of a run on the event loop, about 30 ms: a loop counts the size of its body, a copy the
values copied."""

THREAD_STEPS = 4_000_000
"""Steps of a run in a thread: a second or two, and at most 128 MB of text that it makes."""

OPERATION_STEPS = 100_000
"""Steps of one operation of Python, in a thread too: it keeps the interpreter's lock meanwhile."""

LOOP_S = 0.02
"""How long a run computes on the event loop, whatever its steps cost on this machine."""

THREAD_S = 8.0

_STEPS_PER_CHECK = 2_000
"""Steps between two looks at the time."""

CHARACTERS_PER_STEP = 32
SMALL_VALUES = 1_000
"""A record of fewer values is encoded in microseconds; long texts count as several values."""

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
    `payload` is that of the plan, `record` the last record that a store call wrote, if it is
    small: a reply with it needs no second look at its values.
    """

    view: SessionView
    store: ResourceStore | None
    resource: str | None
    calls: StoreCalls | None
    steps_left: int
    store_calls_left: int
    stop_at_s: float = math.inf
    timer: Callable[[], float] = time.monotonic
    owned: dict[int, Any] = field(default_factory=dict)
    reply: Any = None
    payload: Any = None
    record: Any = None
    check_at: int = 0  # how many steps are left at the next look at the time

    def __post_init__(self) -> None:
        self.check_at = max(0, self.steps_left - _STEPS_PER_CHECK)

    def charge(self, steps: int) -> None:
        """Take steps from the budget, before they are done.

        Raises:
            BudgetSpentError: none are left, or the time is over.
        """
        self.steps_left -= steps
        if self.steps_left < self.check_at:
            self._check()

    def charge_operation(self, steps: int) -> None:
        """Take the steps of a single operation of Python, which nothing can interrupt.

        Raises:
            BudgetSpentError: none are left, or the time is over.
            SandboxNeededError: it would take too long, in a thread too.
        """
        self.charge(steps)
        if steps > OPERATION_STEPS:
            raise SandboxNeededError("one operation on too many values")

    def _check(self) -> None:
        if self.steps_left < 0:
            raise BudgetSpentError("the budget of steps is used up")
        if self.timer() > self.stop_at_s:
            raise BudgetSpentError("the time is used up")
        self.check_at = max(0, self.steps_left - _STEPS_PER_CHECK)

    def note_call(self, resource: str | None, method: str) -> None:
        """Count a store call, and record it on the request's span.

        Raises:
            BudgetSpentError: the program made too many of them, or the time is over.
        """
        self.store_calls_left -= 1
        self.steps_left -= STORE_CALL_STEPS
        if self.store_calls_left < 0:
            raise BudgetSpentError("too many store calls")
        self._check()
        if self.calls is not None:
            self.calls.add(resource, method)

    def note_record(self, store: ResourceStore, record: Any) -> None:
        """Note the record that a call of the store returned as it was written."""
        is_small = getattr(store, "written_values", SMALL_VALUES) < SMALL_VALUES
        self.record = record if is_small else None

    def own(self, container: Any) -> Any:
        """Note that the program made a container, and return it."""
        self.owned[id(container)] = container
        return container

    def check_owned(self, container: Any) -> None:
        """Refuse to change a container that the program did not make."""
        if id(container) not in self.owned:
            raise SandboxNeededError("the program changes a value that it did not make")

"""The supervisor's settings, and the context that the parts of all actors share.

Must never hold anything that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from larst.actors.clock import Clock
from larst.actors.events import SupervisorEvent
from larst.actors.restart import RestartPolicy
from larst.actors.timer_queue import TimerQueue


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """Limits and times of a supervisor. Times are in seconds.

    `quiet_s` and `idle_s` count from an actor's last message (or from its start). `grace_s` is
    the time that a caller waits past the deadline once its message has begun.

    Raises:
        ValueError: the values contradict each other; at construction only.
    """

    mailbox_size: int = 256
    quiet_s: float = 1.0
    idle_s: float = 300.0
    max_live: int = 1000
    grace_s: float = 5.0
    restart: RestartPolicy = field(default_factory=RestartPolicy)

    def __post_init__(self) -> None:
        if self.mailbox_size < 1 or self.max_live < 1:
            raise ValueError("mailbox_size and max_live must be at least 1")
        if not 0 < self.quiet_s <= self.idle_s or self.grace_s < 0:
            raise ValueError("0 < quiet_s <= idle_s and grace_s >= 0 must hold")


@dataclass(frozen=True, slots=True)
class ActorContext:
    """The environment of all actors; `report` publishes an event and must not raise.

    `timers` are for waits of seconds to minutes: one timer of the clock serves all actors.
    """

    settings: SupervisorSettings
    clock: Clock
    timers: TimerQueue
    report: Callable[[SupervisorEvent], None]

"""Events that the supervisor reports, for logs and metrics.

Must never carry a message or a reply: logs must not contain users' data.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Started:
    """An actor started because a message arrived."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Restarted:
    """An actor started again after a crash."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class StartRefused:
    """An actor raised an expected error while it loaded, or returned to, its durable state."""

    key: Hashable
    error: Exception


@dataclass(frozen=True, slots=True)
class Crashed:
    """An actor raised an unexpected exception; `error` has the traceback."""

    key: Hashable
    error: BaseException


@dataclass(frozen=True, slots=True)
class CoolingDown:
    """An actor crashed too often; its messages fail for the next `retry_after_s` seconds."""

    key: Hashable
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class FlushFailed:
    """A flush failed; every reply that waited for it failed too."""

    key: Hashable
    error: Exception


@dataclass(frozen=True, slots=True)
class HookFailed:
    """`hook` raised an error that no caller waits for; the actor continued, or ended as planned."""

    key: Hashable
    hook: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Slept:
    """An idle actor ended; its state is complete and its memory is free."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Stopped:
    """An actor ended with the supervisor; its state is complete."""

    key: Hashable


SupervisorEvent: TypeAlias = (
    Started
    | Restarted
    | StartRefused
    | Crashed
    | CoolingDown
    | FlushFailed
    | HookFailed
    | Slept
    | Stopped
)

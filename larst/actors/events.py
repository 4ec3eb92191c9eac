"""What the runtime tells whoever watches it, for logs and metrics.

Must never carry a message or an answer: what is logged must not hold anybody's data.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Started:
    """An actor is up, woken by a message."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Restarted:
    """An actor is up again after a crash."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class StartRefused:
    """An actor could not load, or could not go back to what is durable; it said why."""

    key: Hashable
    error: Exception


@dataclass(frozen=True, slots=True)
class Crashed:
    """An actor met a bug; `error` has the traceback."""

    key: Hashable
    error: BaseException


@dataclass(frozen=True, slots=True)
class CoolingDown:
    """An actor crashed too often; its messages fail for the next `retry_after_s` seconds."""

    key: Hashable
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class FlushFailed:
    """A flush failed: nothing that it should have covered was told to anybody."""

    key: Hashable
    error: Exception


@dataclass(frozen=True, slots=True)
class HookFailed:
    """`hook` raised where nobody waits for it, and the actor went on (or to its end)."""

    key: Hashable
    hook: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Slept:
    """An actor went to sleep: all is complete and its memory freed."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Stopped:
    """An actor ended with the supervisor: all is complete."""

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

"""A small actor runtime: one mailbox and one actor a key, supervised, durable before it answers.

Must never know HTTP or LARST; it needs nothing but the standard library.
"""

from __future__ import annotations

from larst.actors.actor import Actor, Deferred, EnvelopeInfo
from larst.actors.clock import Cancellable, Clock, LoopClock
from larst.actors.errors import (
    ActorCrashedError,
    ActorError,
    ActorFailedError,
    ActorLateError,
    ActorStoppedError,
    DeadlinePassedError,
    MailboxFullError,
    StoppingError,
)
from larst.actors.events import (
    CoolingDown,
    Crashed,
    FlushFailed,
    HookFailed,
    Restarted,
    Slept,
    Started,
    StartRefused,
    Stopped,
    SupervisorEvent,
)
from larst.actors.gate import OutputGate
from larst.actors.restart import GiveUp, RestartAfter, RestartPolicy
from larst.actors.settings import SupervisorSettings
from larst.actors.supervisor import Supervisor

__all__ = [
    "Actor",
    "ActorCrashedError",
    "ActorError",
    "ActorFailedError",
    "ActorLateError",
    "ActorStoppedError",
    "Cancellable",
    "Clock",
    "CoolingDown",
    "Crashed",
    "DeadlinePassedError",
    "Deferred",
    "EnvelopeInfo",
    "FlushFailed",
    "GiveUp",
    "HookFailed",
    "LoopClock",
    "MailboxFullError",
    "OutputGate",
    "RestartAfter",
    "RestartPolicy",
    "Restarted",
    "Slept",
    "StartRefused",
    "Started",
    "Stopped",
    "StoppingError",
    "Supervisor",
    "SupervisorEvent",
    "SupervisorSettings",
]

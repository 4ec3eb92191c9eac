"""A small actor runtime on asyncio: one mailbox and one supervised actor for each key.

A supervisor creates an actor when the first message for its key arrives, restarts it after a
crash, and stops it when it is idle. A reply leaves only when everything that it depends on is
durable. Must never import HTTP or LARST: the room needs only the standard library.
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
from larst.actors.immediate import NOT_NOW, NotNow, Receiver
from larst.actors.restart import GiveUp, RestartAfter, RestartPolicy
from larst.actors.settings import SupervisorSettings
from larst.actors.supervisor import Supervisor

__all__ = [
    "NOT_NOW",
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
    "NotNow",
    "OutputGate",
    "Receiver",
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

"""A message that an idle actor processes in the caller's turn of the loop, and its receiver.

Must never wait in a mailbox: such a message begins at once, or it is not accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from larst.actors.clock import Cancellable
from larst.actors.errors import ActorLateError
from larst.actors.mailbox import Reply

Received = TypeVar("Received", contravariant=True)


class NotNow(Enum):
    """The type of `NOT_NOW`."""

    NOT_NOW = "not now"


NOT_NOW = NotNow.NOT_NOW
"""Returned instead of a reply: send this message through the mailbox; nothing has changed."""


class Receiver(Protocol[Received]):
    """Gets the outcome of a message: one call of one method, which must not raise.

    The call may happen before `Supervisor.ask_now` returns, or later, after a flush.
    """

    def deliver(self, reply: Received) -> None:
        """Take the reply: everything that it may have seen is durable."""

    def fail(self, error: Exception) -> None:
        """Take the error that `Supervisor.ask` would raise."""


@dataclass(slots=True, eq=False)
class Immediate(Generic[Reply]):
    """A message that has begun, with the receiver of its outcome; times as in `Envelope`."""

    receiver: Receiver[Reply]
    begun_s: float
    deadline_s: float
    reply: Reply = field(init=False)
    error: Exception | None = None
    is_done: bool = False
    timer: Cancellable | None = None

    @property
    def enqueued_s(self) -> float:
        """When the message arrived: it has not waited."""
        return self.begun_s

    @property
    def returned_s(self) -> None:
        """None: such a message is never deferred."""
        return None

    def release(self) -> None:
        """Deliver the stored outcome, unless the receiver has one."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.is_done:
            return
        self.is_done = True
        if self.error is None:
            self.receiver.deliver(self.reply)
        else:
            self.receiver.fail(self.error)

    def fail(self, error: Exception) -> None:
        """Deliver `error` now, unless the receiver has an outcome."""
        self.error = error
        self.release()

    def fail_late(self) -> None:
        """Deliver the error of a message that began, but has no reply in time."""
        self.fail(ActorLateError("the message began, but had no reply by its deadline"))

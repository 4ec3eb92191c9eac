"""A message that an idle actor processes in the caller's turn of the loop, and its receiver.

Must never wait in a mailbox: such a message begins at once, or it is not accepted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from larst.actors.clock import Clock, Timer
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


class HeldMessages(Generic[Reply]):
    """The messages whose replies wait for a flush; each fails `grace_s` after its deadline.

    One timer serves all of them: a timer of the event loop for each would cost more than to look
    at the first one when it fires.
    """

    def __init__(self, clock: Clock, grace_s: float) -> None:
        self._now = clock.now
        self._grace_s = grace_s
        self._timer = Timer(clock, self._fail_late)
        self._messages: deque[Immediate[Reply]] = deque()

    def add(self, message: Immediate[Reply]) -> None:
        """Watch a message until it is done."""
        messages = self._messages
        while messages and messages[0].is_done:
            messages.popleft()
        messages.append(message)
        self._timer.fire_by(self._late_s(message))

    def close(self) -> None:
        """Watch no longer; the gate delivers an outcome to each."""
        self._timer.cancel()
        self._messages.clear()

    def _fail_late(self) -> None:
        now_s = self._now()
        waiting = [message for message in self._messages if not message.is_done]
        self._messages = deque(item for item in waiting if self._late_s(item) > now_s)
        if self._messages:
            self._timer.fire_by(min(map(self._late_s, self._messages)))
        for message in waiting:
            if self._late_s(message) <= now_s:
                message.fail_late()

    def _late_s(self, message: Immediate[Reply]) -> float:
        return message.deadline_s + self._grace_s

"""What an actor is: state that one message at a time may touch, and the hooks context it.

Must never run anything itself: an incarnation calls the hooks, one after another, never two
at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol

from larst.actors.errors import ActorCrashedError
from larst.actors.gate import OutputGate
from larst.actors.mailbox import Answer, Message


class EnvelopeInfo(Protocol):
    """When a message did what, in the clock's seconds."""

    @property
    def enqueued_s(self) -> float:
        """When it was asked."""

    @property
    def returned_s(self) -> float | None:
        """When it came back from being parked; None if it never was."""

    @property
    def begun_s(self) -> float:
        """When the actor took it up, this last time."""

    @property
    def deadline_s(self) -> float:
        """When it will be too late to begin it."""


@dataclass(frozen=True, slots=True)
class Deferred(Generic[Message]):
    """Returned instead of an answer: park this message, go on with others.

    `make` is called in a task of the runtime's and gives the message to process instead. It
    runs beside the actor, so it must not touch the actor's state. A message that is deferred
    must not have changed anything yet: it may still be dropped as never begun.
    """

    make: Callable[[], Awaitable[Message]]


class Actor(ABC, Generic[Message, Answer]):
    """Owns its state: only its hooks touch it, one at a time, so it needs no locks.

    An exception of a class in `expected_errors` is an answer. Any other one is a crash: the message
    at hand fails, this object is thrown away, and a new one goes on with the queue. An actor
    that gives no `gate` (by the end of `on_start`) answers at once.

    It must never ask its own key: that waits for itself until the deadline.
    """

    expected_errors: ClassVar[tuple[type[Exception], ...]] = ()
    gate: OutputGate | None = None
    _current: EnvelopeInfo | None = None

    @property
    def current(self) -> EnvelopeInfo:
        """The times of the message at hand.

        Raises:
            LookupError: no message is at hand; only `on_message` may look.
        """
        if self._current is None:
            raise LookupError("no message is at hand")
        return self._current

    async def on_start(self) -> None:
        """Load the state; called once, before all else.

        A expected_errors exception fails every queued message and ends this incarnation; the next
        message starts another. Any other exception is a crash, and the queue waits.
        """

    @abstractmethod
    async def on_message(self, message: Message) -> Answer | Deferred[Message]:
        """Answer `message`, or defer it. Once called, it is never interrupted by a deadline."""

    async def on_quiet(self) -> None:
        """Tidy up: no message came for `quiet_s` and nothing is unflushed.

        Called once, then not again until a message came. A expected_errors exception is reported and
        changes nothing; any other is a crash.
        """

    async def on_flush_failed(self, error: Exception) -> None:
        """Go back to what is durable: the flush raised `error` and every held answer failed.

        No message begins before this returns. As it stands it raises `error`, so that the
        state ends with this incarnation, as by an exception in `on_start`.
        """
        raise error

    async def on_stop(self) -> None:
        """Complete what shall outlive this object; the queue is served and the gate flushed.

        Not called after a crash or a refused start. An exception is reported, no more.
        """

    def on_end(self) -> None:
        """Let go of what this object holds open, however it ends; an exception is reported.

        Not the place to write: after a crash the state is not to be trusted.
        """

    def error_for_asker(self, error: BaseException) -> Exception:
        """Return what an asker is told of `error`: itself if expected_errors, else that it crashed."""
        if isinstance(error, self.expected_errors):
            return error
        return ActorCrashedError.on(error)

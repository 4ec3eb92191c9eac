"""The base class of actors: private state, and the hooks that the runtime calls on it.

Must never run anything itself: an incarnation calls the hooks, one after another, and never two
at the same time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol

from larst.actors.errors import ActorCrashedError
from larst.actors.gate import OutputGate
from larst.actors.immediate import NOT_NOW, NotNow
from larst.actors.mailbox import Message, Reply


class EnvelopeInfo(Protocol):
    """The times of a message, in the clock's seconds."""

    @property
    def enqueued_s(self) -> float:
        """When the message entered the mailbox."""

    @property
    def returned_s(self) -> float | None:
        """When a deferred message came back to the mailbox; None if it was never deferred."""

    @property
    def begun_s(self) -> float:
        """When the actor last began to process the message."""

    @property
    def deadline_s(self) -> float:
        """The time after which the message may no longer begin."""


@dataclass(frozen=True, slots=True)
class Deferred(Generic[Message]):
    """Returned instead of a reply: set the message aside and continue with the next one.

    The runtime calls `prepare` in a task and then processes the message that it returns. The
    task runs beside the actor, so it must not touch the actor's state. The actor must not have
    changed anything before it defers: a deferred message may still be dropped as never begun.
    """

    prepare: Callable[[], Awaitable[Message]]


class Actor(ABC, Generic[Message, Reply]):
    """State that only one message at a time can touch, so it needs no locks.

    A supervisor creates one actor for each key, calls `on_start`, then `on_message` for each
    message, and `on_stop` when the actor has been idle or the supervisor stops:

        >>> import asyncio
        >>> from larst.actors import Actor, LoopClock, Supervisor, SupervisorSettings
        >>>
        >>> class Counter(Actor[int, int]):
        ...     def __init__(self, name: str) -> None:
        ...         self.name = name
        ...         self.total = 0
        ...
        ...     async def on_start(self) -> None:
        ...         print(self.name, "starts")
        ...
        ...     async def on_message(self, message: int) -> int:
        ...         self.total += message
        ...         return self.total
        ...
        ...     async def on_stop(self) -> None:
        ...         print(self.name, "stops at", self.total)
        >>>
        >>> async def main() -> None:
        ...     supervisor = Supervisor(
        ...         Counter, settings=SupervisorSettings(), clock=LoopClock(), on_event=print
        ...     )
        ...     await supervisor.ask("apples", 3, timeout_s=5)
        ...     print("total:", await supervisor.ask("apples", 4, timeout_s=5))
        ...     await supervisor.stop(drain_s=5)
        >>>
        >>> asyncio.run(main())
        apples starts
        Started(key='apples')
        total: 7
        apples stops at 7
        Stopped(key='apples')

    An exception of a class in `expected_errors` is raised to the caller like a reply. Any other
    exception is a crash: the current message fails, the runtime discards this object, and a new
    one continues with the queue. If `gate` is set by the end of `on_start`, replies wait in it
    until they are durable; otherwise they leave at once.

    An actor must never ask its own key: it would wait for itself until the deadline.
    """

    expected_errors: ClassVar[tuple[type[Exception], ...]] = ()
    gate: OutputGate | None = None
    _current: EnvelopeInfo | None = None

    @property
    def current(self) -> EnvelopeInfo:
        """The times of the message being processed; only `on_message` and `on_message_now` may.

        Raises:
            LookupError: no message is being processed.
        """
        if self._current is None:
            raise LookupError("no message is being processed")
        return self._current

    @property
    def has_quiet_work(self) -> bool:
        """Whether a message processed by `on_message_now` calls for `on_quiet` again."""
        return True

    async def on_start(self) -> None:
        """Load the state; called once, before every other hook.

        An expected error fails every queued message and ends this incarnation; the next message
        starts another one. Any other exception is a crash, and the queue waits.
        """

    @abstractmethod
    async def on_message(self, message: Message) -> Reply | Deferred[Message]:
        """Return the reply to `message`, or defer it. No deadline interrupts this call."""

    def on_message_now(self, message: Message) -> Reply | NotNow:
        """Return the reply to `message` if no step of it has to wait, else NOT_NOW.

        Called instead of `on_message` while nothing else of this actor runs. NOT_NOW means that
        the state is unchanged, and `message` goes through the mailbox. Errors and the gate are as
        in `on_message`.
        """
        del message
        return NOT_NOW

    async def on_quiet(self) -> None:
        """Tidy up: no message arrived for `quiet_s` seconds, and everything is flushed.

        Called once, and not again until another message has been processed. An expected error
        is reported and changes nothing; any other exception is a crash.
        """

    async def on_flush_failed(self, error: Exception) -> None:
        """Return to the durable state: the flush raised `error`, and every held reply failed.

        No message begins before this hook returns. By default it raises `error`, so the state
        ends with this incarnation, as after an exception in `on_start`.
        """
        raise error

    async def on_stop(self) -> None:
        """Complete what must outlive this object; the queue is empty and the gate is flushed.

        Not called after a crash or a failed start. An exception is only reported.
        """

    def on_end(self) -> None:
        """Release the resources of this object, however it ended; an exception is reported.

        Must not write: after a crash the state cannot be trusted.
        """

    def error_for_caller(self, error: BaseException) -> Exception:
        """Return the error to raise to the caller: `error` if expected, else ActorCrashedError."""
        if isinstance(error, self.expected_errors):
            return error
        return ActorCrashedError.on(error)

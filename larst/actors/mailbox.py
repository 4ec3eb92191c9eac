"""The messages that wait for one key's actor: ordered, bounded, each with a deadline.

Must never run a message: the mailbox selects the next one, and fails the messages that will
never begin.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from larst.actors.clock import Cancellable, Clock
from larst.actors.errors import ActorLateError, DeadlinePassedError, MailboxFullError

Message = TypeVar("Message")
Reply = TypeVar("Reply")


@dataclass(slots=True, eq=False)
class Envelope(Generic[Message, Reply]):
    """A message with the future of its reply.

    Times are in the clock's seconds. `returned_s` is None until a deferred message comes back.
    `keeps_awake`: the message counts as use of the actor. The runtime stores the outcome in
    `reply` or `error`; the caller receives it on `release`.
    """

    message: Message
    enqueued_s: float
    deadline_s: float
    keeps_awake: bool
    future: asyncio.Future[Reply]
    returned_s: float | None = None
    begun_s: float = 0.0
    is_begun: bool = False
    timer: Cancellable | None = None
    reply: Reply = field(init=False)
    error: Exception | None = None

    def release(self) -> None:
        """Deliver the stored outcome, unless the caller has left or has an outcome."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.reply)
        else:
            self.future.set_exception(self.error)
            # A caller that was cancelled in this turn of the loop never retrieves the error;
            # asyncio would log it as lost.
            self.future.exception()

    def fail(self, error: Exception) -> None:
        """Deliver `error` now, unless the caller has left or has an outcome."""
        self.error = error
        self.release()

    def cancel(self) -> None:
        """Cancel the future and the timer: the caller has left."""
        self.future.cancel()
        self.release()


class Wakeup:
    """Wakes the task of an incarnation, or starts one for an incarnation that is parked.

    `resume`: starts that task; None while a task runs. An event that at most one task awaits: those
    of asyncio take half a kilobyte each.
    """

    __slots__ = ("_is_set", "_waiter", "resume")

    def __init__(self) -> None:
        self.resume: Callable[[], object] | None = None
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Note that there may be something to do."""
        self._is_set = True
        if self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(None)
        elif self.resume is not None:
            resume, self.resume = self.resume, None
            resume()

    def clear(self) -> None:
        """Note that everything up to now was looked at."""
        self._is_set = False

    async def wait(self) -> None:
        """Return once `set` has been called since `clear`."""
        if self._is_set:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class Mailbox(Generic[Message, Reply]):
    """A bounded first-in, first-out queue; deferred messages that come back go first.

    Attributes:
        size: The limit of messages that wait, deferred ones included.
        wakeup: Set whenever there may be a change for the incarnation to see.
        is_sealed: Whether the current incarnation must end with the messages it has.
    """

    __slots__ = (
        "_clock",
        "_deferred",
        "_front",
        "_grace_s",
        "_queue",
        "_waits_for_deferred",
        "is_sealed",
        "size",
        "wakeup",
    )

    def __init__(self, *, size: int, grace_s: float, clock: Clock) -> None:
        self.size = size
        self.wakeup = Wakeup()
        self.is_sealed = False
        self._grace_s = grace_s
        self._clock = clock
        # Ordered dictionaries instead of deques: a dropped message must leave the middle at
        # once, or expired messages would pile up for as long as an actor hangs.
        self._front: OrderedDict[Envelope[Message, Reply], None] = OrderedDict()
        self._queue: OrderedDict[Envelope[Message, Reply], None] = OrderedDict()
        self._deferred: dict[Envelope[Message, Reply], Callable[[], object]] = {}
        self._waits_for_deferred = False

    @property
    def depth(self) -> int:
        """The number of waiting messages, queued and deferred."""
        return len(self._front) + len(self._queue) + len(self._deferred)

    @property
    def queued_count(self) -> int:
        """The number of messages that could begin now."""
        return len(self._front) + len(self._queue)

    @property
    def is_finished(self) -> bool:
        """Whether the current incarnation may end: sealed, and all its messages are processed."""
        is_waiting = self._waits_for_deferred and bool(self._deferred)
        return self.is_sealed and not self._front and not is_waiting

    def put(
        self, message: Message, *, timeout_s: float, keeps_awake: bool = True
    ) -> Envelope[Message, Reply]:
        """Queue `message`; it begins within `timeout_s` seconds or never.

        Raises:
            MailboxFullError: the message was not queued; sending it again later is safe.
        """
        if len(self._front) + len(self._queue) + len(self._deferred) >= self.size:
            raise MailboxFullError(f"the mailbox is full: {self.size} messages wait")
        now_s = self._clock.now()
        envelope: Envelope[Message, Reply] = Envelope(
            message,
            enqueued_s=now_s,
            deadline_s=now_s + timeout_s,
            keeps_awake=keeps_awake,
            future=asyncio.get_running_loop().create_future(),
        )
        envelope.timer = self._clock.call_at(envelope.deadline_s, partial(self._expire, envelope))
        self._queue[envelope] = None
        self.wakeup.set()
        return envelope

    def take(self, now_s: float) -> Envelope[Message, Reply] | None:
        """Begin the next message that a caller still waits for; None if the queue is empty."""
        while self._front or (self._queue and not self.is_sealed):
            envelope, _ = (self._front or self._queue).popitem(last=False)
            if envelope.future.done():
                continue
            if envelope.deadline_s <= now_s:  # its timer is late because the loop was busy
                self._drop(envelope)
                continue
            envelope.begun_s = now_s
            envelope.is_begun = True
            return envelope
        return None

    def defer(self, envelope: Envelope[Message, Reply], cancel: Callable[[], object]) -> None:
        """Set a begun message aside; it keeps its place within the limit.

        Calls `cancel` if the message is dropped, which may be now: its caller may have left, or
        its deadline may have passed, while it was processed.
        """
        envelope.is_begun = False
        self._deferred[envelope] = cancel
        if envelope.future.done() or envelope.deadline_s <= self._clock.now():
            self._drop(envelope)

    def take_deferred(self, envelope: Envelope[Message, Reply]) -> bool:
        """Remove a deferred message; return False if it was dropped before."""
        is_deferred = self._deferred.pop(envelope, None) is not None
        self.wakeup.set()
        return is_deferred

    def put_back(self, envelope: Envelope[Message, Reply], message: Message) -> None:
        """Queue a deferred envelope again with `message`, before all new messages.

        The limit does not apply: the envelope has kept its place.
        """
        if self.take_deferred(envelope):
            envelope.message = message
            envelope.returned_s = self._clock.now()
            self._front[envelope] = None

    def withdraw(self, envelope: Envelope[Message, Reply]) -> None:
        """Remove a message whose caller has left; a message that has begun continues."""
        envelope.cancel()
        self._remove(envelope)

    def fail_queued(self, error: Exception) -> None:
        """Fail every queued message with `error`; deferred messages stay."""
        for envelope in (*self._front, *self._queue):
            self._remove(envelope)
            envelope.fail(error)

    def fail_all(self, error: Exception) -> None:
        """Fail every queued and every deferred message with `error`."""
        self.fail_queued(error)
        for envelope in tuple(self._deferred):
            self._remove(envelope)
            envelope.fail(error)

    def seal(self, *, waits_for_deferred: bool = False) -> None:
        """Let the current incarnation end after the messages queued now; keep later ones.

        Without this limit a stream of messages would keep an actor awake forever.
        """
        self.is_sealed = True
        self._waits_for_deferred |= waits_for_deferred
        self._front.update(self._queue)
        self._queue.clear()
        self.wakeup.set()

    def unseal(self) -> None:
        """Open the queue for the next incarnation."""
        self.is_sealed = False

    def _expire(self, envelope: Envelope[Message, Reply]) -> None:
        if envelope.is_begun:
            late_s = envelope.deadline_s + self._grace_s
            envelope.timer = self._clock.call_at(late_s, partial(self._fail_late, envelope))
        else:
            self._drop(envelope)

    def _drop(self, envelope: Envelope[Message, Reply]) -> None:
        self._remove(envelope)
        envelope.fail(DeadlinePassedError("the deadline passed before the message began"))

    def _fail_late(self, envelope: Envelope[Message, Reply]) -> None:
        envelope.fail(ActorLateError("the message began, but had no reply by its deadline"))

    def _remove(self, envelope: Envelope[Message, Reply]) -> None:
        self._front.pop(envelope, None)
        self._queue.pop(envelope, None)
        cancel = self._deferred.pop(envelope, None)
        if cancel is not None:
            cancel()
        self.wakeup.set()

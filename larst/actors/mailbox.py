"""What waits for one key's actor, in order, within a bound and each with its deadline.

Must never run a message: it says which is next, and tells the asker of one that never will be.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from larst.actors.clock import Cancellable, Clock
from larst.actors.errors import ActorLateError, DeadlinePassedError, MailboxFullError

Message = TypeVar("Message")
Answer = TypeVar("Answer")


class Envelope(Generic[Message, Answer]):
    """A message on its way, and the way back to whoever asked.

    Times are the clock's seconds. `returned_s` is None until the message comes back from
    being parked. `is_use`: it keeps the actor awake.
    """

    __slots__ = (
        "_answer",
        "_error",
        "begun_s",
        "deadline_s",
        "enqueued_s",
        "is_begun",
        "is_use",
        "message",
        "reply",
        "returned_s",
        "timer",
    )

    def __init__(
        self, message: Message, *, enqueued_s: float, deadline_s: float, is_use: bool
    ) -> None:
        self.message = message
        self.is_use = is_use
        self.enqueued_s = enqueued_s
        self.deadline_s = deadline_s
        self.returned_s: float | None = None
        self.begun_s = 0.0
        self.is_begun = False
        self.reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.timer: Cancellable | None = None
        self._answer: Answer
        self._error: Exception | None = None

    def settle(self, answer: Answer) -> None:
        """Note what the asker shall get once `release` is called."""
        self._answer = answer

    def settle_failed(self, error: Exception) -> None:
        """Note the error that the asker shall get once `release` is called."""
        self._error = error

    def release(self) -> None:
        """Hand the asker what was noted, unless it has left or been told otherwise."""
        if self._error is not None:
            self.fail(self._error)
            return
        self.disarm()
        if not self.reply.done():
            self.reply.set_result(self._answer)

    def fail(self, error: Exception) -> None:
        """Hand the asker `error` now, unless it has left or been told otherwise."""
        self.disarm()
        if not self.reply.done():
            self.reply.set_exception(error)
            # An asker cancelled in this very turn of the loop never looks; asyncio would
            # then log an error that nobody was meant to read.
            self.reply.exception()

    def disarm(self) -> None:
        """Take back the deadline's timer."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Mailbox(Generic[Message, Answer]):
    """Bounded and first in, first out; what returns from being parked goes before the rest.

    `wakeup` is set whenever there may be something new to see.
    """

    def __init__(self, *, size: int, grace_s: float, clock: Clock) -> None:
        self.size = size
        self.wakeup = asyncio.Event()
        self._grace_s = grace_s
        self._clock = clock
        # Ordered dictionaries, not deques: what is dropped must leave at once from the middle,
        # else those who time out on a hung actor pile up for as long as it hangs.
        self._front: OrderedDict[Envelope[Message, Answer], None] = OrderedDict()
        self._queue: OrderedDict[Envelope[Message, Answer], None] = OrderedDict()
        self._parked: dict[Envelope[Message, Answer], Callable[[], object]] = {}
        self._is_sealed = False
        self._waits_for_parked = False

    @property
    def depth(self) -> int:
        """How many wait: those queued and those parked."""
        return len(self._front) + len(self._queue) + len(self._parked)

    @property
    def queued_count(self) -> int:
        """How many could begin now."""
        return len(self._front) + len(self._queue)

    @property
    def is_sealed(self) -> bool:
        """Whether the present incarnation is to end with what it has."""
        return self._is_sealed

    @property
    def is_served(self) -> bool:
        """Whether the present incarnation may end: sealed, and nothing left that is its own."""
        is_awaiting_parked = self._waits_for_parked and bool(self._parked)
        return self._is_sealed and not self._front and not is_awaiting_parked

    def put(
        self, message: Message, *, timeout_s: float, is_use: bool = True
    ) -> Envelope[Message, Answer]:
        """Queue `message`, to begin within `timeout_s` seconds or never.

        Raises:
            MailboxFullError: nothing was sent; asking again later is safe.
        """
        if self.depth >= self.size:
            raise MailboxFullError(f"{self.size} messages wait already")
        now_s = self._clock.now()
        deadline_s = now_s + timeout_s
        envelope: Envelope[Message, Answer] = Envelope(
            message, enqueued_s=now_s, deadline_s=deadline_s, is_use=is_use
        )
        envelope.timer = self._clock.call_at(deadline_s, partial(self._expire, envelope))
        self._queue[envelope] = None
        self.wakeup.set()
        return envelope

    def take(self) -> Envelope[Message, Answer] | None:
        """Begin the next message that somebody still waits for; None if there is none."""
        now_s = self._clock.now()
        while (envelope := self._pop()) is not None:
            if self._is_wanted(envelope, now_s):
                envelope.begun_s = now_s
                envelope.is_begun = True
                return envelope
        return None

    def park(self, envelope: Envelope[Message, Answer], cancel: Callable[[], object]) -> None:
        """Set aside a message that began; it keeps its place in the bound.

        `cancel` is called if it is dropped meanwhile.
        """
        envelope.is_begun = False
        self._parked[envelope] = cancel

    def is_wanted(self, envelope: Envelope[Message, Answer]) -> bool:
        """Whether its asker still waits and its deadline is to come; else it is dropped."""
        return self._is_wanted(envelope, self._clock.now())

    def unpark(self, envelope: Envelope[Message, Answer]) -> bool:
        """Take a parked message out; False if it was dropped before."""
        is_parked = self._parked.pop(envelope, None) is not None
        self.wakeup.set()
        return is_parked

    def put_back(self, envelope: Envelope[Message, Answer], message: Message) -> None:
        """Queue a parked one again, now with `message`, before all that came from outside.

        The bound does not matter here: it never gave up its place.
        """
        if self.unpark(envelope):
            envelope.message = message
            envelope.returned_s = self._clock.now()
            self._front[envelope] = None

    def withdraw(self, envelope: Envelope[Message, Answer]) -> None:
        """Forget a message whose asker has left; one that has begun runs on."""
        envelope.disarm()
        self._remove(envelope)

    def fail_queued(self, error: Exception) -> None:
        """Answer everything queued with `error`; what is parked stays."""
        for envelope in (*self._front, *self._queue):
            self._remove(envelope)
            envelope.fail(error)

    def fail_all(self, error: Exception) -> None:
        """Answer everything queued or parked with `error`."""
        self.fail_queued(error)
        for envelope in tuple(self._parked):
            self._remove(envelope)
            envelope.fail(error)

    def seal(self, *, waits_for_parked: bool = False) -> None:
        """Let the present incarnation end with what is queued now; later ones are the next's.

        Without such a line a stream of messages would keep an actor from ever going to sleep.
        """
        self._is_sealed = True
        self._waits_for_parked |= waits_for_parked
        self._front.update(self._queue)
        self._queue.clear()
        self.wakeup.set()

    def unseal(self) -> None:
        """Begin anew for the next incarnation."""
        self._is_sealed = False

    def _pop(self) -> Envelope[Message, Answer] | None:
        if self._front:
            return self._front.popitem(last=False)[0]
        if self._queue and not self._is_sealed:
            return self._queue.popitem(last=False)[0]
        return None

    def _is_wanted(self, envelope: Envelope[Message, Answer], now_s: float) -> bool:
        if envelope.reply.done():
            return False
        if envelope.deadline_s <= now_s:  # the loop was busy, and its timer has yet to fire
            self._drop(envelope)
            return False
        return True

    def _expire(self, envelope: Envelope[Message, Answer]) -> None:
        if envelope.is_begun:
            late_s = envelope.deadline_s + self._grace_s
            envelope.timer = self._clock.call_at(late_s, partial(self._tell_late, envelope))
        else:
            self._drop(envelope)

    def _drop(self, envelope: Envelope[Message, Answer]) -> None:
        self._remove(envelope)
        envelope.fail(DeadlinePassedError("its deadline passed before it began"))

    def _tell_late(self, envelope: Envelope[Message, Answer]) -> None:
        envelope.fail(ActorLateError("begun, but not answered by its deadline"))

    def _remove(self, envelope: Envelope[Message, Answer]) -> None:
        self._front.pop(envelope, None)
        self._queue.pop(envelope, None)
        cancel = self._parked.pop(envelope, None)
        if cancel is not None:
            cancel()
        self.wakeup.set()

"""One key's incarnations, one after another, and the mailbox that outlives them.

Must never let two incarnations live at once, nor end while a message waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, assert_never

from larst.actors.actor import Actor
from larst.actors.deferred import DeferredMessages
from larst.actors.errors import ActorFailedError, ActorStoppedError
from larst.actors.events import (
    CoolingDown,
    Crashed,
    Restarted,
    Slept,
    Started,
    StartRefused,
    Stopped,
)
from larst.actors.immediate import Receiver
from larst.actors.incarnation import Crash, Ending, Finished, Incarnation, Refused
from larst.actors.mailbox import Mailbox, Message, Reply
from larst.actors.restart import GiveUp, RestartAfter
from larst.actors.settings import ActorContext


class Cell(Generic[Message, Reply]):
    """Exists from a key's first message until its actor has ended and no message waits."""

    def __init__(
        self,
        make_actor: Callable[[], Actor[Message, Reply]],
        record_crash: Callable[[], RestartAfter | GiveUp],
        forget: Callable[[], None],
        context: ActorContext,
    ) -> None:
        settings = context.settings
        self.mailbox: Mailbox[Message, Reply] = Mailbox(
            size=settings.mailbox_size, grace_s=settings.grace_s, clock=context.clock
        )
        self._deferred_messages = DeferredMessages(self.mailbox)
        self._make_actor = make_actor
        self._record_crash = record_crash
        self._forget = forget
        self._context = context
        self._is_awake = False
        self._incarnation: Incarnation[Message, Reply] | None = None
        self._is_draining = False
        self._has_crashed = False

    @property
    def is_awake(self) -> bool:
        """Whether an actor object exists; otherwise a restart or deferred messages wait."""
        return self._is_awake

    @property
    def is_evictable(self) -> bool:
        """Whether an actor object exists that has yet to be retired."""
        return self._is_awake and not self.mailbox.is_sealed

    async def run(self) -> None:
        """Run incarnations until no message waits, or the actor has crashed too often."""
        try:
            is_needed = True
            while is_needed:
                try:
                    actor = self._make_actor()
                except Exception as error:  # noqa: BLE001 - a bug in the factory is a crash
                    ending: Ending = Crash(error)
                else:
                    ending = await self._incarnate(actor).run()
                self._is_awake, self._incarnation = False, None
                is_needed = await self._is_needed_after(ending)
        finally:
            # In the same turn as the last look at the mailbox, so that no message can arrive
            # in between.
            self._forget()
            self.mailbox.fail_all(ActorStoppedError("the runtime ended before the message began"))
            await self._deferred_messages.close()

    def process_now(self, message: Message, receiver: Receiver[Reply], *, timeout_s: float) -> bool:
        """Process a message in this turn of the loop; return False, with no effect, if not now."""
        incarnation = self._incarnation
        return incarnation is not None and incarnation.process_now(
            message, receiver, timeout_s=timeout_s
        )

    def touch(self) -> bool:
        """Count a use without a message; return whether an actor is awake, and will stay so."""
        incarnation = self._incarnation
        return incarnation is not None and incarnation.touch()

    def retire(self) -> None:
        """Let the current incarnation end after the messages queued now."""
        self.mailbox.seal()

    def drain(self) -> None:
        """Let the current incarnation end after every message queued or deferred now."""
        self._is_draining = True
        self.mailbox.seal(waits_for_deferred=True)

    def _incarnate(self, actor: Actor[Message, Reply]) -> Incarnation[Message, Reply]:
        key = self._context.key
        self._is_awake = True
        self._incarnation = Incarnation(
            actor,
            self.mailbox,
            self._deferred_messages,
            self._context,
            Restarted(key) if self._has_crashed else Started(key),
        )
        return self._incarnation

    async def _is_needed_after(self, ending: Ending) -> bool:
        key, report = self._context.key, self._context.report
        match ending:
            case Crash(error):
                report(Crashed(key, error))
                return await self._can_restart()
            case Refused(error):
                report(StartRefused(key, error))
                self.mailbox.fail_queued(error)
            case Finished():
                report(Stopped(key) if self._is_draining else Slept(key))
            case _:
                assert_never(ending)
        self._has_crashed = False
        self.mailbox.unseal()
        return await self._has_message()

    async def _can_restart(self) -> bool:
        match self._record_crash():
            case RestartAfter(delay_s):
                self._has_crashed = True
                await self._context.clock.sleep(delay_s)
                # Even with an empty queue: the start and quiet hooks complete its files.
                return True
            case GiveUp(until_s):
                retry_after_s = until_s - self._context.clock.now()
                self._context.report(CoolingDown(self._context.key, retry_after_s))
                self.mailbox.fail_all(
                    ActorFailedError("the actor crashed too often", retry_after_s=retry_after_s)
                )
        return False

    async def _has_message(self) -> bool:
        """Wait while every message is deferred; return whether a message is queued."""
        while self.mailbox.depth and not self.mailbox.queued_count:
            self.mailbox.wakeup.clear()
            await self.mailbox.wakeup.wait()
        return self.mailbox.queued_count > 0

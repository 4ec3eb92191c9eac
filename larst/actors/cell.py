"""One key's incarnations, one after another, and the mailbox that outlives them.

Must never let two of them live at once, nor end while anybody waits.
"""

from __future__ import annotations

import asyncio
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
from larst.actors.incarnation import Crash, Ending, Finished, Incarnation, Refused
from larst.actors.mailbox import Answer, Mailbox, Message
from larst.actors.restart import GiveUp, RestartAfter
from larst.actors.settings import ActorContext


class Cell(Generic[Message, Answer]):
    """Lives from a key's first message until its actor sleeps and nobody waits."""

    def __init__(
        self,
        make_actor: Callable[[], Actor[Message, Answer]],
        record_crash: Callable[[], RestartAfter | GiveUp],
        forget: Callable[[], None],
        context: ActorContext,
    ) -> None:
        settings = context.settings
        self.mailbox: Mailbox[Message, Answer] = Mailbox(
            size=settings.mailbox_size, grace_s=settings.grace_s, clock=context.clock
        )
        self._deferred = DeferredMessages(self.mailbox)
        self._make_actor = make_actor
        self._record_crash = record_crash
        self._forget = forget
        self._context = context
        self._is_awake = False
        self._is_dormant = False
        self._is_draining = False
        self._has_crashed = False
        self._ended = asyncio.Event()

    @property
    def is_evictable(self) -> bool:
        """Whether it holds an actor that has not been told to go to sleep."""
        return self._is_awake and not self.mailbox.is_sealed

    @property
    def is_awake(self) -> bool:
        """Whether there is an actor object; else one is backing off, or only parked ones wait."""
        return self._is_awake

    async def run(self) -> None:
        """Live; return when nobody waits any more, or it crashed too often."""
        try:
            while await self._continues_after(await self._incarnate()):
                pass
        finally:
            # In the same turn as the last look at the mailbox: nothing can come in between.
            self._forget()
            self.mailbox.fail_all(ActorStoppedError("the runtime ended before it began"))
            self._ended.set()
            await self._deferred.close()

    def retire(self) -> None:
        """Have the present incarnation end with what is queued now."""
        if not self._is_dormant or self.mailbox.queued_count:
            self.mailbox.seal()

    async def sleep(self) -> None:
        """Retire, and return when that incarnation has ended."""
        self.retire()
        if self.mailbox.is_sealed:
            self._ended.clear()
            await self._ended.wait()

    def drain(self) -> None:
        """Have it end with all that is queued and parked now."""
        self._is_draining = True
        self.mailbox.seal(waits_for_parked=True)

    async def _incarnate(self) -> Ending:
        key = self._context.key
        try:
            actor = self._make_actor()
        except Exception as error:  # noqa: BLE001 - a bug in making it is its crash
            return Crash(error)
        greeting = Restarted(key) if self._has_crashed else Started(key)
        self._is_awake = True
        try:
            return await Incarnation(
                actor, self.mailbox, self._deferred, self._context, greeting
            ).run()
        finally:
            self._is_awake = False

    async def _continues_after(self, ending: Ending) -> bool:
        match ending:
            case Crash(error):
                self._context.report(Crashed(self._context.key, error))
                return await self._recovers()
            case Refused(error):
                self._context.report(StartRefused(self._context.key, error))
                self.mailbox.fail_queued(error)
            case Finished():
                event = Stopped if self._is_draining else Slept
                self._context.report(event(self._context.key))
            case _:
                assert_never(ending)
        self._has_crashed = False
        self.mailbox.unseal()
        self._ended.set()
        return await self._is_needed()

    async def _recovers(self) -> bool:
        match self._record_crash():
            case RestartAfter(delay_s):
                self._has_crashed = True
                await self._context.clock.sleep(delay_s)
                # Also with nothing queued: its start and quiet hooks complete its files.
                return True
            case GiveUp(until_s):
                retry_after_s = until_s - self._context.clock.now()
                self._context.report(CoolingDown(self._context.key, retry_after_s))
                self.mailbox.fail_all(
                    ActorFailedError("it crashed too often", retry_after_s=retry_after_s)
                )
        return False

    async def _is_needed(self) -> bool:
        self._is_dormant = True
        while self.mailbox.depth and not self.mailbox.queued_count:
            self.mailbox.wakeup.clear()
            await self.mailbox.wakeup.wait()
        self._is_dormant = False
        return self.mailbox.queued_count > 0

"""One key's incarnations, one after another, and the mailbox that outlives them.

Must never let two incarnations live at once, nor end while a message waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, assert_never

from larst.actors.actor import Actor
from larst.actors.crash_history import Key
from larst.actors.deferred import DeferredMessages
from larst.actors.errors import ActorFailedError, ActorStoppedError
from larst.actors.events import (
    CoolingDown,
    Crashed,
    Slept,
    StartRefused,
    Stopped,
)
from larst.actors.immediate import Receiver
from larst.actors.incarnation import Crash, Ending, Finished, Incarnation, Parked, Refused
from larst.actors.mailbox import Mailbox, Message, Reply
from larst.actors.restart import GiveUp, RestartAfter
from larst.actors.settings import ActorContext


@dataclass(frozen=True, slots=True)
class CellHooks(Generic[Key, Message, Reply]):
    """What the cells of all keys need of their supervisor, each with the key.

    `resume` starts a task that calls `run` again, for an actor that was parked.
    """

    make_actor: Callable[[Key], Actor[Message, Reply]]
    record_crash: Callable[[Key], RestartAfter | GiveUp]
    resume: Callable[[Key], None]
    forget: Callable[[Key], None]


class Cell(Generic[Key, Message, Reply]):
    """Exists from a key's first message until its actor has ended and no message waits."""

    __slots__ = (
        "_context",
        "_deferred_messages",
        "_has_crashed",
        "_hooks",
        "_incarnation",
        "_is_awake",
        "_is_draining",
        "_key",
        "mailbox",
    )

    def __init__(
        self, key: Key, hooks: CellHooks[Key, Message, Reply], context: ActorContext
    ) -> None:
        settings = context.settings
        self.mailbox: Mailbox[Message, Reply] = Mailbox(
            size=settings.mailbox_size, grace_s=settings.grace_s, clock=context.clock
        )
        self._deferred_messages = DeferredMessages(self.mailbox)
        self._key = key
        self._hooks = hooks
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
        """Run incarnations until no message waits, or the actor has crashed too often.

        Returns early while an actor is parked.
        """
        is_parked = False
        try:
            is_needed = True
            while is_needed:
                ending = await self._run_incarnation()
                if isinstance(ending, Parked):
                    is_parked, self.mailbox.wakeup.resume = True, self._resume
                    return
                self._is_awake, self._incarnation = False, None
                is_needed = await self._is_needed_after(ending)
        finally:
            if not is_parked:
                # In the same turn as the last look at the mailbox, so that no message can arrive
                # in between.
                self._hooks.forget(self._key)
                error = ActorStoppedError("the runtime ended before the message began")
                self.mailbox.fail_all(error)
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

    async def _run_incarnation(self) -> Ending | Parked:
        """Run the incarnation that is parked, or a new one."""
        if self._incarnation is None:
            try:
                actor = self._hooks.make_actor(self._key)
            except Exception as error:  # noqa: BLE001 - a bug in the factory is a crash
                return Crash(error)
            return await self._incarnate(actor).run()
        return await self._incarnation.run()

    def _resume(self) -> None:
        self._hooks.resume(self._key)

    def _incarnate(self, actor: Actor[Message, Reply]) -> Incarnation[Message, Reply]:
        self._is_awake = True
        self._incarnation = Incarnation(
            actor,
            self._key,
            self.mailbox,
            self._deferred_messages,
            self._context,
            is_restart=self._has_crashed,
        )
        return self._incarnation

    async def _is_needed_after(self, ending: Ending) -> bool:
        key, report = self._key, self._context.report
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
        match self._hooks.record_crash(self._key):
            case RestartAfter(delay_s):
                self._has_crashed = True
                await self._context.clock.sleep(delay_s)
                # Even with an empty queue: the start and quiet hooks complete its files.
                return True
            case GiveUp(until_s):
                retry_after_s = until_s - self._context.clock.now()
                self._context.report(CoolingDown(self._key, retry_after_s))
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

"""One actor object, from its start to its end.

Must never start another, nor decide whether there will be one: it says how it ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeAlias

from larst.actors.actor import Actor, Deferred
from larst.actors.clock import Alarm
from larst.actors.deferred import DeferredMessages
from larst.actors.errors import ActorLateError
from larst.actors.events import FlushFailed, HookFailed, Restarted, Started
from larst.actors.gate import OutputGate
from larst.actors.mailbox import Answer, Envelope, Mailbox, Message
from larst.actors.settings import ActorContext


@dataclass(frozen=True, slots=True)
class Finished:
    """It served what was its own, flushed and stopped."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It could not load, or not go back to what is durable, and said so by `error`."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Crash:
    """It met a bug."""

    error: BaseException


Ending: TypeAlias = Finished | Refused | Crash


class Incarnation(Generic[Message, Answer]):
    """Takes messages from the mailbox, one after another, until the mailbox is sealed."""

    def __init__(
        self,
        actor: Actor[Message, Answer],
        mailbox: Mailbox[Message, Answer],
        deferred_messages: DeferredMessages[Message, Answer],
        context: ActorContext,
        greeting: Started | Restarted,
    ) -> None:
        self._actor = actor
        self._mailbox = mailbox
        self._deferred = deferred_messages
        self._context = context
        self._greeting = greeting
        self._gate: OutputGate | None = None
        self._alarm = Alarm(context.clock, mailbox.wakeup.set)
        self._active_s = context.clock.now()
        self._has_been_quiet = False

    async def run(self) -> Ending:
        """Live; return how it ended."""
        try:
            return await self._live()
        finally:
            self._alarm.cancel()
            try:
                if self._gate is not None:
                    await self._gate.close()
            finally:
                self._let_go()

    async def _live(self) -> Ending:
        try:
            await self._start()
            await self._serve()
            await self._stop()
        except self._actor.expected_errors as error:
            return Refused(error)
        except Exception as error:  # noqa: BLE001 - this is the actor loop: a crash is an ending
            return await self._crash(error)
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            # Something that the actor awaited was cancelled, not this task.
            return await self._crash(error)
        return Finished()

    async def _start(self) -> None:
        await self._actor.on_start()
        self._gate = self._actor.gate
        if self._gate is not None:
            # Rung at once, so that nobody's message is the one to find out that reloading fails.
            self._gate.attach(
                translate=self._actor.error_for_asker, on_broken=self._mailbox.wakeup.set
            )
        self._active_s = self._context.clock.now()
        self._context.report(self._greeting)

    async def _serve(self) -> None:
        while True:
            if self._gate is not None:
                await self._tend(self._gate)
            envelope = self._mailbox.take()
            if envelope is not None:
                await self._handle(envelope)
            elif self._mailbox.is_served:
                return
            else:
                await self._rest()

    async def _tend(self, gate: OutputGate) -> None:
        if gate.held_count >= self._mailbox.size:
            await gate.settle()  # else a hung disk lets answers pile up without a bound
        if gate.error is not None:
            self._context.report(FlushFailed(self._context.key, gate.error))
            await gate.mend(self._actor.on_flush_failed)
            self._touch()

    async def _handle(self, envelope: Envelope[Message, Answer]) -> None:
        actor = self._actor
        actor._current = envelope
        try:
            answer = await actor.on_message(envelope.message)
        except actor.expected_errors as error:
            envelope.settle_failed(error)
            self._let_out(envelope)
        except BaseException as error:
            self._fail_begun(envelope, error)
            raise
        else:
            self._accept(envelope, answer)
        finally:
            actor._current = None
        if envelope.is_use:
            self._touch()
        if self._mailbox.queued_count:
            await asyncio.sleep(0)  # let the asker have its answer before the next one is made

    def _accept(
        self, envelope: Envelope[Message, Answer], answer: Answer | Deferred[Message]
    ) -> None:
        if isinstance(answer, Deferred):
            self._deferred.park(envelope, answer, self._refuse)
            return
        envelope.settle(answer)
        self._let_out(envelope)

    def _refuse(self, envelope: Envelope[Message, Answer], error: BaseException) -> None:
        envelope.settle_failed(self._actor.error_for_asker(error))
        self._let_out(envelope)

    def _let_out(self, envelope: Envelope[Message, Answer]) -> None:
        if self._gate is None:
            envelope.release()
        else:
            self._gate.pass_through(envelope)

    def _fail_begun(self, envelope: Envelope[Message, Answer], error: BaseException) -> None:
        if _is_being_cancelled():
            envelope.fail(ActorLateError("the runtime was cancelled while it ran"))
        else:
            envelope.fail(self._actor.error_for_asker(error))

    def _touch(self) -> None:
        self._active_s = self._context.clock.now()
        self._has_been_quiet = False

    async def _rest(self) -> None:
        settings = self._context.settings
        wait_s = settings.idle_s if self._has_been_quiet else settings.quiet_s
        due_s = self._active_s + wait_s
        if self._context.clock.now() < due_s:
            self._alarm.ring_by(due_s)
            self._mailbox.wakeup.clear()
            await self._mailbox.wakeup.wait()
        elif self._has_been_quiet:
            self._mailbox.seal()
        else:
            await self._be_quiet()

    async def _be_quiet(self) -> None:
        await self._settle()  # tidying up beside a flush would move its file away under it
        if self._mailbox.queued_count or self._is_gate_broken():
            return  # that comes first
        self._has_been_quiet = True
        try:
            await self._actor.on_quiet()
        except self._actor.expected_errors as error:
            self._context.report(HookFailed(self._context.key, "on_quiet", error))
        await self._settle()

    async def _stop(self) -> None:
        await self._settle()
        if self._gate is not None:
            await self._tend(self._gate)
        try:
            await self._actor.on_stop()
        except Exception as error:  # noqa: BLE001 - nobody waits for it: reported, not lost
            self._context.report(HookFailed(self._context.key, "on_stop", error))

    async def _crash(self, error: BaseException) -> Crash:
        # What earlier messages were promised does not fall with this one.
        if self._gate is not None and self._gate.held_count:
            await self._gate.settle()
        return Crash(error)

    def _let_go(self) -> None:
        try:
            self._actor.on_end()
        except Exception as error:  # noqa: BLE001 - nobody waits for it: reported, not lost
            self._context.report(HookFailed(self._context.key, "on_end", error))

    async def _settle(self) -> None:
        if self._gate is not None:
            await self._gate.settle()

    def _is_gate_broken(self) -> bool:
        return self._gate is not None and self._gate.error is not None


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

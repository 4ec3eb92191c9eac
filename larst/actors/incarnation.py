"""The life of one actor object, from its start to its end.

Must never start another incarnation, nor decide whether another one will follow: it reports how
it ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeAlias

from larst.actors.actor import Actor, Deferred
from larst.actors.clock import Timer
from larst.actors.deferred import DeferredMessages
from larst.actors.errors import ActorLateError
from larst.actors.events import FlushFailed, HookFailed, Restarted, Started
from larst.actors.gate import OutputGate
from larst.actors.immediate import NOT_NOW, HeldMessages, Immediate, Receiver
from larst.actors.mailbox import Envelope, Mailbox, Message, Reply
from larst.actors.settings import ActorContext


@dataclass(frozen=True, slots=True)
class Finished:
    """The actor processed its messages, flushed and stopped."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The actor raised an expected error while loading, or reloading, its durable state."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Crash:
    """The actor raised an unexpected exception."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Parked:
    """The actor waits for its next message, without a task; `run` continues it."""


Ending: TypeAlias = Finished | Refused | Crash


class Incarnation(Generic[Message, Reply]):
    """Processes the messages of the mailbox, one after another, until the mailbox is sealed.

    Each await inside `on_message` resumes every frame between the task and it, so `run` contains
    the loop itself. An actor that has nothing to do until its idle time is parked: most actors in
    memory are, and a task with its frames would take kilobytes.
    """

    __slots__ = (
        "_active_s",
        "_actor",
        "_context",
        "_crash",
        "_deferred_messages",
        "_deliver",
        "_gate",
        "_held_messages",
        "_is_between",
        "_is_parked",
        "_is_quiet",
        "_is_restart",
        "_is_started",
        "_key",
        "_mailbox",
        "_now",
        "_timer",
    )

    def __init__(
        self,
        actor: Actor[Message, Reply],
        key: Hashable,
        mailbox: Mailbox[Message, Reply],
        deferred_messages: DeferredMessages[Message, Reply],
        context: ActorContext,
        *,
        is_restart: bool,
    ) -> None:
        self._actor = actor
        self._key = key
        self._mailbox = mailbox
        self._deferred_messages = deferred_messages
        self._context = context
        self._is_restart = is_restart
        self._is_started = False
        self._gate: OutputGate | None = None
        self._deliver: Callable[[Envelope[Message, Reply]], None] = Envelope.release
        self._held_messages: HeldMessages[Reply] = HeldMessages(
            context.clock, context.settings.grace_s
        )
        self._timer = Timer(context.timers, mailbox.wakeup.set)
        self._now = context.clock.now
        self._active_s = self._now()
        self._is_quiet = False
        self._is_parked = False
        self._is_between = False  # nothing of the actor runs or is suspended
        self._crash: BaseException | None = None  # of a message processed by `process_now`

    async def run(self) -> Ending | Parked:
        """Start the actor, process its messages and stop it; return how it ended.

        Or return that it is parked. Whatever sets the wake-up then has to call this again.
        """
        try:
            await self._start()
            envelope = await self._next()
            while envelope is not None:
                self._actor._current = envelope
                try:
                    self._accept(envelope, await self._actor.on_message(envelope.message))
                except self._actor.expected_errors as error:
                    self._refuse(envelope, error)
                except BaseException as error:
                    self._fail_begun(envelope, error)
                    raise
                finally:
                    self._actor._current = None
                if envelope.keeps_awake:
                    self._active_s, self._is_quiet = self._now(), False
                del envelope  # nothing of a message may stay in memory for as long as none comes
                if self._mailbox.queued_count:
                    await self._pause()
                envelope = await self._next()
            return await self._leave()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is the ending
            self._is_between = False
            return await self._end_early(error)
        finally:
            if not self._is_parked:
                await self._close()

    def process_now(self, message: Message, receiver: Receiver[Reply], *, timeout_s: float) -> bool:
        """Process a message in this turn of the loop; return False, with no effect, if not now.

        Queued messages do not prevent it: they are concurrent with this one. If they did, clients
        that send their next message on each reply would keep the queue filled, and never get here.
        """
        mailbox, gate = self._mailbox, self._gate
        if not self._is_between or mailbox.is_sealed or self._crash is not None:
            return False
        if gate is not None and (gate.error is not None or gate.held_count >= mailbox.size):
            return False
        now_s = self._now()
        immediate = Immediate(receiver, now_s, now_s + timeout_s)
        if not self._run_now(message, immediate):
            return False
        self._active_s = now_s
        if self._is_quiet and self._actor.has_quiet_work:
            self._is_quiet = False
            self._timer.fire_by(now_s + self._context.settings.quiet_s)
        return True

    def touch(self) -> bool:
        """Begin the idle time again; return False if the actor is to end."""
        if self._mailbox.is_sealed or self._crash is not None:
            return False
        self._active_s = self._now()
        return True

    def _run_now(self, message: Message, immediate: Immediate[Reply]) -> bool:
        self._actor._current = immediate
        try:
            reply = self._actor.on_message_now(message)
        except self._actor.expected_errors as error:
            immediate.error = self._actor.error_for_caller(error)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - a crash
            self._crash = error
            self._mailbox.wakeup.set()
            immediate.fail(self._actor.error_for_caller(error))
            return True
        else:
            if reply is NOT_NOW:
                return False
            immediate.reply = reply
        finally:
            self._actor._current = None
        self._deliver_now(immediate)
        return True

    def _deliver_now(self, immediate: Immediate[Reply]) -> None:
        if self._gate is None:
            immediate.release()
            return
        self._gate.pass_through(immediate)
        if not immediate.is_done:
            self._held_messages.add(immediate)

    async def _start(self) -> None:
        self._is_parked = self._is_between = False
        if self._is_started:
            return
        await self._actor.on_start()
        self._gate = self._actor.gate
        if self._gate is not None:
            self._deliver = self._gate.pass_through
            # Wake up at once after a failed flush, so that the failure of a reload is not left
            # for the next message to meet.
            self._gate.attach(
                translate=self._actor.error_for_caller, on_broken=self._mailbox.wakeup.set
            )
        self._active_s = self._now()
        self._is_started = True
        self._context.report((Restarted if self._is_restart else Started)(self._key))

    async def _next(self) -> Envelope[Message, Reply] | None:
        """Return the next message to process; None when this incarnation ends, or is parked."""
        mailbox, gate, settings = self._mailbox, self._gate, self._context.settings
        while True:
            if self._crash is not None:
                raise self._crash
            if gate is not None and (gate.error is not None or gate.held_count >= mailbox.size):
                await self._tend(gate)
            now_s = self._now()
            if (envelope := mailbox.take(now_s)) is not None:
                return envelope
            if mailbox.is_finished or self._is_parked:
                return None
            due_s = self._active_s + (settings.idle_s if self._is_quiet else settings.quiet_s)
            if now_s < due_s:
                await self._wait_until(due_s)
            elif self._is_quiet:
                mailbox.seal()
            else:
                await self._run_quiet_hook()

    async def _wait_until(self, due_s: float) -> None:
        """Wait for the wake-up; or return at once, if the actor can be parked instead."""
        mailbox = self._mailbox
        self._timer.fire_by(due_s)
        mailbox.wakeup.clear()
        self._is_between = True
        if self._is_quiet and not mailbox.depth and not mailbox.is_sealed:
            self._is_parked = True
            return
        await mailbox.wakeup.wait()
        self._is_between = False

    async def _pause(self) -> None:
        """Let the caller receive its reply before the next message begins."""
        self._is_between = True
        await asyncio.sleep(0)
        self._is_between = False

    async def _tend(self, gate: OutputGate) -> None:
        if gate.held_count >= self._mailbox.size:
            await gate.drain()  # the limit on replies that a hung disk holds back
        if gate.error is not None:
            self._context.report(FlushFailed(self._key, gate.error))
            await gate.recover(self._actor.on_flush_failed)
            self._active_s, self._is_quiet = self._now(), False

    def _accept(self, envelope: Envelope[Message, Reply], reply: Reply | Deferred[Message]) -> None:
        if isinstance(reply, Deferred):
            self._deferred_messages.add(envelope, reply, self._refuse)
            return
        envelope.reply = reply
        self._deliver(envelope)

    def _refuse(self, envelope: Envelope[Message, Reply], error: BaseException) -> None:
        envelope.error = self._actor.error_for_caller(error)
        self._deliver(envelope)

    def _fail_begun(self, envelope: Envelope[Message, Reply], error: BaseException) -> None:
        if _is_being_cancelled():
            envelope.fail(ActorLateError("the runtime was cancelled while the message ran"))
        else:
            envelope.fail(self._actor.error_for_caller(error))

    async def _run_quiet_hook(self) -> None:
        await self._drain()  # the hook may move the files that a running flush writes
        if self._mailbox.queued_count or (self._gate is not None and self._gate.error is not None):
            return  # messages and a broken gate come first
        self._is_quiet = True
        try:
            await self._actor.on_quiet()
        except self._actor.expected_errors as error:
            self._report_failure("on_quiet", error)
        await self._drain()

    async def _leave(self) -> Finished | Parked:
        if self._is_parked:
            return Parked()
        await self._stop()
        return Finished()

    async def _stop(self) -> None:
        await self._drain()
        if self._gate is not None:
            await self._tend(self._gate)
        try:
            await self._actor.on_stop()
        except Exception as error:  # noqa: BLE001 - no caller waits: reported, not lost
            self._report_failure("on_stop", error)

    async def _end_early(self, error: BaseException) -> Ending:
        if isinstance(error, self._actor.expected_errors):
            return Refused(error)
        if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
            raise error  # otherwise something that the actor awaited was cancelled
        if self._gate is not None and self._gate.held_count:
            await self._gate.drain()  # a crash does not void the replies to earlier messages
        return Crash(error)

    async def _close(self) -> None:
        self._timer.cancel()
        try:
            if self._gate is not None:
                await self._gate.close()
        finally:
            self._held_messages.close()
            self._end()

    def _end(self) -> None:
        try:
            self._actor.on_end()
        except Exception as error:  # noqa: BLE001 - no caller waits: reported, not lost
            self._report_failure("on_end", error)

    async def _drain(self) -> None:
        if self._gate is not None and not self._gate.is_idle:
            await self._gate.drain()

    def _report_failure(self, hook: str, error: Exception) -> None:
        self._context.report(HookFailed(self._key, hook, error))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

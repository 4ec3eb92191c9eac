"""The actors of all keys: created on demand, restarted after a crash, stopped when idle.

Must never keep anything for a key whose actor sleeps, nor let a failure of one key affect another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Generic

from larst.actors.actor import Actor
from larst.actors.cell import Cell, CellHooks
from larst.actors.clock import Clock
from larst.actors.crash_history import CrashHistory, Key
from larst.actors.errors import ActorFailedError, ActorStoppedError, StoppingError
from larst.actors.events import SupervisorEvent
from larst.actors.immediate import Receiver
from larst.actors.mailbox import Message, Reply
from larst.actors.settings import ActorContext, SupervisorSettings
from larst.actors.timer_queue import TimerQueue


@dataclass(slots=True, eq=False)
class _LiveActor(Generic[Key, Message, Reply]):
    """The cell of a key, and its task; None while its actor is parked."""

    cell: Cell[Key, Message, Reply]
    task: asyncio.Task[None] | None = None


class Supervisor(Generic[Key, Message, Reply]):
    """Owns the actors of all keys, and their tasks; see `Actor` for an example.

    `on_event` receives every event of the actors. It runs inside the runtime and must not raise.
    """

    def __init__(
        self,
        make_actor: Callable[[Key], Actor[Message, Reply]],
        *,
        settings: SupervisorSettings,
        clock: Clock,
        on_event: Callable[[SupervisorEvent], None] | None = None,
    ) -> None:
        self.on_event = on_event
        self._make_actor = make_actor
        self._settings = settings
        self._clock = clock
        self._context = ActorContext(settings, clock, TimerQueue(clock), self._report)
        self._crashes: CrashHistory[Key] = CrashHistory(settings.restart, clock)
        self._hooks = CellHooks(self._create_actor, self._crashes.record, self._run, self._forget)
        self._live: OrderedDict[Key, _LiveActor[Key, Message, Reply]] = OrderedDict()  # by last use
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @property
    def live_count(self) -> int:
        """The number of keys in memory: running, starting, restarting or stopping."""
        return len(self._live)

    @property
    def waiting_count(self) -> int:
        """The number of messages in all mailboxes, deferred ones included; from any thread."""
        # `tuple` copies in one step of the interpreter: the loop may add keys meanwhile.
        return sum(live.cell.mailbox.depth for live in tuple(self._live.values()))

    def live_keys(self) -> list[Key]:
        """Return the keys that are in memory."""
        return list(self._live)

    def is_live(self, key: Key) -> bool:
        """Return whether `key` is in memory."""
        return key in self._live

    async def ask(
        self,
        key: Key,
        message: Message,
        *,
        timeout_s: float,
        keeps_awake: bool = True,
        wakes: bool = True,
    ) -> Reply:
        """Send `message` to the actor of `key`; return its reply.

        The message begins within `timeout_s` seconds or never; once it has begun, the reply may
        take `grace_s` longer. Cancelling this call withdraws a message that has not begun. A
        message with `keeps_awake=False` does not count as use of the actor. One with `wakes=False`
        is only for an actor that is awake, and goes on to be until it has replied.

        Raises:
            StoppingError: the supervisor is draining; no effect.
            MailboxFullError: the message was not sent; sending it again later is safe.
            ActorFailedError: the actor is cooling down; no effect, retry after `retry_after_s`.
            DeadlinePassedError: not begun in time; no effect.
            ActorLateError: begun, but late; it may have effects, so a retry is not safe.
            ActorCrashedError: the actor crashed on this message.
            ActorStoppedError: the runtime was cancelled before the message began, or the message
                must not wake the actor; no effect.
            Exception: an expected error of the actor, raised as its reply.
        """
        if self._is_stopping:
            raise StoppingError("the supervisor is stopping and accepts no more messages")
        live = self._live.get(key)
        if not wakes and (live is None or not live.cell.is_evictable):
            raise ActorStoppedError("the actor sleeps, or is about to")
        live = live or self._start(key)
        if keeps_awake:
            self._live.move_to_end(key)
        mailbox = live.cell.mailbox
        envelope = mailbox.put(message, timeout_s=timeout_s, keeps_awake=keeps_awake)
        try:
            return await envelope.future
        except asyncio.CancelledError:
            mailbox.withdraw(envelope)
            raise

    def ask_now(
        self, key: Key, message: Message, receiver: Receiver[Reply], *, timeout_s: float
    ) -> bool:
        """Process `message` in this turn of the loop; return False if the actor cannot.

        False means no effect. The actor cannot if it sleeps, starts, stops or waits inside a
        hook, if its gate is broken or full, or if `on_message_now` returns NOT_NOW. Otherwise
        `receiver` gets the reply, or an error that `ask` would raise: at once, or as soon as the
        gate releases it, at most `timeout_s` and `grace_s` later.
        """
        live = self._live.get(key)
        if live is None or self._is_stopping:
            return False
        if not live.cell.process_now(message, receiver, timeout_s=timeout_s):
            return False
        self._live.move_to_end(key)
        return True

    def touch(self, key: Key) -> bool:
        """Count a use of the actor without a message; return False if it sleeps or is to stop."""
        live = self._live.get(key)
        if live is None or self._is_stopping or not live.cell.touch():
            return False
        self._live.move_to_end(key)
        return True

    async def stop(self, *, drain_s: float) -> None:
        """Refuse new messages, process the waiting ones for `drain_s` seconds, stop all actors.

        Messages that have not begun by then fail with StoppingError. A message that is being
        processed and the stop hooks have `grace_s` seconds more; then they are cancelled.

        Raises:
            ExceptionGroup: bugs of the runtime or of `on_event`; every actor has ended.
        """
        self._is_stopping = True
        for live in tuple(self._live.values()):
            live.cell.drain()
        ended = asyncio.gather(*self._tasks, return_exceptions=True)
        await self._wait_for(ended, drain_s)
        self._fail_waiting()
        await self._wait_for(ended, self._settings.grace_s)
        for task in tuple(self._tasks):
            task.cancel()
        bugs = [result for result in await ended if isinstance(result, Exception)]
        self._crashes.close()
        if bugs:
            raise ExceptionGroup("the actor runtime or on_event failed", bugs)

    def _start(self, key: Key) -> _LiveActor[Key, Message, Reply]:
        until_s = self._crashes.cooling_until_s(key)
        if until_s is not None:
            raise ActorFailedError(
                "the actor crashed too often", retry_after_s=until_s - self._clock.now()
            )
        live = self._live[key] = _LiveActor(Cell(key, self._hooks, self._context))
        self._run(key)
        return live

    def _run(self, key: Key) -> None:
        """Start the task of a key: its first, or the next one after it was parked."""
        live = self._live[key]
        # An empty context: otherwise the first caller's trace would own all later messages.
        live.task = task = asyncio.create_task(live.cell.run(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(partial(self._end_task, live))

    def _end_task(self, live: _LiveActor[Key, Message, Reply], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if live.task is task:
            live.task = None

    def _create_actor(self, key: Key) -> Actor[Message, Reply]:
        self._evict_surplus(key)
        return self._make_actor(key)

    def _evict_surplus(self, new_key: Key) -> None:
        """Retire the least recently used actors, starting with the ones that have no messages.

        Does not wait until they have ended. The limit may be exceeded for that long, which is
        better than to block one key's request on another key's disk.
        """
        if len(self._live) <= self._settings.max_live:
            return
        cells = [
            live.cell
            for key, live in self._live.items()
            if key != new_key and live.cell.is_evictable
        ]
        surplus = len(cells) + 1 - self._settings.max_live
        if surplus > 0:
            cells.sort(key=lambda cell: cell.mailbox.depth > 0)  # stable: keeps the order of use
            for cell in cells[:surplus]:
                cell.retire()

    def _fail_waiting(self) -> None:
        for live in tuple(self._live.values()):
            live.cell.mailbox.fail_all(StoppingError("the message had not begun by the stop"))
            if live.task is not None and not live.cell.is_awake:
                live.task.cancel()  # only a restart is pending, and no message needs it

    def _forget(self, key: Key) -> None:
        del self._live[key]

    def _report(self, event: SupervisorEvent) -> None:
        if self.on_event is not None:
            self.on_event(event)

    async def _wait_for(
        self, ended: asyncio.Future[list[BaseException | None]], limit_s: float
    ) -> None:
        timeout = asyncio.get_running_loop().create_future()
        timer = self._clock.call_at(self._clock.now() + limit_s, partial(_complete, timeout))
        try:
            await asyncio.wait({ended, timeout}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

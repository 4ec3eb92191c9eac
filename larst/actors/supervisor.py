"""Actors by key: made when first asked, watched, restarted, put to sleep and woken again.

Must never keep anything for a key that sleeps, nor let one key's trouble reach another.
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
from larst.actors.cell import Cell
from larst.actors.clock import Clock
from larst.actors.crash_history import CrashHistory, Key
from larst.actors.errors import ActorFailedError, StoppingError
from larst.actors.events import SupervisorEvent
from larst.actors.mailbox import Answer, Message
from larst.actors.settings import ActorContext, SupervisorSettings


@dataclass(frozen=True, slots=True)
class _Live(Generic[Message, Answer]):
    cell: Cell[Message, Answer]
    task: asyncio.Task[None]


class Supervisor(Generic[Key, Message, Answer]):
    """Owns the actors of all keys and their tasks.

    `on_event` is told of whatever happens to them; it runs within the runtime and must not
    raise.
    """

    def __init__(
        self,
        make_actor: Callable[[Key], Actor[Message, Answer]],
        *,
        settings: SupervisorSettings,
        clock: Clock,
        on_event: Callable[[SupervisorEvent], None] | None = None,
    ) -> None:
        self.on_event = on_event
        self._make_actor = make_actor
        self._settings = settings
        self._clock = clock
        self._crashes: CrashHistory[Key] = CrashHistory(settings.restart, clock)
        self._live: OrderedDict[Key, _Live[Message, Answer]] = OrderedDict()  # by last use
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @property
    def live_count(self) -> int:
        """How many keys hold memory: awake, starting, restarting or falling asleep."""
        return len(self._live)

    @property
    def waiting_count(self) -> int:
        """How many messages wait in all mailboxes, parked ones included; from any thread."""
        # The copy is made in one step of the interpreter: the loop may add keys meanwhile.
        return sum(live.cell.mailbox.depth for live in tuple(self._live.values()))

    def is_live(self, key: Key) -> bool:
        """Whether `key` holds memory."""
        return key in self._live

    def mailbox_depth(self, key: Key) -> int:
        """Return how many messages wait for `key`, parked ones included."""
        live = self._live.get(key)
        return 0 if live is None else live.cell.mailbox.depth

    async def ask(
        self, key: Key, message: Message, *, timeout_s: float, is_use: bool = True
    ) -> Answer:
        """Send `message` to the actor of `key`; return its answer.

        The message begins within `timeout_s` seconds or never; once begun, the answer may take
        `grace_s` longer. Whoever stops waiting takes a message back that has not begun. One that
        is no use, but only looks, does not keep the actor awake.

        Raises:
            StoppingError: the supervisor is draining; no effect.
            MailboxFullError: nothing was sent; asking again later is safe.
            ActorFailedError: it cools down; no effect, ask again after `retry_after_s`.
            DeadlinePassedError: not begun in time; no effect.
            ActorLateError: begun, but late; it may have effects, asking again is not safe.
            ActorCrashedError: it crashed on this very message.
            ActorStoppedError: the runtime was cancelled before it began; no effect.
            Exception: one of the actor's `expected_errors`: its answer.
        """
        mailbox = self._find(key, is_use=is_use).mailbox
        envelope = mailbox.put(message, timeout_s=timeout_s, is_use=is_use)
        try:
            return await envelope.reply
        except asyncio.CancelledError:
            mailbox.withdraw(envelope)
            raise

    async def put_to_sleep(self, key: Key) -> None:
        """Let the actor of `key` serve what is queued and stop; return when it has.

        What arrives meanwhile waits, and wakes the next incarnation; so do parked messages.
        """
        live = self._live.get(key)
        if live is not None:
            await live.cell.sleep()

    async def stop(self, *, drain_s: float) -> None:
        """Refuse what comes, serve what waits within `drain_s` seconds, and stop every actor.

        What has not begun by then fails with StoppingError; a message at hand and the stop
        hooks have `grace_s` more, then they are cancelled.

        Raises:
            ExceptionGroup: bugs of the runtime or of `on_event`; all has ended nevertheless.
        """
        self._is_stopping = True
        ended = asyncio.gather(*self._tasks, return_exceptions=True)
        for live in self._live.values():
            live.cell.drain()
        await self._wait_for(ended, drain_s)
        self._cut_off()
        await self._wait_for(ended, self._settings.grace_s)
        for task in tuple(self._tasks):
            task.cancel()
        bugs = [result for result in await ended if isinstance(result, Exception)]
        self._crashes.close()
        if bugs:
            raise ExceptionGroup("the runtime or its watcher failed", bugs)

    def _find(self, key: Key, *, is_use: bool) -> Cell[Message, Answer]:
        if self._is_stopping:
            raise StoppingError("no more messages are taken")
        live = self._live.get(key)
        if live is None:
            return self._wake(key)
        if is_use:
            self._live.move_to_end(key)
        return live.cell

    def _wake(self, key: Key) -> Cell[Message, Answer]:
        until_s = self._crashes.cooling_until_s(key)
        if until_s is not None:
            raise ActorFailedError(
                "it crashed too often", retry_after_s=until_s - self._clock.now()
            )
        cell: Cell[Message, Answer] = Cell(
            partial(self._make, key),
            partial(self._crashes.record, key),
            partial(self._forget, key),
            ActorContext(key, self._settings, self._clock, self._report),
        )
        # In a context of its own, else the first asker's trace would own every later message.
        task = asyncio.create_task(cell.run(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._live[key] = _Live(cell, task)
        return cell

    def _make(self, key: Key) -> Actor[Message, Answer]:
        self._make_room(key)
        return self._make_actor(key)

    def _make_room(self, key: Key) -> None:
        """Send the least recently used to sleep, those first for whom nothing waits.

        Nobody waits for them to be asleep: the limit may be passed for as long as that takes,
        which is better than to hang one key's request on another key's disk.
        """
        if len(self._live) <= self._settings.max_live:
            return
        others = [
            live.cell
            for other, live in self._live.items()
            if other != key and live.cell.is_evictable
        ]
        surplus = len(others) + 1 - self._settings.max_live
        if surplus > 0:
            others.sort(key=lambda cell: cell.mailbox.depth > 0)  # stable: use stays order
            for cell in others[:surplus]:
                cell.retire()

    def _cut_off(self) -> None:
        for live in tuple(self._live.values()):
            live.cell.mailbox.fail_all(StoppingError("not begun before the drain ended"))
            if not live.cell.is_awake:
                live.task.cancel()  # it only waits to restart, and nothing waits for that

    def _forget(self, key: Key) -> None:
        del self._live[key]

    def _report(self, event: SupervisorEvent) -> None:
        if self.on_event is not None:
            self.on_event(event)

    async def _wait_for(
        self, ended: asyncio.Future[list[BaseException | None]], limit_s: float
    ) -> None:
        alarm = asyncio.get_running_loop().create_future()
        timer = self._clock.call_at(self._clock.now() + limit_s, partial(_ring, alarm))
        try:
            await asyncio.wait({ended, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()


def _ring(alarm: asyncio.Future[None]) -> None:
    if not alarm.done():
        alarm.set_result(None)

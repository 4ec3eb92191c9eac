"""Deferred messages: they wait for something other than their actor.

Must never touch an actor: a prepared message goes back to the mailbox, and an error goes to the
incarnation that deferred the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic

from larst.actors.actor import Deferred
from larst.actors.mailbox import Envelope, Mailbox, Message, Reply


class DeferredMessages(Generic[Message, Reply]):
    """Owns the tasks that prepare deferred messages; outlives incarnations."""

    __slots__ = ("_mailbox", "_tasks")

    def __init__(self, mailbox: Mailbox[Message, Reply]) -> None:
        self._mailbox = mailbox
        self._tasks: dict[asyncio.Task[None], None] = {}  # an empty set takes three times as much

    def add(
        self,
        envelope: Envelope[Message, Reply],
        deferred: Deferred[Message],
        refuse: Callable[[Envelope[Message, Reply], BaseException], None],
    ) -> None:
        """Set `envelope` aside until `deferred` is prepared; call `refuse` if that raises."""
        task = asyncio.create_task(self._prepare(envelope, deferred, refuse))
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        self._mailbox.defer(envelope, task.cancel)

    async def close(self) -> None:
        """Cancel the remaining tasks and return when all of them have ended."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _prepare(
        self,
        envelope: Envelope[Message, Reply],
        deferred: Deferred[Message],
        refuse: Callable[[Envelope[Message, Reply], BaseException], None],
    ) -> None:
        try:
            message = await deferred.prepare()
        except BaseException as error:
            # A dropped message is no longer deferred. If this one still is, then something that
            # `prepare` awaited was cancelled, not this task: the caller must learn of that, too.
            if self._mailbox.take_deferred(envelope):
                refuse(envelope, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._mailbox.put_back(envelope, message)

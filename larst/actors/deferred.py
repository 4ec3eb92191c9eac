"""Messages that wait for something other than their actor.

Must never touch an actor: what was awaited goes back to the mailbox, and what went wrong to
whoever parked the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic

from larst.actors.actor import Deferred
from larst.actors.mailbox import Answer, Envelope, Mailbox, Message


class DeferredMessages(Generic[Message, Answer]):
    """Owns the tasks that wait on behalf of parked messages; outlives incarnations."""

    def __init__(self, mailbox: Mailbox[Message, Answer]) -> None:
        self._mailbox = mailbox
        self._tasks: set[asyncio.Task[None]] = set()

    def park(
        self,
        envelope: Envelope[Message, Answer],
        deferred: Deferred[Message],
        refuse: Callable[[Envelope[Message, Answer], BaseException], None],
    ) -> None:
        """Set `envelope` aside until `deferred` has its message; `refuse` it if that raises."""
        if not self._mailbox.is_wanted(envelope):
            return
        task = asyncio.create_task(self._wait(envelope, deferred, refuse))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._mailbox.park(envelope, task.cancel)

    async def close(self) -> None:
        """Cancel what is left and return when all of it has ended."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _wait(
        self,
        envelope: Envelope[Message, Answer],
        deferred: Deferred[Message],
        refuse: Callable[[Envelope[Message, Answer], BaseException], None],
    ) -> None:
        try:
            message = await deferred.make()
        except BaseException as error:
            # Dropped ones are no longer parked. One that still is, though cancelled, was
            # cancelled by something it awaited: its asker must hear of that, too.
            if self._mailbox.unpark(envelope):
                refuse(envelope, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._mailbox.put_back(envelope, message)

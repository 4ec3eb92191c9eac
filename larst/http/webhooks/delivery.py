"""The deliveries of one webhook: each change in order, again and again until its receiver has it.

A receiver may get a change twice, after a lost reply or a crash, and never a later one before it.
Must never wait for a receiver while anything else waits for this.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from larst.domain import SessionKey, session_name
from larst.errors import LarstError
from larst.http.webhooks.messages import Message, headers_of, message_of
from larst.http.webhooks.sender import DeliveryFailedError
from larst.session.live import FollowedChange, Follower, event_id
from larst.store.disk.webhooks import StoredWebhook

FIRST_WAIT_S = 1.0
"""The time before the second attempt; each further one waits twice as long."""

MAX_WAIT_S = 60.0

MAX_FAILURES = 20
"""After so many failed attempts in a row, about ten minutes, nothing is sent any more."""

_LOOK_AGAIN_S = 0.01

_log = logging.getLogger("larst.webhooks")


class Send(Protocol):
    """Sends a message once; raises DeliveryFailedError."""

    async def __call__(self, url: str, message: Message, headers: dict[str, str]) -> None:
        """Send it."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the deliveries go: failed attempts in a row, the last reason, and the next attempt."""

    delivered: int = 0
    failures: int = 0
    reason: str | None = None
    next_attempt_at: datetime | None = None
    last_delivered_at: datetime | None = None


class Delivery:
    """Sends the changes that `follower` gets; calls `on_progress` when its place has moved."""

    def __init__(
        self,
        name: str,
        key: SessionKey,
        stored: StoredWebhook,
        follower: Follower,
        send: Send,
        sleep: Callable[[float], Awaitable[None]],
        on_progress: Callable[[], None],
    ) -> None:
        self.status = Status(reason=stored.disabled)
        self._name = name
        self._key = key
        self._stored = stored
        self._follower = follower
        self._send = send
        self._sleep = sleep
        self._on_progress = on_progress
        self._task: asyncio.Task[None] | None = None

    @property
    def stored(self) -> StoredWebhook:
        """The webhook, with the event that was delivered last."""
        return replace(self._stored, after=event_id(self._follower.after))

    def go_on_after(self, other: Delivery) -> None:
        """Begin behind what another one has delivered."""
        self._follower.after = other._follower.after

    def start(self) -> None:
        """Begin to send, unless it is disabled."""
        if self._stored.disabled is not None:
            self._follower.leave()
            return
        self._task = asyncio.create_task(self._run(), name=f"larst webhook {self._name}")

    async def stop(self) -> None:
        """Send no more; a message that is on its way may still arrive."""
        self._follower.leave()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def finish(self) -> None:
        """Wait until all changes are delivered, or an attempt has failed."""
        while self._task is not None and not self._task.done() and self._follower.is_behind:
            if self.status.failures:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _run(self) -> None:
        while self._stored.disabled is None:
            await self._follower.has_news.wait()
            self._follower.has_news.clear()
            try:
                await self._catch_up()
            except LarstError as error:
                self._disable(error.detail)
                self._on_progress()
        self._follower.leave()

    async def _catch_up(self) -> None:
        while self._stored.disabled is None and self._follower.is_behind:
            change = self._follower.look()
            if change is None:
                await asyncio.sleep(0)
            else:
                await self._deliver(change)
            self._on_progress()

    async def _deliver(self, change: FollowedChange) -> None:
        """Send a change until its receiver has it, or the webhook is disabled."""
        message = message_of(session_name(self._key), change, _now())
        while True:
            headers = headers_of(message, self._stored.secret, _now())
            try:
                await self._send(self._stored.url, message, headers)
            except DeliveryFailedError as error:
                wait_s = self._note_failure(error)
                if self._stored.disabled is not None:
                    return
                await self._sleep(wait_s)
            else:
                self._follower.after = change.after
                delivered = self.status.delivered + 1
                self.status = Status(delivered=delivered, last_delivered_at=_now())
                return

    def _note_failure(self, error: DeliveryFailedError) -> float:
        """Count a failed attempt; return how long to wait for the next one."""
        failures = self.status.failures + 1
        wait_s = min(FIRST_WAIT_S * 2.0 ** (failures - 1), MAX_WAIT_S)
        wait_s *= random.uniform(0.5, 1)  # noqa: S311 - many receivers must not be asked at once
        self.status = replace(
            self.status,
            failures=failures,
            reason=error.reason,
            next_attempt_at=_now() + timedelta(seconds=wait_s),
        )
        if error.is_final or failures >= MAX_FAILURES:
            self._disable(error.reason)
        return wait_s

    def _disable(self, reason: str) -> None:
        self._stored = replace(self._stored, disabled=reason)
        self.status = replace(self.status, reason=reason, next_attempt_at=None)
        fields = {"session_id": session_name(self._key), "event": "WebhookDisabled"}
        text = "webhook %s is disabled after %d failures: %s"
        _log.warning(text, self._name, self.status.failures, reason, extra={"fields": fields})


def _now() -> datetime:
    return datetime.now(UTC)

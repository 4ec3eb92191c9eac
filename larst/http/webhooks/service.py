"""The webhooks of all sessions: declared, followed from the start of the service, and deleted.

Must never send anything about a session that is being erased.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

from larst.actors import ActorError
from larst.domain import SessionKey, tenant_of
from larst.errors import BadRequestError, LarstError, QuotaFullError
from larst.http.webhooks.definitions import Definition, new_secret
from larst.http.webhooks.delivery import Delivery
from larst.http.webhooks.files import WebhookFiles
from larst.http.webhooks.sender import Sender
from larst.session import SessionClient
from larst.session.live import Follower, LastEvent, LiveHub, Place, Selection, parse_event_id
from larst.store import SessionStore
from larst.store.changes import NO_POSITION, Position
from larst.store.disk.webhooks import StoredWebhook

MAX_OF_SESSION = 10
MAX_OF_TENANT = 100
MAX_IN_ALL = 1000

SAVE_EVERY_S = 1.0
"""Positions are saved at most this often: after a crash, so much may be sent again."""

FINISH_S = 2.0
"""How long a stop waits for what can be delivered at once."""

_BEGIN = LastEvent("", Place(0))

_log = logging.getLogger("larst.webhooks")


class Declared(NamedTuple):
    """A webhook that was put; `secret` only if it was made now."""

    delivery: Delivery
    secret: str | None


class WebhookService:
    """The webhooks of all sessions; `start` begins their deliveries, `close` ends them."""

    def __init__(
        self,
        files: WebhookFiles,
        hub: LiveHub,
        sender: Sender,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.receivers = sender.receivers
        self._files = files
        self._feeds = hub.feeds
        self._sender = sender
        self._sleep = sleep
        self._sessions: dict[SessionKey, dict[str, Delivery]] = {}
        self._locks: WeakValueDictionary[SessionKey, asyncio.Lock] = WeakValueDictionary()
        self._dirty: set[SessionKey] = set()
        self._has_dirty = asyncio.Event()
        self._saver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the sessions that have webhooks, before any of them is loaded.

        Raises:
            DiskRefusedError: the data root cannot be read.
        """
        for key, webhooks in (await self._files.read_all()).items():
            self._begin(key, webhooks)
        self._saver = asyncio.create_task(self._save_often(), name="larst webhook positions")

    async def wake(self, sessions: SessionClient) -> None:
        """Load the sessions that have webhooks: their journals may hold undelivered changes."""
        for key in list(self._sessions):
            try:
                await sessions.run_on_store(key, _do_nothing, keeps_awake=False)
            except (LarstError, ActorError) as error:  # it is loaded when it is used
                fields = {"session_id": key, "event": "WebhooksWait"}
                _log.warning("a session is not loaded: %s", error, extra={"fields": fields})

    def find(self, key: SessionKey) -> Mapping[str, Delivery]:
        """Return the webhooks of a session by name.

        Raises:
            SessionDamagedError: their file cannot be read.
        """
        self._files.check(key)
        return self._sessions.get(key, {})

    async def put(
        self, key: SessionKey, name: str, definition: Definition, sessions: SessionClient
    ) -> Declared:
        """Declare a webhook, durably.

        One of that name is replaced; its place is kept, and its secret unless there is a new one.

        Raises:
            BadRequestError, QuotaFullError: there are too many.
            LarstError, ActorError: the session cannot be loaded, or the disk refused.
        """
        async with self._lock(key):
            hooks = dict(self.find(key))
            if (old := hooks.get(name)) is None:
                self._check_room(key, hooks)
            kept = definition.secret or (None if old is None else old.stored.secret)
            secret = kept or new_secret()
            stored = StoredWebhook(
                str(definition.url), secret, definition.resources, definition.filter
            )
            delivery = await sessions.run_on_store(key, partial(self._follow, key, name, stored))
            if old is not None:
                delivery.go_on_after(old)
            hooks[name] = delivery
            try:
                await self._files.write(key, _stored(hooks), is_durable=True)
            except BaseException:
                await delivery.stop()
                raise
            if old is not None:
                await old.stop()
                delivery.go_on_after(old)
            self._sessions.setdefault(key, {})[name] = delivery
            delivery.start()
            return Declared(delivery, None if kept else secret)

    async def delete(self, key: SessionKey, name: str) -> bool:
        """Delete a webhook, durably, and send nothing more; return whether there was one.

        Raises:
            SessionDamagedError, DiskRefusedError: it is there as before.
        """
        async with self._lock(key):
            hooks = dict(self.find(key))
            if (delivery := hooks.pop(name, None)) is None:
                return False
            await self._files.write(key, _stored(hooks), is_durable=True)
            await delivery.stop()
            del self._sessions[key][name]
            return True

    async def erase(self, key: SessionKey, erase: Callable[[], Awaitable[None]]) -> None:
        """Erase a session: nothing is sent meanwhile, nor after; if it fails, all is as before."""
        async with self._lock(key):
            deliveries = self._sessions.pop(key, {})
            self._dirty.discard(key)
            for delivery in deliveries.values():
                await delivery.stop()
            try:
                await erase()
            except BaseException:
                self._begin(key, _stored(deliveries))
                raise
            self._files.problems.pop(key, None)

    async def close(self) -> None:
        """Deliver what can be delivered at once, save the positions, and end."""
        deliveries = [item for hooks in self._sessions.values() for item in hooks.values()]
        if deliveries:
            tasks = [asyncio.create_task(item.finish()) for item in deliveries]
            _, late = await asyncio.wait(tasks, timeout=FINISH_S)
            for task in late:
                task.cancel()
        for delivery in deliveries:
            await delivery.stop()
        if self._saver is not None:
            self._saver.cancel()
            await asyncio.wait({self._saver})
        await self._save(self._dirty)
        await self._sender.close()

    async def _follow(
        self, key: SessionKey, name: str, stored: StoredWebhook, store: SessionStore
    ) -> Delivery:
        """Follow a session from now on; it has a directory then."""
        await store.settings.put(store.settings.current)
        after = LastEvent(store.position.history, Place(store.changes.number))
        return self._delivery(key, name, stored, after, store.position)

    def _begin(self, key: SessionKey, webhooks: Mapping[str, StoredWebhook]) -> None:
        for name, stored in webhooks.items():
            after = parse_event_id(stored.after) or _BEGIN
            delivery = self._delivery(key, name, stored, after, NO_POSITION)
            self._sessions.setdefault(key, {})[name] = delivery
            delivery.start()

    def _delivery(
        self,
        key: SessionKey,
        name: str,
        stored: StoredWebhook,
        after: LastEvent,
        position: Position,
    ) -> Delivery:
        selection = Selection(stored.resources, stored.filter)
        follower = Follower(selection, self._feeds.open(key, position), after)
        on_progress = partial(self._note_progress, key)
        return Delivery(name, key, stored, follower, self._sender.send, self._sleep, on_progress)

    def _check_room(self, key: SessionKey, hooks: Mapping[str, Delivery]) -> None:
        if len(hooks) >= MAX_OF_SESSION:
            raise BadRequestError(f"a session has at most {MAX_OF_SESSION} webhooks; delete one")
        tenant = tenant_of(key)
        counts = {other: len(items) for other, items in self._sessions.items()}
        of_tenant = sum(count for other, count in counts.items() if tenant_of(other) == tenant)
        if of_tenant >= MAX_OF_TENANT or sum(counts.values()) >= MAX_IN_ALL:
            raise QuotaFullError(
                f"a tenant has at most {MAX_OF_TENANT} webhooks, and the service {MAX_IN_ALL};"
                " delete some"
            )

    def _lock(self, key: SessionKey) -> asyncio.Lock:
        """Return the lock of a session: of its webhooks, and of their file."""
        return self._locks.setdefault(key, asyncio.Lock())

    def _note_progress(self, key: SessionKey) -> None:
        self._dirty.add(key)
        self._has_dirty.set()

    async def _save_often(self) -> None:
        while True:
            await self._has_dirty.wait()
            await asyncio.sleep(SAVE_EVERY_S)
            self._has_dirty.clear()
            dirty, self._dirty = self._dirty, set()
            await self._save(dirty)

    async def _save(self, keys: Iterable[SessionKey]) -> None:
        await asyncio.gather(*map(self._save_one, keys))

    async def _save_one(self, key: SessionKey) -> None:
        async with self._lock(key):
            if hooks := self._sessions.get(key):
                await self._files.save(key, _stored(hooks))


def _stored(hooks: Mapping[str, Delivery]) -> dict[str, StoredWebhook]:
    return {name: delivery.stored for name, delivery in hooks.items()}


async def _do_nothing(store: SessionStore) -> None:
    del store

"""The rings of requests, one for each tenant, and the streams that follow them.

Must never cost a request more than a few microseconds when it is not sampled, never wait, and
never show a tenant the requests of another one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from larst.telemetry.requests.record import RequestRecord

MAX_REQUESTS = 500
MAX_BYTES = 8 * 1024 * 1024
"""The requests of a tenant, and about their bytes; the oldest make room."""

MAX_TENANTS = 16
"""Tenants with a ring; that of the tenant without a request for longest makes room."""

PER_S = 50.0
BURST = 100.0
"""Requests that are kept a second on the average, and at once; a page of a front end is a burst."""

MAX_WAITING = 200
"""Records that wait for one reader; for a slower one, the oldest are left out."""

MAX_SUBSCRIPTIONS = 32


class Subscription:
    """The records that a reader of a tenant's ring has not taken yet; `missed`: how many were lost.

    `has_news` is set when there are records, or the ring has closed.
    """

    def __init__(self) -> None:
        self.has_news = asyncio.Event()
        self.is_closed = False
        self.missed = 0
        self._waiting: deque[RequestRecord] = deque()

    def add(self, record: RequestRecord) -> None:
        """Add a record; the oldest one makes room if too many wait."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(record)
        self.has_news.set()

    def take(self) -> list[RequestRecord]:
        """Return the records that wait, and forget them."""
        records = list(self._waiting)
        self._waiting.clear()
        self.has_news.clear()
        return records

    def close(self) -> None:
        """Say that no record follows."""
        self.is_closed = True
        self.has_news.set()


class _Ring:
    """The requests of one tenant. `seen` counts all, `kept` those that were sampled."""

    def __init__(self) -> None:
        self.records: deque[RequestRecord] = deque()
        self.size_bytes = 0
        self.seen = self.kept = 0
        self.subscriptions: set[Subscription] = set()

    def add(self, record: RequestRecord) -> None:
        self.kept += 1
        self.records.append(record)
        self.size_bytes += record.size_bytes
        while len(self.records) > MAX_REQUESTS or self.size_bytes > MAX_BYTES:
            self.size_bytes -= self.records.popleft().size_bytes
        for subscription in self.subscriptions:
            subscription.add(record)


class RequestLog:
    """Samples requests and keeps the latest. `now` is a monotonic clock in seconds.

    A request that `admits` samples ends with `end`, or with `withdraw` if another way serves it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tokens = BURST
        self._filled_s = now()
        self._number = 0
        self._rings: OrderedDict[str | None, _Ring] = OrderedDict()
        self._subscription_count = 0

    def admits(self, tenant: str | None) -> bool:
        """Count a request, and return whether it is sampled."""
        self._ring(tenant).seen += 1
        now_s = self._now()
        self._tokens = min(BURST, self._tokens + (now_s - self._filled_s) * PER_S)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def withdraw(self, tenant: str | None, *, was_sampled: bool) -> None:
        """Take a request back that begins once more."""
        self._ring(tenant).seen -= 1
        self._tokens += was_sampled

    def end(self, record: RequestRecord) -> None:
        """Keep a request that has ended; it gets its number."""
        self._number += 1
        self._ring(record.details.tenant).add(replace(record, number=self._number))

    def newest(self, tenant: str | None) -> list[RequestRecord]:
        """Return the requests of a tenant, the newest first."""
        ring = self._rings.get(tenant)
        return [] if ring is None else list(reversed(ring.records))

    def find(self, tenant: str | None, id: str) -> RequestRecord | None:
        """Return the request of a tenant with this number or, the latest, with this request id."""
        records = self.newest(tenant)
        for record in records:
            if str(record.number) == id:
                return record
        return next((record for record in records if record.request_id == id), None)

    def counts(self, tenant: str | None) -> tuple[int, int]:
        """Return how many requests of a tenant there were, and how many were sampled."""
        ring = self._rings.get(tenant)
        return (0, 0) if ring is None else (ring.seen, ring.kept)

    @contextmanager
    def subscribe(self, tenant: str | None) -> Iterator[Subscription | None]:
        """Yield a subscription to the requests of a tenant; None if there are too many."""
        if self._subscription_count >= MAX_SUBSCRIPTIONS:
            yield None
            return
        ring, subscription = self._ring(tenant), Subscription()
        self._subscription_count += 1
        ring.subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscription_count -= 1
            ring.subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions."""
        for ring in self._rings.values():
            for subscription in ring.subscriptions:
                subscription.close()

    def _ring(self, tenant: str | None) -> _Ring:
        if (ring := self._rings.get(tenant)) is None:
            ring = self._rings[tenant] = _Ring()
            self._make_room()
        return ring

    def _make_room(self) -> None:
        """Drop the ring whose latest request is the oldest, unless somebody follows it."""
        while len(self._rings) > MAX_TENANTS:
            idle = [
                tenant for tenant, ring in list(self._rings.items())[:-1] if not ring.subscriptions
            ]
            if not idle:
                return
            del self._rings[min(idle, key=self._last_number)]

    def _last_number(self, tenant: str | None) -> int:
        records = self._rings[tenant].records
        return records[-1].number if records else 0

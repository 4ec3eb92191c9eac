"""The store calls of one program run: events and totals on its span, and details of its request.

Must never see a value.
"""

from __future__ import annotations

from collections import defaultdict

from larst.telemetry.attributes import RESOURCE, STORE_CALLS, STORE_METHOD
from larst.telemetry.request_trace import RequestTrace

MAX_EVENTS = 20
"""Calls of one span that become events: a program may make thousands, and may begin again in a
thread or a worker. The totals count all calls of the last run."""

_EVENT = "larst.store.call"


class StoreCalls:
    """Records the store calls of one run on the span of the request, and in its details."""

    def __init__(self, request: RequestTrace) -> None:
        self._span = request.span
        self._details = request.details
        self._events_left = MAX_EVENTS
        if self._span.events is not None:  # of an earlier run
            self._events_left -= sum(event.name == _EVENT for event in self._span.events)
        self._total = 0
        self._by_method: defaultdict[str, int] = defaultdict(int)

    @classmethod
    def of(cls, request: RequestTrace | None) -> StoreCalls | None:
        """Return what records the calls for a request; None if nothing records it."""
        if request is None or not (request.is_recording or request.details is not None):
            return None
        return cls(request)

    def add(self, resource: str | None, method: str) -> None:
        """Record a call; `resource` is None for a call on the session's store."""
        if self._details is not None:
            self._details.add_call(resource, method)
        if self._events_left > 0:
            self._events_left -= 1
            attributes = {STORE_METHOD: method}
            if resource is not None:
                attributes[RESOURCE] = resource
            self._span.add_event(_EVENT, attributes)
        self._total += 1
        self._by_method[method] += 1

    def end(self) -> None:
        """Set the totals: of all calls, and of each method."""
        self._span.set_attribute(STORE_CALLS, self._total)
        for method, calls in self._by_method.items():
            self._span.set_attribute(f"{STORE_CALLS}.{method}", calls)

"""The store calls of one program run, as events and totals on its span. Must never see a value."""

from __future__ import annotations

from collections import defaultdict

from larst.telemetry.attributes import RESOURCE, STORE_CALLS, STORE_METHOD
from larst.telemetry.spans import Span

MAX_EVENTS = 20
"""Calls that become events, because a program may make thousands; the totals count all calls."""


class StoreCalls:
    """Records the store calls of one run on `span`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._total = 0
        self._by_method: defaultdict[str, int] = defaultdict(int)

    def add(self, resource: str | None, method: str) -> None:
        """Record a call; `resource` is None for a call on the session's store."""
        if self._total < MAX_EVENTS:
            attributes = {STORE_METHOD: method}
            if resource is not None:
                attributes[RESOURCE] = resource
            self._span.add_event("larst.store.call", attributes)
        self._total += 1
        self._by_method[method] += 1

    def end(self) -> None:
        """Set the totals: of all calls, and of each method."""
        self._span.set_attribute(STORE_CALLS, self._total)
        for method, calls in self._by_method.items():
            self._span.set_attribute(f"{STORE_CALLS}.{method}", calls)

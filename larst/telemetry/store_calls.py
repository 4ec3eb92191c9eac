"""What a program asked of its store, on the span of its run: which calls, never their values."""

from __future__ import annotations

from collections import Counter

from larst.telemetry.attributes import RESOURCE, STORE_CALLS, STORE_METHOD
from larst.telemetry.spans import Span

MAX_EVENTS = 20
"""Calls that get an event of their own; all are in the sums. A program may make thousands."""


class StoreCalls:
    """Tells of one run's calls."""

    def __init__(self, span: Span) -> None:
        self._span = span if span.is_kept else None
        self._counts: Counter[str] = Counter()

    def called(self, resource: str | None, method: str) -> None:
        """Note a call; `resource` is None for one of the session's store."""
        if self._span is None:
            return
        if self._counts.total() < MAX_EVENTS:
            told = {STORE_METHOD: method}
            if resource is not None:
                told[RESOURCE] = resource
            self._span.happened("larst.store.call", told)
        self._counts[method] += 1

    def done(self) -> None:
        """Tell the sums: all calls, and those of each method."""
        if self._span is not None:
            self._span.set(STORE_CALLS, self._counts.total())
            for method, calls in self._counts.items():
                self._span.set(f"{STORE_CALLS}.{method}", calls)

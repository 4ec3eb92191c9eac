"""Limits the SDK's log lines about an unreachable collector: one a minute, not one per batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from larst.otel.variables import redact

INTERVAL_S = 60.0

QUEUE_LOGGER = "opentelemetry.sdk._shared_internal"
"""Where the SDK logs each request that a full queue drops."""

QUEUE_FULL = "Queue full"
"""How the SDK's message about a dropped request starts."""

_log = logging.getLogger("otel")


def throttle_sdk_logs() -> None:
    """Replace the output of the SDK's loggers by one line a minute at most, from logger `otel`."""
    sdk = logging.getLogger("opentelemetry")
    if any(isinstance(handler, ThrottledHandler) for handler in sdk.handlers):
        return
    sdk.addHandler(ThrottledHandler())
    sdk.propagate = False
    sdk.setLevel(logging.WARNING)
    # First in the list: the SDK's own filter removes repeated messages, which must be counted.
    logging.getLogger(QUEUE_LOGGER).filters.insert(0, QueueFullFilter())


class IntervalCounter:
    """Counts events, and reports the count once per interval."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._reported_s: float | None = None
        self._count = 0

    def add(self) -> int | None:
        """Count an event; return the count since the last report, or None before it is due."""
        self._count += 1
        now_s = self._now()
        if self._reported_s is not None and now_s - self._reported_s < INTERVAL_S:
            return None
        count, self._reported_s, self._count = self._count, now_s, 0
        return count


class ThrottledHandler(logging.Handler):
    """Passes the first record on, then one a minute with the number of records held back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._counter = IntervalCounter(now)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, or count it."""
        if (count := self._counter.add()) is None:
            return
        more = f" ({count - 1} more in the meantime)" if count > 1 else ""
        _log.warning("telemetry: %s%s", redact(record.getMessage())[:500], more)


class QueueFullFilter(logging.Filter):
    """Counts the requests that a full queue drops, and logs the count once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._counter = IntervalCounter(now)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let only other records pass."""
        if not record.msg.startswith(QUEUE_FULL):
            return True
        if (count := self._counter.add()) is not None:
            _log.warning(
                "telemetry: the queue is full and dropped the spans of %d requests; raise"
                " OTEL_BSP_MAX_QUEUE_SIZE, or sample with OTEL_TRACES_SAMPLER",
                count,
            )
        return False

"""What the SDK says of a collector that is not there: a line a minute, not one a batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from larst.otel.variables import without_secrets

EVERY_S = 60.0

QUEUE_LOGGER = "opentelemetry.sdk._shared_internal"
"""Where the SDK tells of each request that a full queue drops."""

_log = logging.getLogger("otel")


def quieten() -> None:
    """Have the SDK's own loggers tell at most one line a minute, as the logger `otel`."""
    sdk = logging.getLogger("opentelemetry")
    if any(isinstance(handler, OneAMinute) for handler in sdk.handlers):
        return
    sdk.addHandler(OneAMinute())
    sdk.propagate = False
    sdk.setLevel(logging.WARNING)
    # The first of its filters: another one leaves out what has been said already.
    logging.getLogger(QUEUE_LOGGER).filters.insert(0, Drops())


class Minutes:
    """Counts what happens, and says once a minute how often it did."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told_s: float | None = None
        self._count = 0

    def happened(self) -> int | None:
        """Return how often it has, this time included, since it was told last; None: not now."""
        self._count += 1
        now_s = self._now()
        if self._told_s is not None and now_s - self._told_s < EVERY_S:
            return None
        count, self._told_s, self._count = self._count, now_s, 0
        return count


class OneAMinute(logging.Handler):
    """Passes on the first record, and then one a minute with how many were held back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._minutes = Minutes(now)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, or count it."""
        if (count := self._minutes.happened()) is None:
            return
        more = f" ({count - 1} more in the meantime)" if count > 1 else ""
        _log.warning("telemetry: %s%s", without_secrets(record.getMessage())[:500], more)


class Drops(logging.Filter):
    """Counts the requests that a full queue drops, and tells of them once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._minutes = Minutes(now)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what tells of anything else."""
        if not record.msg.startswith("Queue full"):
            return True
        if (count := self._minutes.happened()) is not None:
            _log.warning(
                "telemetry: the queue is full: the spans of %d requests are lost; raise"
                " OTEL_BSP_MAX_QUEUE_SIZE, or sample by OTEL_TRACES_SAMPLER",
                count,
            )
        return False

"""What the SDK says of a collector that is not there: a line a minute, not one a batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from otel.variables import without_secrets

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


class OneAMinute(logging.Handler):
    """Passes on the first record, and then one a minute with how many were held back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._now = now
        self._told_s: float | None = None
        self._held_back = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, or count it."""
        now_s = self._now()
        if self._told_s is not None and now_s - self._told_s < EVERY_S:
            self._held_back += 1
            return
        more = f" ({self._held_back} more in the meantime)" if self._held_back else ""
        self._told_s, self._held_back = now_s, 0
        _log.warning("telemetry: %s%s", without_secrets(record.getMessage())[:500], more)


class Drops(logging.Filter):
    """Counts the requests that a full queue drops, and tells of them once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._told_s: float | None = None
        self._dropped = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what tells of anything else."""
        if not record.msg.startswith("Queue full"):
            return True
        self._dropped += 1
        now_s = self._now()
        if self._told_s is None or now_s - self._told_s >= EVERY_S:
            _log.warning(
                "telemetry: the queue is full: the spans of %d requests are lost; raise"
                " OTEL_BSP_MAX_QUEUE_SIZE, or sample by OTEL_TRACES_SAMPLER",
                self._dropped,
            )
            self._told_s, self._dropped = now_s, 0
        return False

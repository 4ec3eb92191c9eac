"""What the SDK says of a collector that is not there: a line a minute, not one a batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_S = 60.0

_log = logging.getLogger("otel")


def quieten() -> None:
    """Have the SDK's own loggers tell at most one line a minute, as the logger `otel`."""
    sdk = logging.getLogger("opentelemetry")
    if any(isinstance(handler, OneAMinute) for handler in sdk.handlers):
        return
    sdk.addHandler(OneAMinute())
    sdk.propagate = False
    sdk.setLevel(logging.WARNING)
    # It warns of each span that a full queue drops, on the thread that serves requests, at some
    # microseconds each. That exports fail is told by the exporter.
    logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)


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
        _log.warning("telemetry: %s%s", record.getMessage()[:500], more)

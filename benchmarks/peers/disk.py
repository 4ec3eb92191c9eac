"""How long the disk takes to make an append durable: the floor of every durable write."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

from benchmarks.peers.stats import median

_APPENDS = 200
_APPEND_BYTES = 200


def fdatasync_ms(folder: Path) -> float:
    """Return the median of 200 appends of 200 bytes, each with fdatasync, in this folder."""
    times_s: list[float] = []
    block = b"x" * _APPEND_BYTES
    with NamedTemporaryFile(dir=folder) as file:
        for _ in range(_APPENDS):
            start_s = time.perf_counter()
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            times_s.append(time.perf_counter() - start_s)
    return median(times_s) * 1000

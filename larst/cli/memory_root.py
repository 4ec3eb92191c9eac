"""A data root in memory, for data that may be gone after the service has stopped."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a new folder in it is used, with a random name


@contextmanager
def memory_root() -> Iterator[Path]:
    """Make a data root in memory where the system has a place for that, else a temporary one.

    It is removed at the end. After a kill it stays until the machine restarts.
    """
    has_memory = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK)
    with tempfile.TemporaryDirectory(
        prefix="larst-", dir=_SHARED_MEMORY if has_memory else None, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)

"""Returning memory to the operating system, and pausing the garbage collector.

The docstring of the package has the reasons and the measurements. Must never change what a
request does.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator

TRIM_DELAY_S = 1.0

ALLOCATOR_VARIABLE = "PYTHONMALLOC"

_C_ALLOCATORS = frozenset({"malloc", "malloc_debug"})


@contextlib.contextmanager
def paused_collector(*, freezes: bool = True) -> Iterator[None]:
    """Pause the garbage collector, and exempt the objects allocated meanwhile from it for good.

    `freezes=False` exempts nothing: for work whose objects are freed before it ends.

    For work that allocates a million objects without reference cycles, such as parsing a large
    import. Reference counting frees their memory. Not reentrant; use it rarely, since all other
    objects that exist at the end are exempt, too.
    """
    gc.disable()
    try:
        yield
    finally:
        if freezes:
            gc.freeze()
        gc.enable()


class MemoryTrimmer:
    """Returns free pages to the operating system; calls within a second share one trim."""

    def __init__(
        self, trim: Callable[[], object] | None = None, *, delay_s: float = TRIM_DELAY_S
    ) -> None:
        self._trim = trim or c_library_trim()
        self._delay_s = delay_s
        self._pending: asyncio.TimerHandle | None = None

    def schedule(self) -> None:
        """Return the free pages in about a second; does nothing where that has no effect."""
        if self._trim is not None and self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(self._delay_s, self._start)

    def close(self) -> None:
        """Cancel a scheduled trim."""
        if self._pending is not None:
            self._pending.cancel()

    def _start(self) -> None:
        self._pending = None
        if self._trim is not None:
            # In a thread: malloc_trim walks the whole heap, and needs no interpreter lock for it.
            asyncio.get_running_loop().run_in_executor(None, self._trim)


def c_library_trim() -> Callable[[], object] | None:
    """Return `malloc_trim` of the C library; None if Python uses another allocator."""
    if os.environ.get(ALLOCATOR_VARIABLE) not in _C_ALLOCATORS or sys.platform != "linux":
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl does not have it
        return None
    return lambda: trim(0)

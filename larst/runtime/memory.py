"""Giving memory back to the operating system, once sessions have gone to sleep.

CPython's own allocator returns an arena of 1 MiB only when nothing at all is left in it; a handful
of survivors a session kept all of it (117 MB after 80,000 records were let go, where 57 MB was the
start; November 2026). The C library's gives back each free page when told to, so the service runs
on that one: 63 MB in the same experiment.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator

TRIM_AFTER_S = 1.0
_ALLOCATOR = "PYTHONMALLOC"


def use_c_allocator() -> None:
    """Begin this very program anew on the C library's allocator, where that gives pages back.

    Does nothing where it is in use already, or the user has chosen one.
    """
    if _ALLOCATOR in os.environ or _trim() is None or not sys.orig_argv:
        return
    os.environ[_ALLOCATOR] = "malloc"
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself
    except OSError:
        del os.environ[_ALLOCATOR]  # it serves as it is


@contextlib.contextmanager
def collector_at_rest() -> Iterator[None]:
    """Have Python's collector look for no cycles meanwhile, nor ever among what is made meanwhile.

    For a million objects that hold no cycle, as records do: to look through them stops all threads
    for half a second, again and again while they are made (November 2026). Their memory is freed
    without it. One at a time, and seldom: whatever else there is then is never looked at either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class MemoryTrimmer:
    """Gives free pages back, soon after it was asked to, and once for many who ask."""

    def __init__(
        self, trim: Callable[[], object] | None = None, *, after_s: float = TRIM_AFTER_S
    ) -> None:
        self._trim = trim or _trim()
        self._after_s = after_s
        self._pending: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Have the free pages given back in about a second."""
        if self._trim is not None and self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(self._after_s, self._begin)

    def close(self) -> None:
        """Take back what was asked."""
        if self._pending is not None:
            self._pending.cancel()

    def _begin(self) -> None:
        self._pending = None
        if self._trim is not None:
            # In a thread: it walks the whole heap, and needs no interpreter for that.
            asyncio.get_running_loop().run_in_executor(None, self._trim)


def _trim() -> Callable[[], object] | None:
    """Return what gives free pages back, None where the C library has no such call."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl has none
        return None
    return lambda: trim(0)

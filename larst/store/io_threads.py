"""Where the store's blocking work is done: what replies wait for, apart from what takes long.

asyncio's one pool has a handful of threads: ten sessions that were loaded or folded held the writes
of all others up for as long as that took.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from larst.errors import DiskRefusedError

Value = TypeVar("Value")

_WRITERS = 16
_WORKERS = 4


class Threads:
    """Two pools of threads, or asyncio's own where none are given."""

    def __init__(self, writers: Executor | None = None, workers: Executor | None = None) -> None:
        self._writers = writers
        self._workers = workers

    @classmethod
    def open(cls) -> Threads:
        """Return pools of the store's own; they end with `close`."""
        return cls(
            ThreadPoolExecutor(_WRITERS, thread_name_prefix="larst-writer"),
            ThreadPoolExecutor(_WORKERS, thread_name_prefix="larst-worker"),
        )

    def close(self) -> None:
        """Take no more work, and drop what has not begun; what runs may end."""
        for pool in (self._writers, self._workers):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)

    async def do(self, work: Callable[[], Value], *, is_long: bool) -> Value:
        """Return what the work comes to; `is_long`: no reply of another session may wait for it."""
        pool = self._workers if is_long else self._writers
        return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, work)

    async def to_end(self, work: Callable[[], Value], *, is_long: bool) -> Value:
        """Do the work to its end also when cancelled: two must never write at once.

        Raises:
            DiskRefusedError: the work raised OSError.
        """
        task = asyncio.ensure_future(self.do(work, is_long=is_long))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # the state it left is what counts, and says so
            raise
        except OSError as error:
            raise DiskRefusedError(
                f"the disk refused: {reason_of(error)}; nothing was changed. Make room or mend it,"
                " and try again"
            ) from error


def reason_of(error: OSError) -> str:
    """Return what the disk said."""
    return error.strerror or str(error)

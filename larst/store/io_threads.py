"""Thread pools for the store's blocking work: short writes, long work on files, and searches.

Replies wait for short writes. In asyncio's single pool of a few threads, ten sessions that were
loading or checkpointing delayed the writes of all others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store.disk.folders import FilesLostError
from larst.store.query.index_memory import IndexMemory
from larst.store.quiet_turns import QuietTurns

Value = TypeVar("Value")

_WRITERS = 16
_WORKERS = 4
_SEARCHERS = 2
"""Each thread that computes makes the event loop wait for the interpreter's lock."""


class Threads:
    """Three thread pools; without them, asyncio's default pool runs everything.

    `quiet_turns` and `index_memory` are those of all sessions that use the pools.
    """

    def __init__(
        self,
        writers: Executor | None = None,
        workers: Executor | None = None,
        searchers: Executor | None = None,
    ) -> None:
        self._writers = writers
        self._workers = workers
        self._searchers = searchers
        self._tasks: dict[asyncio.Task[None], Hashable] = {}
        self.quiet_turns = QuietTurns()
        self.index_memory = IndexMemory()

    @classmethod
    def open(cls) -> Threads:
        """Return new pools, which `close` ends."""
        return cls(
            ThreadPoolExecutor(_WRITERS, thread_name_prefix="larst-writer"),
            ThreadPoolExecutor(_WORKERS, thread_name_prefix="larst-worker"),
            ThreadPoolExecutor(_SEARCHERS, thread_name_prefix="larst-search"),
        )

    def close(self) -> None:
        """Accept no more work and drop queued work; running work may finish."""
        for pool in (self._writers, self._workers, self._searchers):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)

    def start(self, key: Hashable, work: Coroutine[Any, Any, None]) -> None:
        """Run the coroutine in a task of its own, which `finished` awaits; it must not raise."""
        task = asyncio.create_task(work)
        self._tasks[task] = key
        task.add_done_callback(self._tasks.pop)

    async def finished(self, key: Hashable) -> None:
        """Wait for the tasks that were started with this key."""
        while tasks := [task for task, own_key in self._tasks.items() if own_key == key]:
            await asyncio.wait(tasks)

    async def run(self, work: Callable[[], Value], *, is_long: bool) -> Value:
        """Return the result of the work; `is_long`: replies must not wait for it."""
        return await _run_in(self._workers if is_long else self._writers, work)

    async def run_search(self, work: Callable[[], Value]) -> Value:
        """Return the result of work that computes."""
        return await _run_in(self._searchers, work)

    async def run_to_completion(self, work: Callable[[], Value], *, is_long: bool) -> Value:
        """Run the work to completion even when cancelled: two writes must never overlap.

        Raises:
            SessionDamagedError: the work raised FilesLostError.
            DiskRefusedError: the work raised any other OSError.
        """
        task = asyncio.ensure_future(self.run(work, is_long=is_long))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # marks it retrieved; the files show its outcome
            raise
        except FilesLostError as error:
            raise SessionDamagedError(str(error)) from error
        except OSError as error:
            raise DiskRefusedError(
                f"the disk refused: {describe_os_error(error)}; nothing was changed. Make room or"
                " fix the disk, and try again"
            ) from error


async def _run_in(pool: Executor | None, work: Callable[[], Value]) -> Value:
    return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, work)


def describe_os_error(error: OSError) -> str:
    """Return the operating system's text for the error."""
    return error.strerror or str(error)

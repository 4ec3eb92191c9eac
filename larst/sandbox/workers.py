"""The worker processes: some for runs, and a spare that takes the place of one that was killed.

A jailed worker takes about 40 ms to start, so that a run after a kill would wait for it. Each
process is a pool of its own, which starts it again when it is warmed up: beside the runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from pydantic_monty import AsyncMonty, AsyncMontySession, MontyError
from pydantic_monty._binary import find_monty_binary  # the same file as the pool would start

from larst.config import SandboxSettings
from larst.errors import ConfigError
from larst.sandbox.jail import Jail

SPARES = 1

START_ATTEMPTS = 10
"""How often a start that took too long is tried again."""

_log = logging.getLogger("larst.sandbox")


class Workers:
    """Runs `size` programs at the same time, each in a process of its own in that jail."""

    def __init__(
        self, jail: Jail, *, size: int, kill_grace_s: float, request_timeout_s: float
    ) -> None:
        self.jail = jail
        self._processes = [
            AsyncMonty(
                binary_path=jail.launcher,
                min_processes=1,
                max_processes=1,
                feed_duration_limit_grace=kill_grace_s,
                request_timeout=request_timeout_s,
            )
            for _ in range(size + SPARES)
        ]
        self._free_runs = asyncio.Semaphore(size)
        # The last one in is the first one out: its memory is in the caches.
        self._ready: asyncio.LifoQueue[AsyncMonty] = asyncio.LifoQueue()
        self._busy: dict[AsyncMontySession, AsyncMonty] = {}
        self._is_open = False

    async def start(self) -> None:
        """Start all processes, and run a trivial program in each.

        Raises:
            MontyError: a process does not run; the others are stopped.
        """
        self._is_open = True
        try:
            await asyncio.gather(*(process.__aenter__() for process in self._processes))
            await asyncio.gather(*map(_warm_up, self._processes))
        except BaseException:
            await self.stop()
            raise
        for process in self._processes:
            self._ready.put_nowait(process)

    async def stop(self) -> None:
        """Stop all processes; programs that are still running fail."""
        self._is_open = False
        for process in self._processes:
            await process.__aexit__(None, None, None)
        self.jail.close()

    async def checkout(self, **options: Any) -> AsyncMontySession:
        """Return a fresh session of a free worker; `release` it.

        Raises:
            MontyError: the worker died while it was idle, or could not be started.
        """
        await self._free_runs.acquire()
        try:
            process = await self._ready.get()
            try:
                session = await process.checkout(**options).__aenter__()
            except BaseException:
                self._ready.put_nowait(process)
                raise
        except BaseException:
            self._free_runs.release()
            raise
        self._busy[session] = process
        return session

    async def release(self, session: AsyncMontySession) -> None:
        """Take the worker back; start it again if the run has ended it."""
        process = self._busy.pop(session)
        may_be_dead = session.worker_pid is None
        try:
            await session.__aexit__(None, None, None)
        finally:
            self._free_runs.release()
            if may_be_dead and self._is_open:
                # The next run in it reports the reason, and a stop meanwhile ends this too.
                with contextlib.suppress(MontyError, RuntimeError):
                    await _warm_up(process)
            self._ready.put_nowait(process)


async def start_workers(
    settings: SandboxSettings, *, kill_grace_s: float, request_timeout_s: float
) -> Workers:
    """Return running workers, in the most complete jail that works here.

    Raises:
        ConfigError: the settings require the whole jail, and parts of it are missing.
        MontyError: workers run neither in a jail nor without one.
    """

    async def start(jail: Jail) -> Workers:
        workers = Workers(
            jail,
            size=settings.workers,
            kill_grace_s=kill_grace_s,
            request_timeout_s=request_timeout_s,
        )
        _require(jail, settings)
        await workers.start()
        return workers

    binary = Path(find_monty_binary())
    for attempt in range(1, START_ATTEMPTS + 1):
        jail = await asyncio.to_thread(Jail.open, binary, memory_mb=settings.max_memory_mb)
        try:
            workers = await start(jail)
            break
        except MontyError as error:
            # A machine under load must not cost the jail: it is slow, and the jail works.
            if getattr(error, "timed_out", False) and attempt < START_ATTEMPTS:
                continue
            workers = await start(Jail.none(f"no worker runs in it here ({error})"))
            break
    state = workers.jail.state
    level = logging.INFO if state.is_full else logging.WARNING
    _log.log(level, "sandbox jail: %s", state, extra={"fields": {"jail": str(state)}})
    return workers


def _require(jail: Jail, settings: SandboxSettings) -> None:
    if settings.require_jail and not jail.state.is_full:
        jail.close()
        raise ConfigError(
            "LARS_SANDBOX_REQUIRE_JAIL=true, but the jail of the sandbox workers is"
            f" {jail.state}; allow the missing parts, or set it to false"
        )


async def _warm_up(process: AsyncMonty) -> None:
    """Wait until the process runs programs."""
    async with process.checkout() as session:
        await session.feed_run("1")

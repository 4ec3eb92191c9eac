"""Histories of a session that writes during its checkpoints, as histories.py draws them.

The steps of a checkpoint and the writes of the session alternate in an order drawn from the seed:
each job of a thread runs on the event loop, after a random number of other steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

from larst.store import SessionStore, Threads, checkpoint_choice
from tests.store.foreign_edits import Editor
from tests.store.histories import ERRORS, HOME, LIVES, Tenant, now
from tests.store.power_disk import KilledError, PowerDisk

Value = TypeVar("Value")

SMALL_LIMITS: dict[str, Any] = {"CHECKPOINT_BYTES": 3000, "SMALL_BYTES": 400, "QUIET_SHARE": 2.0}
"""With them, some checkpoints are of some resources, and some begin while the session writes."""


class SteppedThreads(Threads):
    """Runs each job on the event loop, after a random number of its steps; none after a kill."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._is_killed = False

    async def run(self, work: Callable[[], Value], *, is_long: bool) -> Value:
        del is_long
        await take_steps(self._random.randrange(12))
        if self._is_killed:
            raise KilledError
        try:
            return work()
        except KilledError:
            self._is_killed = True
            raise


class BusyTenant(Tenant):
    """Writes, restores and erases while checkpoints run."""

    async def live(self) -> None:
        """Load, check, write and checkpoint until killed; handle refusals as the actor does."""
        threads = SteppedThreads(self._random)
        store = SessionStore(
            HOME,
            files=self._disk,
            now=now,
            new_salt=lambda: self._random.randrange(2**32),
            threads=threads,
        )
        self._open_root()
        try:
            await self._live(store)
            await store.checkpoints.finished()
        finally:
            store.release()
            await threads.finished(HOME)

    async def _live(self, store: SessionStore) -> None:
        await self._load(store)
        for _ in range(8):
            for _ in range(self._random.randint(1, 3)):
                self._transact(store)
                await self._pause(store)
            await self._edit(store)
            if self._random.random() < 0.1:
                self._restore(store)
            await self._make_durable(store)
            await self._pause(store)
            if self._random.random() < 0.1:
                await self._checkpoint(store)
            if self._random.random() < 0.1:
                await self._erase(store)

    async def _pause(self, store: SessionStore) -> None:
        """Let a running checkpoint take some steps, or begin one."""
        if self._random.random() < 0.4:
            store.checkpoints.start_quiet()
        await take_steps(self._random.choice((0, self._random.randrange(60))))


async def take_steps(count: int) -> None:
    """Let other tasks take steps."""
    for _ in range(count):
        await asyncio.sleep(0)


async def run_busy_history(seed: int, *, has_edits: bool = False) -> int:
    """Run one history; return how often its session died.

    Raises:
        AssertionError: a change that was shown is lost, or half there. Any other error of the
            store is a failure, too. Each carries its seed.
    """
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    disk = PowerDisk(random)
    editor = Editor(disk, random, HOME / "users.json") if has_edits else None
    tenant = BusyTenant(disk, random, editor)
    if seed % 3 == 0:
        tenant.begin_as_version_1()
    deaths = 0
    for _ in range(LIVES):
        disk.dies_at = disk.calls + random.randint(1, 80)
        disk.refuses_at = disk.calls + random.randint(1, 80)
        disk.error = random.choice(ERRORS)
        try:
            with patch.multiple(checkpoint_choice, **SMALL_LIMITS):
                await tenant.live()
        except KilledError:
            deaths += 1
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        if random.random() < 0.5:
            is_broken = editor is not None and editor.is_broken
            disk.lose_power()
            if editor is not None and is_broken:
                editor.put_back()
        if editor is not None and random.random() < 0.5:
            editor.edit()
    return deaths

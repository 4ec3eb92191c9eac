"""Histories of a session: lives that end by a kill or a loss of power at any call of the disk.

A reference model says what must be there after each. Everything is drawn from a seed, so that a
history that fails can be run again.
"""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from larst.errors import DiskRefusedError
from larst.store import SessionStore
from tests.larst.store.power_disk import KilledError, PowerDisk

HOME = Path("/data/session")
LIVES = 6
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS)


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


class Tenant:
    """Writes numbered transactions, and knows what a session must hold after each."""

    def __init__(self, disk: PowerDisk, random: Random) -> None:
        self._disk = disk
        self._random = random
        self.shown = 0  # transactions that somebody has seen the effect of
        self.begun = 0

    async def live(self) -> None:
        """Load, look, write, fold; until killed. A refusal of the disk is met as the actor does."""
        store = SessionStore(
            HOME, files=self._disk, now=_now, new_salt=lambda: self._random.randrange(2**32)
        )
        try:
            await store.load()
        except DiskRefusedError:
            await store.load()
        self.look(store)
        for _ in range(8):
            for _ in range(self._random.randint(1, 3)):
                self._transact(store)
            await self._make_durable(store)
            if self._random.random() < 0.3:
                await self._fold(store)

    async def _make_durable(self, store: SessionStore) -> None:
        try:
            await store.flush()
        except DiskRefusedError:
            # Whoever waits for a reply is told that nothing was changed: so it must be.
            await store.reload()
            self.begun = self.shown
            self.look(store)
        else:
            self.shown = self.begun

    async def _fold(self, store: SessionStore) -> None:
        try:
            await store.fold()
        except DiskRefusedError:
            await store.reload()
            self.look(store)

    def look(self, store: SessionStore) -> None:
        """Check that the session holds a whole number of transactions, all that was shown."""
        done = len(_all(store, "logs"))
        assert self.shown <= done <= self.begun
        assert _all(store, "logs") == [{"id": n, "text": "x" * 300} for n in range(1, done + 1)]
        assert [user["id"] for user in _all(store, "users")] == [
            n for n in range(1, done + 1) if n % 3 or n == done
        ]
        self.shown = self.begun = done

    def _transact(self, store: SessionStore) -> None:
        self.begun += 1
        transaction = store.begin()
        transaction.resource("users").insert({"n": self.begun})
        transaction.resource("logs").insert({"text": "x" * 300})
        if self.begun > 1 and (self.begun - 1) % 3 == 0:
            assert transaction.resource("users").delete(self.begun - 1)
        store.commit(transaction)


def _all(store: SessionStore, resource: str) -> list[dict[str, Any]]:
    return list(store.begin().resource(resource).list()[0])


async def run_history(seed: int, disk_class: type[PowerDisk] = PowerDisk) -> int:
    """Run one history; return how often its session died.

    Raises:
        AssertionError: something that was shown is lost, or half there; any other error that the
            store met is as bad. Each carries its seed.
    """
    random = Random(seed)  # noqa: S311 - a test's dice, the same each time
    disk = disk_class(random)
    tenant = Tenant(disk, random)
    deaths = 0
    for _ in range(LIVES):
        disk.dies_at = disk.calls + random.randint(1, 40)
        disk.refuses_at = disk.calls + random.randint(1, 40)
        disk.error = random.choice(ERRORS)
        try:
            await tenant.live()
        except KilledError:
            deaths += 1
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        if random.random() < 0.5:
            disk.lose_power()
    return deaths

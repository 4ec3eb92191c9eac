"""Kills and losses of power at any call, life after life: nothing that was shown is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from larst.store import SessionStore
from tests.larst.store.power_disk import KilledError, PowerDisk

HOME = Path("/data/session")
LIVES = 6


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
        """Load, look, write, fold; until killed."""
        store = SessionStore(
            HOME, files=self._disk, now=_now, new_salt=lambda: self._random.randrange(2**32)
        )
        await store.load()
        self.look(store)
        for _ in range(8):
            for _ in range(self._random.randint(1, 3)):
                self._transact(store)
            await store.flush()
            self.shown = self.begun
            if self._random.random() < 0.3:
                await store.fold()

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


@pytest.mark.parametrize("start", range(0, 400, 100))
async def test_no_kill_and_no_loss_of_power_loses_what_was_shown(start: int) -> None:
    """Also not a kill first, whose leftovers were seen, and the power later."""
    for seed in range(start, start + 100):
        random = Random(seed)  # noqa: S311 - a test's dice, the same each time
        disk = PowerDisk(random)
        tenant = Tenant(disk, random)
        for _ in range(LIVES):
            disk.dies_at = disk.calls + random.randint(1, 40)
            try:
                await tenant.live()
            except KilledError:
                pass
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
            if random.random() < 0.5:
                disk.lose_power()

"""Histories of a session: lives that end by a kill or a loss of power at any call of the disk.

A reference model says what must be there after each. Everything is drawn from a seed, so that a
history that fails can be run again.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from larst.domain import Record
from larst.errors import DiskRefusedError
from larst.store import SessionStore
from larst.store.collection import Collection
from larst.store.transfer.replacing import replacements_of
from tests.store.power_disk import KilledError, PowerDisk

HOME = Path("/data/session")
LIVES = 6
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS)


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class State:
    """What a session must hold: its records, the ids given out, and the fields of its schema."""

    logs: tuple[Record, ...] = ()
    users: tuple[Record, ...] = ()
    last_id: int = 0
    fields: frozenset[str] = frozenset()

    def after_transaction(self) -> State:
        """Return what is there after a log and a user were added, and maybe a user deleted."""
        number = self.last_id + 1
        log, user = {"id": number, "text": "x" * 300}, {"id": number, "n": number}
        users = [one for one in self.users if not self.deletes or one["id"] != self.last_id]
        fields = self.fields | {"id", "n"}
        return State((*self.logs, log), (*users, user), number, fields)

    @property
    def deletes(self) -> bool:
        """Whether the next transaction deletes the last user."""
        return self.last_id % 3 == 0 and any(one["id"] == self.last_id for one in self.users)


class Tenant:
    """Writes, restores and erases, and knows what a session must hold after each."""

    def __init__(self, disk: PowerDisk, random: Random) -> None:
        self._disk = disk
        self._random = random
        self._states = [State()]  # the first is what somebody has seen, the last what was begun

    async def live(self) -> None:
        """Load, look, write, checkpoint; until killed. A refusal of the disk is met as the actor does."""
        store = SessionStore(
            HOME, files=self._disk, now=_now, new_salt=lambda: self._random.randrange(2**32)
        )
        self._open_root()
        try:
            await store.load()
        except DiskRefusedError:
            await store.load()
        self.look(store)
        for _ in range(8):
            for _ in range(self._random.randint(1, 3)):
                self._transact(store)
            if self._random.random() < 0.1:
                self._restore(store)
            await self._make_durable(store)
            if self._random.random() < 0.3:
                await self._checkpoint(store)
            if self._random.random() < 0.1:
                await self._erase(store)

    def _open_root(self) -> None:
        """As a service does that starts: what the last one renamed may be in memory only."""
        try:
            self._disk.sync_directory(HOME.parent)
        except OSError:
            self._disk.sync_directory(HOME.parent)

    async def _make_durable(self, store: SessionStore) -> None:
        try:
            await store.flush()
        except DiskRefusedError:
            # Whoever waits for a reply is told that nothing was changed: so it must be.
            await store.reload()
            self._states = self._states[:1]
            self.look(store)
        else:
            self._states = self._states[-1:]

    async def _checkpoint(self, store: SessionStore) -> None:
        try:
            await store.checkpoint()
        except DiskRefusedError:
            await store.reload()
            self.look(store)

    async def _erase(self, store: SessionStore) -> None:
        self._states.append(State())
        try:
            await store.erase()
        except DiskRefusedError:
            # One refusal can be made up for: nothing was changed, in memory nor on disk.
            self._states = self._states[:1]
            self.look(store)
            await store.reload()
            self.look(store)
        else:
            self._states = self._states[-1:]
            self.look(store)

    def look(self, store: SessionStore) -> None:
        """Check that the session holds a whole number of changes, all that was shown."""
        held = store.snapshot()
        logs, users = (held.get(name, Collection()) for name in ("logs", "users"))
        found = State(
            tuple(logs.records.values()), tuple(users.records.values()), users.auto_id, users.fields
        )
        assert found in self._states
        assert logs.auto_id == users.auto_id
        self._states = [found]

    def _transact(self, store: SessionStore) -> None:
        before = self._states[-1]
        self._states.append(before.after_transaction())
        transaction = store.begin()
        transaction.resource("users").insert({"n": before.last_id + 1})
        transaction.resource("logs").insert({"text": "x" * 300})
        if before.deletes:
            assert transaction.resource("users").delete(before.last_id)
        store.commit(transaction)

    def _restore(self, store: SessionStore) -> None:
        """Put other records there, in an order of their own, or nothing at all."""
        backup = self._random.choice(
            [
                State(),
                State(({"id": 2, "text": "y"}, {"id": 1, "text": "z"}), (), 2),
                State((), ({"id": 3, "m": 1}, {"id": 1, "m": 1}), 3, frozenset({"id", "m"})),
            ]
        )
        last_id = max(backup.last_id, self._states[-1].last_id)
        self._states.append(replace(backup, last_id=last_id))
        resources = {
            name: Collection({str(one["id"]): dict(one) for one in records}, backup.last_id)
            for name, records in (("logs", backup.logs), ("users", backup.users))
            if backup.last_id
        }
        for collection in resources.values():
            collection.derive_metadata(_now())
        store.restore(replacements_of(resources))


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

"""Histories of a session: lives that end with a kill or a loss of power at any disk call.

A reference model holds the state that must be there after each life. Everything is drawn from a
seed, so that a failing history can be repeated. A third of the sessions begin as LARST 0.1 left
them, so that their upgrade is interrupted at any call, too. With `has_edits`, a person edits a file
(foreign_edits.py), while the session is awake and between its lives.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from larst.domain import Record
from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import SessionStore
from larst.store.collection import Collection
from larst.store.transfer.replacing import prepare_replacements
from tests.store import version_1
from tests.store.foreign_edits import Editor
from tests.store.power_disk import KilledError, PowerDisk

HOME = Path("/data/session")
LIVES = 6
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS)


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class State:
    """What a session must hold: its records, next ids, and the fields of its schema.

    `logs` and `users` change in every transaction and share `next_id`; `idle` never changes.
    """

    logs: tuple[Record, ...] = ()
    users: tuple[Record, ...] = ()
    next_id: int = 1
    fields: frozenset[str] = frozenset()
    idle_next_id: int = 1

    def after_transaction(self) -> State:
        """Return the state after a log and a user are added, and perhaps a user is deleted."""
        number = self.next_id
        log, user = {"id": number, "text": "x" * 300}, {"id": number, "n": number}
        users = [user for user in self.users if not self.deletes or user["id"] != number - 1]
        fields = self.fields | {"id", "n"}
        return State((*self.logs, log), (*users, user), number + 1, fields, self.idle_next_id)

    @property
    def deletes(self) -> bool:
        """Whether the next transaction deletes the last user."""
        last_id = self.next_id - 1
        return last_id % 3 == 0 and any(user["id"] == last_id for user in self.users)


class Tenant:
    """Writes, restores and erases, and knows what the session must hold after each."""

    def __init__(self, disk: PowerDisk, random: Random, editor: Editor | None = None) -> None:
        self.editor = editor
        self._disk = disk
        self._random = random
        self._states = [State()]  # from the last state that was shown to the last one begun

    def begin_as_version_1(self) -> None:
        """Put a session of LARST 0.1 on the disk, with a transaction in its journal."""
        base = State(idle_next_id=8)
        for _ in range(3):
            base = base.after_transaction()
        after = base.after_transaction()
        documents = {
            **version_1.documents("logs", base.logs, base.next_id - 1),
            **version_1.documents("users", base.users, base.next_id - 1),
            **version_1.documents("idle", [{"id": 1}], base.idle_next_id - 1),
        }
        last_id = after.next_id - 1
        resources = {
            "logs": version_1.change(after.logs[-1], last_id=last_id),
            "users": version_1.change(after.users[-1], last_id=last_id, deleted=["3"]),
        }
        journal = version_1.journal(documents, [{"tx": 1, "resources": resources}])
        self._disk.install(HOME, {**documents, ".journal": journal})
        self._states = [after]

    async def live(self) -> None:
        """Load, check, write and checkpoint until killed; handle refusals as the actor does."""
        store = SessionStore(
            HOME, files=self._disk, now=now, new_salt=lambda: self._random.randrange(2**32)
        )
        self._open_root()
        await self._load(store)
        for _ in range(8):
            for _ in range(self._random.randint(1, 3)):
                self._transact(store)
            await self._edit(store)
            if self._random.random() < 0.1:
                self._restore(store)
            await self._make_durable(store)
            if self._random.random() < 0.3:
                await self._checkpoint(store)
            if self._random.random() < 0.1:
                await self._erase(store)

    async def _load(self, store: SessionStore) -> None:
        """Load, and load again after a refusal; a broken file is replaced by a good one first."""
        for _ in range(3):
            try:
                await store.load()
            except DiskRefusedError:
                continue
            except SessionDamagedError:
                if self.editor is None or not self.editor.put_back():
                    raise
            else:
                break
        self.check(store)

    async def _edit(self, store: SessionStore) -> None:
        """Edit the file now and then; the session sees it at once, or later."""
        if self.editor is None or self._random.random() > 0.2:
            return
        await self._make_durable(store)
        if self._random.random() < 0.2:
            self.editor.break_file()
        else:
            self.editor.edit()
            if self._random.random() < 0.5:
                return
        try:
            await store.edits.take_in()
        except DiskRefusedError:
            await self._load(store)
        self.check(store)

    def _open_root(self) -> None:
        """Sync the root, as a starting service does: renames may be in memory only."""
        try:
            self._disk.sync_directory(HOME.parent)
        except OSError:
            self._disk.sync_directory(HOME.parent)

    async def _make_durable(self, store: SessionStore) -> None:
        try:
            await store.durability.flush()
        except DiskRefusedError:
            await self._reload(store)
            # Clients get a reply that nothing was changed, so nothing may be.
            self._states = self._states[:1]
            self.check(store)
        else:
            self._states = self._states[-1:]

    async def _checkpoint(self, store: SessionStore) -> None:
        try:
            await store.durability.checkpoint()
        except DiskRefusedError:
            await self._reload(store)
            self.check(store)

    async def _reload(self, store: SessionStore) -> None:
        try:
            await store.reload()
        except SessionDamagedError:
            await self._load(store)

    async def _erase(self, store: SessionStore) -> None:
        self._states.append(State())
        try:
            await store.erase()
        except DiskRefusedError:
            # A single refusal can be undone: nothing was changed, neither in memory nor on disk.
            self._states = self._states[:1]
            self.check(store)
            await self._reload(store)
            self.check(store)
        else:
            self._states = self._states[-1:]
            if self.editor is not None:
                self.editor.forget()
            self.check(store)

    def check(self, store: SessionStore) -> None:
        """Check that the session holds a whole number of changes, and all that were shown."""
        resources = store.data.snapshot()
        logs, users, idle = (
            resources.get(name, Collection()) for name in ("logs", "users", "idle")
        )
        state = State(
            tuple(logs.records.values()),
            tuple(users.records.values()),
            users.next_id,
            users.fields,
            idle.next_id,
        )
        assert logs.next_id == users.next_id, (logs.next_id, users.next_id)
        if self.editor is None:
            assert state in self._states
            assert store.edits.reports == []
        else:
            states = [(replace(item, users=()), item.users) for item in self._states]
            assert self.editor.accepts(replace(state, users=()), state.users, states)
        self._states = [state]

    def _transact(self, store: SessionStore) -> None:
        before = self._states[-1]
        self._states.append(before.after_transaction())
        transaction = store.commits.begin()
        transaction.resource("users").insert({"n": before.next_id})
        transaction.resource("logs").insert({"text": "x" * 300})
        if before.deletes:
            assert transaction.resource("users").delete(before.next_id - 1)
        store.commits.commit(transaction)

    def _restore(self, store: SessionStore) -> None:
        """Replace everything by other records, in another order, or by nothing."""
        backup = self._random.choice(
            [
                State(),
                State(({"id": 2, "text": "y"}, {"id": 1, "text": "z"}), (), 3),
                State((), ({"id": 3, "m": 1}, {"id": 1, "m": 1}), 4, frozenset({"id", "m"})),
            ]
        )
        before = self._states[-1]
        next_id = max(backup.next_id, before.next_id)
        self._states.append(replace(backup, next_id=next_id, idle_next_id=before.idle_next_id))
        resources = {
            name: Collection(
                {str(record["id"]): dict(record) for record in records}, backup.next_id
            )
            for name, records in (("logs", backup.logs), ("users", backup.users))
            if backup.next_id > 1
        }
        for collection in resources.values():
            collection.derive_metadata(now())
        store.replacements.restore(prepare_replacements(resources))


async def run_history(
    seed: int, disk_class: type[PowerDisk] = PowerDisk, *, has_edits: bool = False
) -> int:
    """Run one history; return how often its session died.

    Raises:
        AssertionError: a change that was shown is lost, or half there. Any other error of the
            store is a failure, too. Each carries its seed.
    """
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    disk = disk_class(random)
    editor = Editor(disk, random, HOME / "users.json") if has_edits else None
    tenant = Tenant(disk, random, editor)
    if seed % 3 == 0:
        tenant.begin_as_version_1()
    deaths = 0
    for _ in range(LIVES):
        disk.dies_at = disk.calls + random.randint(1, 40)
        disk.refuses_at = disk.calls + random.randint(1, 40)
        disk.error = random.choice(ERRORS)
        try:
            deaths += await _is_killed(tenant)
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


async def _is_killed(tenant: Tenant) -> bool:
    try:
        await tenant.live()
    except KilledError:
        return True
    return False

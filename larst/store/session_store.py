"""A session's data: resources in memory, one journal on disk, readable files in the end.

A transaction is applied in memory at once and made durable by `flush`, many at a time. Only the
session's actor calls this room, and it lets no reply go that saw what is not durable yet.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from larst.domain import Json, Record
from larst.errors import DiskRefusedError
from larst.store.collection import Change, Collection, learn_schema
from larst.store.disk.files import FileOps
from larst.store.disk.journal import Line
from larst.store.disk.session_files import Loaded, SessionFiles
from larst.store.io_threads import Threads, reason_of
from larst.store.schema.drift import MAX_DRIFTS, find_drifts
from larst.store.transaction import Transaction
from larst.store.transfer.replacing import Replacement, free, spelled

_log = logging.getLogger("larst.store")

CHECKPOINT_BYTES = 4 * 1024 * 1024
"""A journal larger than this, and than the files it completes, is folded at once: what is then
rewritten is never more than what was written since."""


_NAMES_TOLD = 20

FEW_RECORDS = 2_000
"""What is folded in milliseconds; a write of the session waits for it, so it waits for nothing."""


def _random_salt() -> int:
    return secrets.randbits(32)


def _nothing() -> None:
    """Nobody wants to know, and nobody has asked for anything."""


class SessionStore:
    """All of one session's resources. Nothing is read or made before `load`.

    `on_flushed` is called on the event loop after each write of the journal.
    """

    def __init__(
        self,
        directory: Path,
        *,
        files: FileOps,
        now: Callable[[], datetime],
        new_salt: Callable[[], int] = _random_salt,
        on_flushed: Callable[[], None] = _nothing,
        threads: Threads | None = None,
    ) -> None:
        self._threads = threads or Threads()
        self._directory = directory
        self._on_flushed = on_flushed
        self._now = now
        self._session_files = SessionFiles(directory, files, now, new_salt)
        self._collections: dict[str, Collection] = {}
        self._pending: list[Line] = []  # transactions that no flush has taken yet
        self._replaced: list[Collection] = []  # collections whose memory is to be freed
        self._dirty: set[str] = set()
        self._checkpoint_at_bytes = CHECKPOINT_BYTES
        self._has_failed = False
        self._is_loaded = False
        self._disk = asyncio.Lock()  # flushes and checkpoints go one after another

    async def load(self) -> None:
        """Read what the session's files hold.

        Raises:
            SessionDamagedError: a file is not what was written; it was set aside.
            DiskRefusedError: they cannot be read.
        """
        async with self._disk:
            loaded = await self._threads.to_end(self._session_files.load, is_long=True)
        self._take_in(loaded)
        if loaded.dirty:
            names = ", ".join(sorted(loaded.dirty)[:_NAMES_TOLD])
            told = {"session_id": self._directory.name, "event": "Recovered"}
            _log.info("recovered what the files lacked: %s", names, extra={"fields": told})

    async def reload(self) -> None:
        """Go back to what is durable, after a flush has failed.

        Raises:
            SessionDamagedError, DiskRefusedError: as for `load`.
        """
        async with self._disk:
            self._take_in(await self._threads.to_end(self._session_files.reload, is_long=True))

    async def set_all_aside(self) -> None:
        """Move the session's files out of the way, under other names, and start empty.

        Raises:
            SessionDamagedError, DiskRefusedError: as for `load`.
        """
        async with self._disk:
            await self._threads.to_end(self._session_files.set_all_aside, is_long=True)
            loaded = await self._threads.to_end(self._session_files.load, is_long=True)
        self._take_in(loaded)

    def begin(self) -> Transaction:
        """Return a view of the session for one request; to drop it is the rollback."""
        return Transaction(self._collections)

    def commit(self, transaction: Transaction) -> bool:
        """Apply what was changed; tell whether there is something to flush."""
        changes = {
            name: self._learned(name, change) for name, change in transaction.changes().items()
        }
        if not changes:
            return False
        for name, change in changes.items():
            self._collections.setdefault(name, Collection()).apply(change)
        self._pending.append({"resources": {name: spelled(changes[name]) for name in changes}})
        self._dirty.update(changes)
        return True

    def snapshot(self) -> dict[str, Collection]:
        """Return the resources as they are now; what is changed later does not show in it."""
        return {name: one.snapshot() for name, one in sorted(self._collections.items())}

    def counts(self) -> dict[str, int]:
        """Return how many records there are, by resource."""
        return {name: len(one.records) for name, one in sorted(self._collections.items())}

    def restore(self, replacements: Mapping[str, Replacement]) -> None:
        """Put these in the place of all that there is, as one transaction.

        Each must be complete (`Collection.complete`). Ids that were given out here stay so, also
        in resources that are empty then.
        """
        line: dict[str, Any] = {}
        for name in sorted({*replacements, *self._collections}):
            before = self._collections.get(name, Collection())
            one = replacements.get(name) or Replacement()
            one.collection.auto_id = max(one.collection.auto_id, before.auto_id)
            self._replaced.append(before)
            self._collections[name] = one.collection
            line[name] = one.spelled()
        self._pending.append({"resources": line})
        self._dirty.update(line)

    async def erase(self) -> None:
        """Forget everything, on disk too; ids begin anew.

        Raises:
            DiskRefusedError: nothing was erased; or all is, but perhaps not durably: it says so.
        """
        async with self._disk:
            doubt = await self._threads.to_end(self._erase, is_long=True)
        if doubt is not None:
            raise DiskRefusedError(
                f"the disk refused: {reason_of(doubt)}. The session is erased, but a loss of power"
                " may bring it back; mend the disk, and look"
            ) from doubt

    def find_drifts(self, transaction: Transaction) -> list[str]:
        """Return how what the transaction writes differs from what was learned before it.

        The first write of a resource defines its schema, so nothing can differ from it.
        """
        found: list[str] = []
        for name, change in transaction.changes().items():
            collection = self._collections.get(name)
            if collection is None or collection.schema is None:
                continue
            for record in change.put:
                drifts = find_drifts(collection.schema["json_schema"], record)
                # In ASCII: ids are a client's text, and a header may carry them.
                record_id = ascii(str(record["id"])[:80])[1:-1]
                found += [f"{name}/{record_id}: {drift}" for drift in drifts]
                if len(found) >= MAX_DRIFTS:
                    return found[:MAX_DRIFTS]
        return found

    async def flush(self) -> None:
        """Make every committed transaction durable; checkpoint when the journal has grown large.

        Raises:
            DiskRefusedError: nothing of it counts; `reload` before anything else.
        """
        async with self._disk:
            await self._write(
                checkpoints=self._session_files.journal.end > self._checkpoint_at_bytes
            )

    async def checkpoint(self) -> None:
        """Complete the documented files, and begin a fresh journal.

        A disk that refuses the checkpoint is logged: the journal still completes the files, and what
        is committed later goes on in it.

        Raises:
            DiskRefusedError: what was committed could not be made durable; as for `flush`.
        """
        async with self._disk:
            await self._write(checkpoints=True)

    async def close(self) -> None:
        """Complete the documented files; as `checkpoint`."""
        await self.checkpoint()

    def release(self) -> None:
        """Free the records' memory at once; only `load` makes sense afterwards.

        Whoever else still holds the store does not hold them then, and no collector is needed.
        """
        self._is_loaded = False
        self._collections, self._dirty = {}, set()
        self._pending, self._replaced = [], []

    @property
    def session_id(self) -> str:
        """The id of the session: the name of its directory."""
        return self._directory.name

    @property
    def is_loaded(self) -> bool:
        """Whether the session's data are in memory."""
        return self._is_loaded

    def record(self, resource: str, id: str) -> Record | None:
        """Return the stored record, which must not be changed; or None."""
        collection = self._collections.get(resource)
        return None if collection is None else collection.records.get(id)

    def names(self) -> list[str]:
        """Return the names of the resources that exist, sorted."""
        return sorted(self._collections)

    def has(self, resource: str) -> bool:
        """Tell whether the resource exists."""
        return resource in self._collections

    def schema(self, name: str) -> Json | None:
        """Return the learned schema's file content, or None."""
        collection = self._collections.get(name)
        return None if collection is None else collection.schema

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that the resource's records ever had."""
        collection = self._collections.get(resource)
        return frozenset() if collection is None else collection.fields

    def has_record(self, resource: str, id: str) -> bool:
        """Tell whether the record exists."""
        collection = self._collections.get(resource)
        return collection is not None and id in collection.records

    def _erase(self) -> OSError | None:
        """Erase, and forget in the same step: whoever waits for it may be cancelled meanwhile."""
        doubt = self._session_files.erase()
        forgotten = self._collections
        self._take_in(Loaded({}, set(), 0))
        free(forgotten.values())
        return doubt

    def _take_in(self, loaded: Loaded) -> None:
        self._collections, self._dirty = loaded.collections, loaded.dirty
        self._pending.clear()
        self._is_loaded = True
        self._checkpoint_at_bytes = max(CHECKPOINT_BYTES, loaded.file_bytes)
        self._has_failed = False

    def _learned(self, name: str, change: Change) -> Change:
        """Return the change with what its records teach; most teach nothing."""
        collection = self._collections.get(name)
        known = learned = collection.schema if collection else None
        for record in change.put:
            learned = learn_schema(learned, record, self._now())
        return change if learned is known else replace(change, schema=learned)

    async def _write(self, *, checkpoints: bool) -> None:
        """Write what is committed now and, if asked, checkpoint what the resources hold with it.

        Both are taken in one turn of the loop, so that they stand for the same moment; what is
        committed later goes to the next flush, and then to the new journal.
        """
        if self._has_failed:
            raise DiskRefusedError("an earlier write failed; nothing was changed, try again")
        taken, self._pending = self._pending, []
        replaced, self._replaced = self._replaced, []
        frozen = self._freeze() if checkpoints else {}
        try:
            if taken:
                self._has_failed = True  # until it is known to be written
                await self._threads.to_end(partial(self._append, taken), is_long=False)
                self._on_flushed()
            if frozen and self._session_files.journal.has_changes:
                await self._checkpoint(frozen)
            if replaced:
                await self._threads.to_end(partial(free, replaced), is_long=True)
        except BaseException:
            self._dirty.update(frozen)
            raise

    def _append(self, taken: list[Line]) -> None:
        self._session_files.journal.append(taken)
        self._has_failed = False

    def _freeze(self) -> dict[str, Collection]:
        """Return what is to be folded; what changes from now on is dirty again."""
        names, self._dirty = self._dirty, set()
        return {name: self._collections[name].snapshot() for name in sorted(names)}

    async def _checkpoint(self, frozen: Mapping[str, Collection]) -> None:
        try:
            file_bytes = await self._threads.to_end(
                partial(self._session_files.checkpoint, frozen),
                is_long=sum(len(one.records) for one in frozen.values()) > FEW_RECORDS,
            )
        except DiskRefusedError as error:
            self._dirty.update(frozen)
            # Else every flush would try again, and take as long.
            self._checkpoint_at_bytes = self._session_files.journal.end + CHECKPOINT_BYTES
            _log.warning("%s was not folded: %s", self._directory, error.__cause__)
        else:
            self._checkpoint_at_bytes = max(CHECKPOINT_BYTES, file_bytes)

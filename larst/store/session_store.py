"""A session's data: resources in memory, one journal on disk, readable files in the end.

A transaction is applied in memory at once and made durable by `flush`, many at a time. Only the
session's actor calls this room, and it lets no reply go that saw what is not durable yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from larst.errors import DiskRefusedError
from larst.model import Json
from larst.store.collection import Change, Collection, CollectionView, learned_with
from larst.store.files import FileOps
from larst.store.layout import (
    JOURNAL,
    Journal,
    change_payload,
    contents_of,
    digests_of,
    frame_of,
)
from larst.store.records import resource_name
from larst.store.session_files import SessionFiles

_log = logging.getLogger("larst.store")

FOLD_BYTES = 4 * 1024 * 1024
"""A journal larger than this, and than the files it completes, is folded at once: what is then
rewritten is never more than what was written since."""


class Transaction:
    """One request's view of a session; what it changed counts only once it is committed."""

    def __init__(self, collections: Mapping[str, Collection]) -> None:
        self._collections = collections
        self._views: dict[str, CollectionView] = {}

    def resource(self, name: str) -> CollectionView:
        """Return the resource, also one that nothing was ever stored in.

        Raises:
            BadResourceNameError: no resource can have the name.
        """
        if name not in self._views:
            base = self._collections.get(resource_name(name)) or Collection()
            self._views[name] = CollectionView(name, base)
        return self._views[name]

    def names(self) -> list[str]:
        """Return the names of the resources that exist, sorted."""
        return sorted({*self._collections, *self.changes()})

    def changes(self) -> dict[str, Change]:
        """Return what was changed, by resource."""
        return {
            name: change
            for name, view in self._views.items()
            if (change := view.change()) is not None
        }


class SessionStore:
    """All of one session's resources. Nothing is read or made before `load`."""

    def __init__(self, directory: Path, *, files: FileOps, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._files = files
        self._now = now
        self._collections: dict[str, Collection] = {}
        self._journal = Journal()
        self._pending: list[dict[str, Any]] = []  # transactions that no flush has taken yet
        self._unfolded: set[str] = set()
        self._folded_bytes = 0
        self._disk = asyncio.Lock()  # flushes and folds go one after another

    async def load(self) -> None:
        """Read what the session's files hold.

        Raises:
            SessionDamagedError: a file is not what was written; it was set aside.
            DiskRefusedError: they cannot be read.
        """
        await self._load(up_to=None)

    async def reload(self) -> None:
        """Go back to what is durable, after a flush has failed.

        Raises:
            SessionDamagedError, DiskRefusedError: as for `load`.
        """
        async with self._disk:
            end = self._journal.end
            with _translated():
                await asyncio.to_thread(self._undo_failed_write)
            must_truncate = self._journal.must_truncate
            await self._load(up_to=end or None)
            self._journal.must_truncate |= must_truncate

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
        self._pending.append(change_payload(changes))
        self._unfolded.update(changes)
        return True

    async def flush(self) -> None:
        """Make every committed transaction durable; fold when the journal has grown large.

        Raises:
            DiskRefusedError: nothing of it counts; `reload` before anything else.
        """
        async with self._disk:
            is_large = self._journal.end > max(FOLD_BYTES, self._folded_bytes)
            taken, frozen = self._take(folds=is_large)
            if taken:
                with _translated():
                    await asyncio.to_thread(self._append, taken)
            if frozen:
                await self._fold(frozen)

    async def fold(self) -> None:
        """Complete the documented files, and begin a fresh journal.

        A disk that refuses the fold is logged: the journal still completes the files.

        Raises:
            DiskRefusedError: what was committed could not be made durable; as for `flush`.
        """
        async with self._disk:
            taken, frozen = self._take(folds=True)
            if taken:
                with _translated():
                    await asyncio.to_thread(self._append, taken)
            if frozen:
                await self._fold(frozen)

    async def close(self) -> None:
        """Complete the documented files; as `fold`."""
        await self.fold()

    def names(self) -> list[str]:
        """Return the names of the resources that exist, sorted."""
        return sorted(self._collections)

    def schema(self, name: str) -> Json | None:
        """Return the learned schema's file content, or None."""
        collection = self._collections.get(name)
        return None if collection is None else collection.learned

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that the resource's records ever had."""
        collection = self._collections.get(resource)
        return frozenset() if collection is None else collection.fields

    def has_record(self, resource: str, id: str) -> bool:
        """Tell whether the record exists."""
        collection = self._collections.get(resource)
        return collection is not None and id in collection.records

    async def _load(self, *, up_to: int | None) -> None:
        with _translated():
            loaded = await asyncio.to_thread(self._session_files().load, up_to=up_to)
        self._collections, self._journal = loaded.collections, loaded.journal
        self._pending.clear()
        self._unfolded = set(loaded.collections) if loaded.journal.has_changes else set()

    def _learned(self, name: str, change: Change) -> Change:
        """Return the change with what its records teach; most teach nothing."""
        collection = self._collections.get(name)
        known = learned = collection.learned if collection else None
        for record in change.put:
            learned = learned_with(learned, record, self._now())
        return change if learned is known else replace(change, learned=learned)

    def _take(self, *, folds: bool) -> tuple[list[dict[str, Any]], dict[str, Collection]]:
        """Take the transactions to write and, to fold, what the resources hold after them.

        Both in one turn of the loop, so that they stand for the same moment; what is committed
        later goes to the next flush, and then to the new journal.
        """
        taken, self._pending = self._pending, []
        if not folds:
            return taken, {}
        names, self._unfolded = self._unfolded, set()
        frozen = {
            name: replace(collection, records=dict(collection.records))
            for name, collection in self._collections.items()
            if name in names
        }
        return taken, frozen

    def _append(self, payloads: list[dict[str, Any]]) -> None:
        """Write frames to the journal, which is made with the first of them. In a thread."""
        journal = self._journal
        if not journal.end:
            self._files.make_directory(self._directory)
            self._journal = self._session_files().start_journal(journal.base, payloads)
            return
        path = self._directory / JOURNAL
        if journal.must_truncate:
            self._files.truncate(path, journal.end)
            journal.must_truncate = False
        frames = b"".join(frame_of(payload, journal) for payload in payloads)
        journal.must_truncate = True  # until it is known to be written whole
        self._files.write_at(path, journal.end, frames)
        journal.must_truncate = False
        journal.end += len(frames)
        journal.has_changes = True

    def _undo_failed_write(self) -> None:
        """Cut off or remove what a failed write may have left. In a thread."""
        journal = self._journal
        if not journal.end:
            self._session_files().drop_journal()
        elif journal.must_truncate:
            with contextlib.suppress(OSError):  # tried again before the next write
                self._files.truncate(self._directory / JOURNAL, journal.end)
                journal.must_truncate = False

    async def _fold(self, frozen: Mapping[str, Collection]) -> None:
        """Fold what the journal stands for; a disk that refuses leaves all complete."""
        try:
            await asyncio.to_thread(self._write_fold, frozen)
        except OSError as error:
            self._unfolded.update(frozen)
            _log.warning("%s was not folded: %s; its journal goes on", self._directory, error)
        except BaseException:
            self._unfolded.update(frozen)
            raise

    def _write_fold(self, frozen: Mapping[str, Collection]) -> None:
        """Write the documented files, and then a journal that begins from them. In a thread."""
        contents = {
            file_name: chunks
            for name, collection in frozen.items()
            for file_name, chunks in contents_of(name, collection)
        }
        digests = digests_of(contents)
        self._append([{"next": digests}])
        files = self._session_files()
        files.write_folded(contents)
        base = {**self._journal.base, **digests}
        # From here on the documented files are the whole truth, whichever journal is in place:
        # should the new one fail, the next write begins another (`end` 0: there is none).
        self._journal = Journal(base=base)
        self._journal = files.start_journal(base, [])
        self._folded_bytes = sum(len(chunk) for chunks in contents.values() for chunk in chunks)

    def _session_files(self) -> SessionFiles:
        return SessionFiles(self._directory, self._files, self._now())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskRefusedError(
            f"the disk refused: {reason}; nothing was changed. Make room or mend it, and try again"
        ) from error

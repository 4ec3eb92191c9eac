"""The resources of one session: in memory, in a journal on disk, and in documented files.

A commit changes memory at once; `flush` makes many commits durable together. Must be used only by
the session's actor, which holds back every reply that depends on a commit until it is durable.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Collection as Names
from datetime import datetime
from functools import partial
from pathlib import Path

from larst.domain import Criteria, DataState, Json, Record, Standing
from larst.errors import DiskRefusedError, QuotaFullError, SessionDamagedError
from larst.store.changes import ChangeObserver, ChangeRecorder, NotFollowed, Position
from larst.store.collection import Change, Collection, RecordState
from larst.store.disk.files import FileOps
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.disk.settings import StoredSettings, settings_as_json
from larst.store.edits.foreign_files import ForeignFiles
from larst.store.folding import refuse_folded
from larst.store.id_floors import IdFloors
from larst.store.io_threads import Threads, describe_os_error
from larst.store.quota import NO_QUOTA, Quota
from larst.store.record_rules import NewId, random_id
from larst.store.records import CONTRACT, is_hidden
from larst.store.schema.drift import MAX_DRIFTS, find_drifts
from larst.store.schema.vocabulary import vocabulary_of
from larst.store.searching import has_value, matching, position_of
from larst.store.session_checkpoints import SessionCheckpoints
from larst.store.session_edits import EditReport, EditRules, SessionEdits
from larst.store.session_rules import SessionRules
from larst.store.session_settings import SessionSettings
from larst.store.session_snapshots import Save, SessionSnapshots
from larst.store.session_writer import SessionWriter
from larst.store.transaction import Transaction
from larst.store.transfer.replacing import (
    Replacement,
    dropped_entry,
    free,
    journal_entry,
    next_id_entry,
)
from larst.store.undoing import UndoLog
from larst.store.work import Work

_log = logging.getLogger("larst.store")

MAX_STATES = 50
"""The states of what a request read, beyond which its reply is not worth remembering."""

_MAX_LOGGED_NAMES = 20
_MAX_ID_CHARACTERS = 80


def _random_salt() -> int:
    return secrets.randbits(32)


class SessionStore:
    """All resources of one session; nothing is read or written before `load`.

    `on_flushed` is called on the event loop after each write of the journal. `quota` is the most
    that the session may hold. `folds_case`: the disk does not distinguish upper and lower case.
    `enforces_schema`: edits of files that break the learned schema are not taken in.
    `floors` outlive this store. `observer` follows the changes.
    """

    def __init__(
        self,
        directory: Path,
        *,
        files: FileOps,
        now: Callable[[], datetime],
        new_salt: Callable[[], int] = _random_salt,
        on_flushed: Callable[[], None] = lambda: None,
        threads: Threads | None = None,
        quota: Quota = NO_QUOTA,
        folds_case: bool = False,
        floors: IdFloors | None = None,
        enforces_schema: bool = False,
        observer: ChangeObserver | None = None,
        new_id: NewId = random_id,
    ) -> None:
        self._directory = directory
        self._floors = floors or IdFloors()
        self._is_suspect = False
        self._folds_case = folds_case
        self._new_salt = new_salt
        self.session_id = directory.name
        self._quota = quota
        self._now = now
        self._threads = threads or Threads()
        self._session_files = SessionFiles(directory, files, now, new_salt)
        self._on_flushed = on_flushed
        self.changes = ChangeRecorder(observer or NotFollowed())
        self._writer = SessionWriter(self._session_files, self._threads, self._flushed)
        self.checkpoints = SessionCheckpoints(
            self.session_id, self._session_files, self._writer, self._threads
        )
        self._collections: dict[str, Collection] = {}
        self.resources: Mapping[str, object] = self._collections
        self.generation = 0
        """A number that changes whenever the resources or their schemas do."""
        self.state = DataState()
        """The state of everything but the records; each collection has a state of its own."""
        self._states_read: list[Standing] | None = None
        self.work = Work(self._threads)
        """What the current message may do here; the actor begins it with each message."""
        self.is_loaded = False
        self.undo_log = UndoLog()
        self.settings = SessionSettings(
            self.session_id, self._session_files, self._threads, self.checkpoints.disk
        )
        self.rules = SessionRules(self.settings, new_id)
        self._edits = SessionEdits(
            self.session_id,
            self._session_files,
            ForeignFiles(self._session_files, files),
            now,
            EditRules(quota, enforces_schema),
        )
        self.snapshots = SessionSnapshots(directory, files, self._threads, folds_case=folds_case)

    async def load(self) -> None:
        """Load the session's files; a directory that does not exist is an empty session.

        Raises:
            SessionDamagedError: a file is damaged; it was set aside.
            DiskRefusedError: the files cannot be read.
        """
        async with self.checkpoints.exclusive():
            loaded = await self._threads.run_to_completion(self._load, is_long=True)
            await self.snapshots.load()
        self._install_raised(loaded)
        if loaded.dirty:
            names = ", ".join(sorted(loaded.dirty)[:_MAX_LOGGED_NAMES])
            fields = {"session_id": self.session_id, "event": "Recovered"}
            _log.info("recovered from the journal: %s", names, extra={"fields": fields})

    async def reload(self) -> None:
        """Return to the durable state after a failed flush.

        Raises:
            SessionDamagedError, DiskRefusedError: as in `load`.
        """
        async with self.checkpoints.exclusive():
            loaded = await self._threads.run_to_completion(self._reload, is_long=True)
            self._install_raised(loaded)

    async def set_all_aside(self) -> None:
        """Move all of the session's files to a backup directory, and start empty.

        Raises:
            SessionDamagedError, DiskRefusedError: as in `load`. No file is lost, and the session
                cannot be loaded until a second attempt succeeds.
        """
        async with self.checkpoints.exclusive():
            await self._threads.run_to_completion(self._session_files.set_all_aside, is_long=True)
            await self.snapshots.load()
            self._install(await self._threads.run_to_completion(self._load, is_long=True))

    async def erase(self) -> None:
        """Delete all data of the session, on disk too; ids start at 1 again.

        Raises:
            DiskRefusedError: nothing was erased; or all was, but perhaps not durably. The detail
                says which.
        """
        async with self.checkpoints.exclusive():
            error = await self._threads.run_to_completion(self._erase, is_long=True)
        if error is not None:
            raise DiskRefusedError(
                f"the disk refused: {describe_os_error(error)}. The session is erased, but may"
                " come back after a power failure; fix the disk, then check whether it is gone"
            ) from error

    def note_reads(self, *, is_on: bool) -> None:
        """Begin to note the states of all that is read, for `states_read`; or stop noting."""
        self._states_read = [] if is_on else None

    def states_read(self) -> tuple[Standing, ...] | None:
        """Return the states of all that was read; None if that is too much to look at again."""
        states = self._states_read
        if states is None or len(states) > MAX_STATES or self.rules.has_expiry:
            return None
        return (self.state, self.settings.state, *states)

    def begin(self, now: datetime | None = None, *, keeps_times: bool = False) -> Transaction:
        """Return a transaction; drop it to roll back, or pass it to `commit`.

        `now` dates the records that it writes, in resources with timestamps (default: real time).
        `keeps_times`: they have their times already.
        """
        on_read = None if self._states_read is None else self._note
        folds_case = self._folds_case
        if not self.rules.resources:
            return Transaction(self._collections, self.work, on_read, folds_case=folds_case)
        rules_of = self.rules.of_transaction(None if keeps_times else now or self._now())
        return Transaction(
            self._collections, self.work, on_read, folds_case=folds_case, rules_of=rules_of
        )

    def commit(self, transaction: Transaction) -> bool:
        """Apply the changes of a transaction; return whether there is anything to flush.

        Raises:
            QuotaFullError: the session may not grow; nothing is changed.
        """
        changes = {
            name: change
            for name, change in transaction.changes().items()
            if change.put or name in self._collections  # a resource without records has no files
        }
        if not changes:
            return False
        self._quota.check(self._collections, changes, self.size_bytes)
        now = self._now()
        changes = {
            name: change.learn_from(self.schema(name), now) for name, change in changes.items()
        }
        self._apply(changes)
        return True

    def _apply(self, changes: Mapping[str, Change]) -> None:
        """Apply changes to memory, and pass them on to the journal and to those that follow."""
        was = self.changes.record(changes, self._collections)
        for name, change in changes.items():
            if change.schema is not None or name not in self._collections:
                self._change()
            self._collections.setdefault(name, Collection()).apply(change)
        self.rules.note(changes)
        entries = {name: journal_entry(change) for name, change in changes.items()}
        if was is not None:
            for name, records in was.items():
                entries[name]["was"] = records
        self._writer.add(entries)

    async def undo(self, plan_key: str) -> dict[str, int]:
        """Take back what the latest run of a plan changed here, as one transaction.

        Returns how many records were taken back, by resource.

        Raises:
            UndoRefusedError: it cannot be taken back.
        """
        self.work.begin()

        def take_back() -> tuple[Transaction, dict[str, int]]:
            transaction = self.begin(keeps_times=True)
            return transaction, self.undo_log.undo(plan_key, transaction, self.record)

        transaction, counts = await self.work.run(take_back)
        if transaction.is_large:
            await self.commit_large(transaction, lambda _: [])
        else:
            self.commit(transaction)
        return counts

    def has_expired(self, now: datetime) -> bool:
        """Return whether records may have expired at this time of the session."""
        return self.rules.is_due(self._collections, now)

    async def delete_expired(self, now: datetime) -> bool:
        """Delete the records that have expired; return whether there is anything to flush."""
        self.work.begin()

        def delete() -> Transaction:
            transaction = self.begin(keeps_times=True)
            for name, keys in self.rules.expired(self._collections, now, self.work).items():
                for key in keys:
                    transaction.resource(name).delete(key)
            return transaction

        transaction = await self.work.run(delete)
        if transaction.is_large:
            return (await self.commit_large(transaction, lambda _: []))[0]
        return self.commit(transaction)

    def seed_schemas(self, schemas: Mapping[str, Json]) -> list[str]:
        """Give resources that have no schema one, as if it was learned; return their names.

        Raises:
            BadResourceNameError: a name is not valid, or two would be one file on this disk.
        """
        now, changes = self._now().isoformat(), dict[str, Change]()
        for name, schema in schemas.items():
            if self.schema(name) is not None:
                continue
            self.begin().resource(name)
            learned = {
                "fields": sorted(schema["properties"]),
                "example": {},
                "updated_at": now,
                "json_schema": schema,
            }
            next_id = self._collections.get(name, Collection()).next_id
            changes[name] = Change([], [], next_id, learned)
        if changes:
            self._apply(changes)
        return sorted(changes)

    async def commit_large(
        self, transaction: Transaction, check: Callable[[Transaction], list[str]]
    ) -> tuple[bool, list[str]]:
        """Commit a transaction of many records in a thread, after a check of it.

        Returns whether there is anything to flush, and what the check returned.
        """

        def commit() -> tuple[bool, list[str]]:
            checked = check(transaction)
            return self.commit(transaction), checked

        async with self.checkpoints.disk:  # a write must not take half of the changes
            return await self.work.off_loop(commit)

    @property
    def has_pending(self) -> bool:
        """Whether there is anything to flush that no commit of this store's user has added."""
        return self._writer.has_pending

    @property
    def position(self) -> Position:
        """The position of the latest durable transaction."""
        return self._session_files.position

    @property
    def size_bytes(self) -> int:
        """The bytes of documented files, journal and snapshots; pending writes are not counted."""
        files_bytes = self._session_files.journal.end + sum(self._writer.sizes.values())
        return files_bytes + self.snapshots.size_bytes

    def check_replacements(self, replacements: Mapping[str, Replacement]) -> None:
        """Check that the session may hold these resources instead of its own.

        Raises:
            QuotaFullError: it may not.
        """
        collections = {name: new.collection for name, new in replacements.items()}
        size_bytes = sum(len(new.records_json) for new in replacements.values())
        self._quota.check_replacement(collections, size_bytes + self.snapshots.size_bytes)

    def restore(self, replacements: Mapping[str, Replacement]) -> None:
        """Replace all resources, in one transaction.

        The metadata of each replacement must be complete (`Collection.derive_metadata`). Ids that
        were generated here are not generated again, even in resources that are empty now.

        Raises:
            BadResourceNameError: two names would be one file on this disk; nothing is replaced.
        """
        if self._folds_case:
            for name in replacements:
                refuse_folded(name, {*replacements, *self._collections})
        self._change()
        resources = {}
        for name in sorted({*replacements, *self._collections} - {CONTRACT}):
            old = self._collections.get(name, Collection())
            replacement = replacements.get(name) or Replacement()
            new = replacement.collection
            new.next_id = max(new.next_id, old.next_id)
            self._writer.discard([old])
            self._collections[name] = new
            resources[name] = replacement.journal_entry()
        self.changes.record_replacement()
        self._writer.add(resources)

    def reset_to(
        self, replacements: Mapping[str, Replacement], settings: StoredSettings | None = None
    ) -> None:
        """Replace all resources, their ids and, if given, the settings, in one transaction.

        No other resource remains, and ids that were generated since may be generated again. The
        metadata of each replacement must be complete, as for `restore`.
        """
        names = {*replacements, *self._collections} - {CONTRACT}
        if not names and settings is None:
            return
        self._change()
        self._floors.discard(self._directory)
        self._writer.discard([self._collections[name] for name in names & self._collections.keys()])
        for name in names - replacements.keys():
            del self._collections[name]
        self._collections.update((name, new.collection) for name, new in replacements.items())
        entries = {
            name: replacements[name].journal_entry() if name in replacements else dropped_entry()
            for name in sorted(names)
        }
        self.changes.record_replacement()
        if settings is None:
            self._writer.add(entries)
            return
        settings = dataclasses.replace(settings, restored=f"{self._new_salt():08x}")
        self.settings.restore(settings)
        self._writer.add(entries, settings_as_json(settings))

    async def write_snapshot(self, save: Save) -> None:
        """Write a snapshot as of now, which `snapshots.keep` puts in place.

        All that it holds must be durable before: that of a failed flush must not be kept.

        Raises:
            QuotaFullError: the session may not grow so much.
            DiskRefusedError: nothing was saved.
        """
        await self.snapshots.write(save, self.snapshot(), self.settings.current)
        try:
            self._quota.check_size(self.size_bytes)
        except QuotaFullError:
            await self.snapshots.discard(save)
            raise
        if save.is_abandoned:
            await self.snapshots.discard(save)

    async def flush(self) -> None:
        """Make all commits durable; if the journal has grown large, also begin a checkpoint.

        Raises:
            DiskRefusedError, SessionDamagedError: the commits are not durable; call `reload` next.
        """
        with self._keeping_ids():
            async with self.checkpoints.disk:
                await self._check_suspicion()
                await self.checkpoints.flush()
                # a made-up session id must leave no directory
                if self._collections or self._session_files.settings_in_journal:
                    await self.settings.save_learned()
        self.checkpoints.start_if_large()

    async def suspect(self) -> None:
        """Let the next flush check whether the files are still there, even with no commit."""
        self._is_suspect = True

    async def checkpoint(self) -> None:
        """Make all commits durable, complete the documented files and begin a new journal.

        If the disk refuses the checkpoint itself, that is only logged: the journal still
        completes the files.

        Raises:
            DiskRefusedError, SessionDamagedError: as in `flush`.
        """
        with self._keeping_ids():
            await self.checkpoints.complete_all()

    @property
    def edits(self) -> list[EditReport]:
        """What became of the latest edits of documented files."""
        return list(self._edits.reports)

    async def take_in_edits(self, resources: Names[str] | None = None) -> bool:
        """Take in documented files that were edited by hand, or set them aside.

        `resources`: only if files of these were. Returns whether there were any.

        Raises:
            DiskRefusedError: as in `flush`.
        """
        has_any = partial(self._edits.has_any, resources)
        if not await self._threads.run_to_completion(has_any, is_long=False):
            return False
        async with self.checkpoints.exclusive():
            await self._writer.write()
            try:
                await self._threads.run_to_completion(self._take_in_edits, is_long=True)
            finally:  # the work is done, also if the caller is cancelled
                while self.changes.number < self.position.number:
                    self.changes.record_replacement()
                self.changes.flushed(self.position)
        return True

    async def take_in_edits_of_dirty(self) -> None:
        """Take in the edits of the files that the next checkpoint would replace.

        Raises:
            DiskRefusedError: as in `flush`.
        """
        if self._writer.dirty:
            await self.take_in_edits(set(self._writer.dirty))

    async def close(self) -> None:
        """Take in edits of the documented files and complete them, as `checkpoint` does."""
        with self._keeping_ids():
            await self.take_in_edits()
        await self.checkpoint()

    def release(self) -> None:
        """Free the memory of the records; afterwards only `load` may be called.

        Other objects may still refer to this store, so its own reference count is not enough.
        """
        self.is_loaded = False
        self._change()
        self.checkpoints.abandon()
        self._writer.release(self._collections.values())
        self.resources = self._collections = {}
        self.checkpoints.reset(None)

    def names(self) -> list[str]:
        """Return the names of all resources, sorted."""
        return sorted(name for name in self._collections if not is_hidden(name))

    def now(self) -> datetime:
        """Return the time by which the session's changes are dated."""
        return self._now()

    def has_record(self, resource: str, id: str) -> bool:
        """Return whether the record exists."""
        return self.record(resource, id) is not None

    def record(self, resource: str, id: str) -> Record | None:
        """Return the stored record, or None; the caller must not change it."""
        collection = self._collections.get(resource)
        if collection is None:
            return None
        record = collection.records.get(id)
        self._note(RecordState(collection, id, record))
        return record

    def first_id(self, resource: str) -> str | None:
        """Return the id of the oldest record, or None."""
        collection = self._read(resource)
        return None if collection is None else next(iter(collection.records), None)

    def schema(self, resource: str) -> Json | None:
        """Return the learned schema, as in `.schemas/<resource>.json`, or None."""
        collection = self._collections.get(resource)
        return None if collection is None else collection.schema

    def fields(self, resource: str) -> frozenset[str]:
        """Return all top-level fields that records of the resource have had."""
        collection = self._collections.get(resource)
        return frozenset() if collection is None else collection.fields

    def vocabulary(self, resource: str) -> dict[str, list[str]]:
        """Return the values of text fields that have few different ones, such as states."""
        collection = self._read(resource)
        return {} if collection is None else vocabulary_of(collection.records.values())

    def has_value(self, resource: str, field: str, text: str) -> bool:
        """Return whether a record has exactly this text in this field, alone or in a list."""
        collection = self._read(resource)
        return collection is not None and has_value(collection, field, text, self.work)

    def matching(self, resource: str, criteria: Criteria) -> list[Record]:
        """Return the records of a resource that meet the criteria, as they are stored."""
        collection = self._read(resource)
        return [] if collection is None else list(matching(collection, criteria, self.work))

    def position_of(
        self, resource: str, criteria: Criteria, sort: str | None, id: str
    ) -> int | None:
        """Return the place of a record in the sorted list of matches; None if it is not there."""
        collection = self._read(resource)
        if collection is None:
            return None
        return position_of(collection, criteria, sort, id, self.work)

    def counts(self) -> dict[str, int]:
        """Return the number of records of each resource."""
        return {name: len(self._collections[name].records) for name in self.names()}

    def snapshot_of(self, *names: str) -> dict[str, Collection]:
        """Return a copy of these resources, of those that exist."""
        return {name: self._collections[name].snapshot() for name in names if name in self.names()}

    def snapshot(self) -> dict[str, Collection]:
        """Return a copy of all resources that later changes do not affect."""
        return {name: self._collections[name].snapshot() for name in self.names()}

    def find_drifts(self, transaction: Transaction) -> list[str]:
        """Return how written records differ from the schemas learned before the transaction.

        The first write of a resource defines its schema, so it cannot differ.
        """
        drifts: list[str] = []
        for name, change in transaction.changes().items():
            schema = self.schema(name)
            if schema is None or is_hidden(name):
                continue
            for stored in change.put:
                record = self.rules.without_own_fields(name, stored, schema["json_schema"])
                # In ASCII: a client chose the id, and the drifts may be sent in a header.
                record_id = ascii(str(record["id"])[:_MAX_ID_CHARACTERS])[1:-1]
                differences = find_drifts(schema["json_schema"], record)
                drifts += [f"{name}/{record_id}: {difference}" for difference in differences]
                if len(drifts) >= MAX_DRIFTS:
                    return drifts[:MAX_DRIFTS]
        return drifts

    def _flushed(self) -> None:
        self._on_flushed()
        self.changes.flushed(self._session_files.position)

    def _change(self) -> None:
        """Note that resources or schemas change."""
        self.generation += 1
        self.rules.forget_expiry()
        self.state = self.state.replaced()

    def _read(self, resource: str) -> Collection | None:
        collection = self._collections.get(resource)
        if collection is not None:
            self._note(collection.state)
        return collection

    def _note(self, state: Standing) -> None:
        states = self._states_read
        if states is not None and len(states) <= MAX_STATES:
            states.append(state)

    def _load(self) -> Loaded:
        return self._with_edits(self._session_files.load())

    def _reload(self) -> Loaded:
        return self._with_edits(self._session_files.reload())

    def _with_edits(self, loaded: Loaded) -> Loaded:
        if not loaded.edited:
            return loaded
        self._edits.take_in_at_load(loaded)
        return dataclasses.replace(loaded, position=self.position, history=())

    def _take_in_edits(self) -> None:
        """Change files and memory together: the caller may be cancelled in between."""
        for name, collection in self._edits.take_in(self._collections).items():
            self._change()
            if (old := self._collections.get(name)) is not None:
                self._writer.discard([old])
            self._collections[name] = collection
            self._writer.dirty.add(name)

    def _erase(self) -> OSError | None:
        """Erase files and memory together: the caller may be cancelled in between."""
        error = self._session_files.erase()
        self._floors.discard(self._directory)
        erased = self._collections
        self.snapshots.clear()
        self._install(Loaded({}, set()))
        free(erased.values())
        return error

    @contextlib.contextmanager
    def _keeping_ids(self) -> Iterator[None]:
        """Keep the next ids if the files are lost: those that are put back may be older."""
        try:
            yield
        except SessionDamagedError:
            self._floors.keep(self._directory, self._collections)
            raise

    async def _check_suspicion(self) -> None:
        if not self._is_suspect:
            return
        self._is_suspect = False
        is_in_place = self._session_files.is_in_place
        if not await self._threads.run_to_completion(is_in_place, is_long=False):
            raise SessionDamagedError(f"{self._directory} was replaced while the service ran")

    def _install_raised(self, loaded: Loaded) -> None:
        """Install what the files hold; if they were lost meanwhile, give out no id again."""
        self._install(loaded)
        if raised := self._floors.apply(self._directory, self._collections):
            self._change()
            self.changes.record_replacement()  # these files are not those that followers know
            next_ids = {name: self._collections[name].next_id for name in raised}
            self._writer.add({name: next_id_entry(item) for name, item in next_ids.items()})

    def _install(self, loaded: Loaded) -> None:
        """Replace the data in memory with data from the files."""
        self._change()
        self.undo_log.clear()
        self.resources = self._collections = loaded.collections
        self.checkpoints.reset(loaded)
        is_unsaved = self._session_files.settings_in_journal
        self.settings.reset(loaded.settings, is_unsaved=is_unsaved)
        self._writer.reset(loaded)
        self.changes.reset(loaded.position, loaded.history)
        self.is_loaded = True

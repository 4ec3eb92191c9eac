"""One session: in memory, in a journal on disk, and in documented files.

`session_data.py` is what it holds in memory. A request begins a transaction on that and commits it
(`session_commits.py`), or replaces all of it (`session_replacements.py`). A flush makes the commits
durable (`session_durability.py`), and the checkpoints complete the files. This module connects
these parts, and moves the session between memory and disk as a whole. Must be used only by the
session's actor, which holds back every reply that depends on a commit until it is durable.
"""

from __future__ import annotations

import dataclasses
import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from larst.errors import DiskRefusedError, QuotaFullError
from larst.store.changes import ChangeObserver, ChangeRecorder, NotFollowed, Position
from larst.store.disk.files import FileOps
from larst.store.disk.loaded import Loaded
from larst.store.disk.session_files import SessionFiles
from larst.store.edit_intake import EditIntake
from larst.store.edits.foreign_files import ForeignFiles
from larst.store.id_floors import IdFloors
from larst.store.io_threads import Threads, describe_os_error
from larst.store.quota import NO_QUOTA, Quota
from larst.store.record_rules import NewId, random_id
from larst.store.session_checkpoints import SessionCheckpoints
from larst.store.session_commits import SessionCommits
from larst.store.session_data import SessionData
from larst.store.session_durability import SessionDurability
from larst.store.session_edits import EditRules, SessionEdits
from larst.store.session_parts import SessionParts
from larst.store.session_replacements import SessionReplacements
from larst.store.session_settings import SessionSettings
from larst.store.session_snapshots import Save, SessionSnapshots
from larst.store.session_writer import SessionWriter
from larst.store.transfer.replacing import free, next_id_entry
from larst.store.work import Work

_log = logging.getLogger("larst.store")

_MAX_LOGGED_NAMES = 20


def _random_salt() -> int:
    return secrets.randbits(32)


class SessionStore:
    """All resources of one session; nothing is read or written before `load`.

    `on_flushed` is called on the event loop after each write of the journal. `quota` is the most
    that the session may hold. `folds_case`: the disk does not distinguish upper and lower case.
    `enforces_schema`: edits of files that break the learned schema are not taken in.
    `floors` outlive this store. `observer` follows the changes. `new_id` makes ids that are texts.
    """

    __slots__ = (
        "_edits",
        "_files",
        "_on_flushed",
        "_parts",
        "_threads",
        "_writer",
        "changes",
        "checkpoints",
        "commits",
        "data",
        "durability",
        "edits",
        "is_loaded",
        "now",
        "replacements",
        "session_id",
        "settings",
        "snapshots",
        "work",
    )

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
        self.session_id = directory.name
        self.is_loaded = False
        self.now = now
        self._threads = threads or Threads()
        self._files = SessionFiles(directory, files, now, new_salt)
        self._on_flushed = on_flushed
        self._writer = SessionWriter(self._files, self._threads, self._flushed)
        self.settings = SessionSettings(
            self.session_id, self._files, self._threads, self._writer.lock
        )
        self.work = Work(self._threads)
        """What the current message may do here; the actor begins it with each message."""
        self.data = SessionData(self.settings, self.work, new_id)
        self.snapshots = SessionSnapshots(directory, files, self._threads, folds_case=folds_case)
        self.changes = ChangeRecorder(observer or NotFollowed())
        self._parts = parts = SessionParts(
            self._files,
            self._writer,
            self.data,
            self.changes,
            self.snapshots,
            floors or IdFloors(),
            quota,
        )
        self.commits = SessionCommits(parts, now, folds_case=folds_case)
        self.replacements = SessionReplacements(
            parts, self.settings, new_salt, folds_case=folds_case
        )
        self.checkpoints = SessionCheckpoints(
            self.session_id, self._files, self._writer, self._threads
        )
        self.durability = SessionDurability(parts, self.checkpoints, self.settings, self._threads)
        rules = EditRules(quota, self.data.rules, new_id, enforces_schema)
        foreign = ForeignFiles(self._files, files)
        self._edits = SessionEdits(self.session_id, self._files, foreign, now, rules)
        self.edits = EditIntake(parts, self._edits, self.checkpoints, self._threads)

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
            await self._threads.run_to_completion(self._files.set_all_aside, is_long=True)
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

    @property
    def has_pending(self) -> bool:
        """Whether there is anything to flush that no commit of this store's user has added."""
        return self._writer.has_pending

    @property
    def position(self) -> Position:
        """The position of the latest durable transaction."""
        return self._files.position

    @property
    def size_bytes(self) -> int:
        """The bytes of documented files, journal and snapshots; pending writes are not counted."""
        return self._parts.size_bytes

    async def write_snapshot(self, save: Save) -> None:
        """Write a snapshot as of now, which `snapshots.keep` puts in place.

        All that it holds must be durable before: that of a failed flush must not be kept.

        Raises:
            QuotaFullError: the session may not grow so much.
            DiskRefusedError: nothing was saved.
        """
        await self.snapshots.write(save, self.data.snapshot(), self.settings.current)
        try:
            self._parts.quota.check_size(self.size_bytes)
        except QuotaFullError:
            await self.snapshots.discard(save)
            raise
        if save.is_abandoned:
            await self.snapshots.discard(save)

    async def close(self) -> None:
        """Take in edits of the documented files and complete them, as `checkpoint` does."""
        with self.durability.keeping_ids():
            await self.edits.take_in()
        await self.durability.checkpoint()

    def release(self) -> None:
        """Free the memory of the records; afterwards only `load` may be called.

        Other objects may still refer to this store, so its own reference count is not enough.
        """
        self.is_loaded = False
        self.checkpoints.abandon()
        self._writer.release(self.data.resources.values())
        self.data.install({})
        self.checkpoints.reset(None)

    def _flushed(self) -> None:
        self._on_flushed()
        self.changes.flushed(self._files.position)

    def _load(self) -> Loaded:
        return self._with_edits(self._files.load())

    def _reload(self) -> Loaded:
        return self._with_edits(self._files.reload())

    def _with_edits(self, loaded: Loaded) -> Loaded:
        if not loaded.edited:
            return loaded
        self._edits.take_in_at_load(loaded)
        return dataclasses.replace(loaded, position=self.position, history=())

    def _erase(self) -> OSError | None:
        """Erase files and memory together: the caller may be cancelled in between."""
        error = self._files.erase()
        self._parts.floors.discard(self._files.directory)
        erased = self.data.resources
        self.snapshots.clear()
        self._install(Loaded({}, set()))
        free(erased.values())
        return error

    def _install_raised(self, loaded: Loaded) -> None:
        """Install what the files hold; if they were lost meanwhile, give out no id again."""
        self._install(loaded)
        if raised := self._parts.floors.apply(self._files.directory, self.data.resources):
            self.data.change()
            self.changes.record_replacement()  # these files are not those that followers know
            next_ids = {name: self.data.resources[name].next_id for name in raised}
            self._writer.add({name: next_id_entry(item) for name, item in next_ids.items()})

    def _install(self, loaded: Loaded) -> None:
        """Replace the data in memory with data from the files."""
        self.data.install(loaded.collections)
        self.commits.undo_log.reset(loaded.runs)
        self.checkpoints.reset(loaded)
        is_unsaved = self._files.settings_in_journal
        self.settings.reset(loaded.settings, is_unsaved=is_unsaved)
        self._writer.reset(loaded)
        self.changes.reset(loaded.position, loaded.history)
        self.is_loaded = True

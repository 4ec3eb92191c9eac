"""A session's files: the documented ones, the journal that completes them, and crash recovery.

`checkpoint.py` draws how the files are completed, `replay.py` how a load continues from them.

A version-1 journal (LARST 0.1) ends with the next checkpoint, which also rewrites the meta file of
each resource that is not dirty: its `auto_id` becomes the next id.

Synchronous; `session_store.py` calls it from threads, one call at a time: only the steps of a
checkpoint that say so may run beside appends. Must never guess at a file that is in no known
state, nor overwrite it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Names
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from larst.errors import SessionDamagedError
from larst.store.changes import Position
from larst.store.collection import Collection
from larst.store.disk.checkpoint import Checkpoint
from larst.store.disk.documents import DocumentDamagedError, encode_meta
from larst.store.disk.files import FileOps
from larst.store.disk.folders import FilesLostError
from larst.store.disk.journal import Journal
from larst.store.disk.journal_format import ABSENT
from larst.store.disk.journal_v1 import Line
from larst.store.disk.loaded import EditedFile, Loaded
from larst.store.disk.places import Place, Places
from larst.store.disk.session_reading import SessionReader, damaged
from larst.store.disk.set_aside import copy_aside, free_name, set_all_aside
from larst.store.disk.settings import StoredSettings, write_settings
from larst.store.disk.stats import SessionStats, write_stats

ERASED_PREFIX = ".erased-"
"""Prefix of a directory that is being removed."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The edited files of a resource, and the records that they become.

    `entry`: the resource as the journal stores it; None if it is as before. `own_keys`: the records
    that are not as in the edited file. `taken` are the files whose other records are.
    """

    resource: str
    edited: Sequence[EditedFile]
    entry: Mapping[str, Any] | None
    own_keys: list[str]
    taken: Names[str]


class SessionFiles:
    """The directory of one session, and its journal."""

    def __init__(
        self,
        directory: Path,
        files: FileOps,
        now: Callable[[], datetime],
        new_salt: Callable[[], int],
    ) -> None:
        self.directory = directory
        self._files = files
        self._now = now
        self._new_salt = new_salt
        self._next_ids: dict[str, int] = {}  # at load
        self.settings_in_journal = False
        """The journal alone has the current settings: it must not end."""
        self.journal = Journal(directory, files, new_salt)
        self.places = Places(directory, files)

    def load(self) -> Loaded:
        """Return what the files hold; reading creates no file.

        Raises:
            SessionDamagedError: a file is damaged; it was set aside.
            OSError: the disk refused.
        """
        loaded = self._load(up_to=None)
        self.journal.make_durable()
        return loaded

    def reload(self) -> Loaded:
        """Return the durable state, after a write has failed; if other files are there now, theirs.

        Raises:
            SessionDamagedError, OSError: as for `load`.
        """
        if not self.journal.is_in_place():
            return self.load()
        with contextlib.suppress(OSError):  # the next write tries again
            self.journal.cut()
        must_cut = self.journal.must_cut
        # Without an end the journal was being replaced: the one in place, old or new, holds only
        # changes that were durable before.
        loaded = self._load(up_to=self.journal.end or None)
        self.journal.must_cut |= must_cut
        return loaded

    def is_in_place(self) -> bool:
        """Return whether the files are those that were loaded or written here.

        Raises:
            FilesLostError: they are gone.
            OSError: the disk refused.
        """
        self._files.names(self.directory)
        return self.journal.is_in_place()

    def begin_checkpoint(
        self, collections: Mapping[str, Collection | None], *, is_whole: bool
    ) -> Checkpoint:
        """Return the checkpoint of those resources: they hold all that was appended so far.

        The files of a resource that is None are removed.
        `is_whole`: no other resource has changes in the journal, so a new journal can begin.

        Raises:
            OSError: no journal could be begun.
        """
        metas = self._upgraded_metas() if is_whole else {}
        return Checkpoint(
            self.directory,
            self._files,
            self.journal,
            self.places,
            collections,
            metas,
            is_whole=is_whole,
        )

    def adopt(self, adoption: Adoption) -> None:
        """Make edited files known, and the records that they became durable, in one write.

        Raises:
            OSError: the files are as unknown as before.
        """
        self._make_durable(adoption.edited)
        through = self.journal.transactions
        digests = {item.name: item.digest for item in adoption.edited}
        lines: list[Line] = [{"next": digests}]
        if adoption.entry is not None:
            name = adoption.resource
            resources, own_keys = {name: adoption.entry}, {name: adoption.own_keys}
            lines.append({"resources": resources, "edited": own_keys})
        self.journal.append(lines)
        base = {**self.journal.base, **digests}
        self.journal.base = {name: digest for name, digest in base.items() if digest != ABSENT}
        for item in adoption.edited:
            self.places.forget(item.name)
            if item.content is not None:
                last = through if item.name in adoption.taken else item.transaction
                salt = self.journal.salt
                place = Place(item.digest, item.identity, salt, last, is_synced=True)
                self.places.note(item.name, place)
        with contextlib.suppress(OSError):  # it is a hint
            self.places.write_claims(self.journal.salt)

    def damaged(self, error: DocumentDamagedError) -> SessionDamagedError:
        """Set a file that cannot be read aside, and return the error that says so."""
        return damaged(self._files, self.directory, self._now(), error)

    def move_aside(self, name: str) -> Path:
        """Rename a link, a directory or a pipe, so that a file can be written in its place.

        Raises:
            OSError: it is where it was.
        """
        path = self.directory / name
        aside = free_name(self._files, path)
        self._files.rename(path, aside)
        self._files.sync_directory(path.parent)
        return aside

    def copy_aside(self, edited: EditedFile) -> Path:
        """Write the content of an edited file under another name, durably.

        Raises:
            OSError: the disk refused.
        """
        return copy_aside(self._files, self.directory / edited.name, edited.content or b"")

    def _make_durable(self, edited: Sequence[EditedFile]) -> None:
        """Sync edited files: the programs that wrote them may not have done so."""
        contents = [item.name for item in edited if item.content is not None]
        for name in contents:
            self._files.sync(self.directory / name)
        for folder in {(self.directory / name).parent for name in contents}:
            self._files.sync_directory(folder)

    def put_settings(self, settings: StoredSettings) -> None:
        """Write the session's settings, durably.

        Raises:
            OSError: the old settings are in place, or the new ones.
        """
        write_settings(self._files, self.directory, settings)
        self.settings_in_journal = False

    def put_stats(self, stats: SessionStats) -> None:
        """Write the statistics of the session, which need not be durable.

        Raises:
            OSError: the old statistics are in place, or the new ones.
        """
        write_stats(self._files, self.directory, stats)

    def erase(self) -> OSError | None:
        """Remove all of the session's files, in one step as a crash sees it.

        Returns the error that kept the removal from becoming durable (a loss of power may bring
        the files back), or None.

        Raises:
            OSError: all files are still there.
        """
        with contextlib.suppress(FilesLostError):  # they are gone already, or a rename refuses
            self._files.names(self.directory)  # raises where a link has the session's name
        erased = self.directory.with_name(
            f"{ERASED_PREFIX}{self.directory.name}-{self._new_salt():08x}"
        )
        error = self._move_away(erased)
        self._start_empty()
        if error is None:
            with contextlib.suppress(OSError):  # harmless there; the next start removes it
                self._files.remove_directory(erased)
        return error

    def set_all_aside(self) -> None:
        """Move all of the session's files to a directory within it, which leaves it empty.

        Interrupted at any point, the session stays refused, and this can be called again.

        Raises:
            OSError: some files are moved, some are not; none is lost.
        """
        unique = f"{self._now():%Y%m%dT%H%M%S}-{self._new_salt():08x}"
        set_all_aside(self._files, self.directory, unique)
        self._start_empty()

    def _start_empty(self) -> None:
        self.journal = Journal(self.directory, self._files, self._new_salt)
        self.places.clear()

    def _move_away(self, erased: Path) -> OSError | None:
        try:
            with contextlib.suppress(FileNotFoundError):  # makes an earlier removal durable
                self._files.rename(self.directory, erased)
            self._files.sync_directory(self.directory.parent)
        except OSError as error:
            if self._is_restored_from(erased):
                raise
            return error
        return None

    def _is_restored_from(self, erased: Path) -> bool:
        """Undo a removal that the disk refused; return whether the files are back."""
        with contextlib.suppress(OSError):
            self.journal.mark_name_unsynced()
            self._files.rename(erased, self.directory)
            self._files.sync_directory(self.directory.parent)
        return bool(self._files.names(self.directory))

    def _load(self, *, up_to: int | None) -> Loaded:
        self.journal = Journal(self.directory, self._files, self._new_salt)
        reader = SessionReader(self.directory, self._files, self.journal, self.places, self._now())
        loaded = reader.read(up_to=up_to)
        self._next_ids = dict(self.journal.next_ids)
        self.settings_in_journal = loaded.settings_in_journal
        return loaded

    @property
    def position(self) -> Position:
        """The position of the latest durable transaction."""
        return Position(self.journal.history, self.journal.number)

    def _upgraded_metas(self) -> dict[str, list[bytes]]:
        """Return the meta files that a version-1 journal leaves behind, with the next id.

        A resource that has changed since the load is dirty, so the checkpoint overrides its entry.
        """
        if self.journal.version != 1:
            return {}
        return dict(encode_meta(resource, next_id) for resource, next_id in self._next_ids.items())

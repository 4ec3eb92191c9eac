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
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from larst.errors import SessionDamagedError
from larst.store.changes import NO_POSITION, CommittedChanges, Position, history_of
from larst.store.collection import Collection
from larst.store.disk.checkpoint import Checkpoint
from larst.store.disk.documents import (
    SCHEMAS,
    DocumentDamagedError,
    decode_documents,
    digest_of,
    encode_meta,
    resource_of,
)
from larst.store.disk.files import TEMP_SUFFIX, FileOps
from larst.store.disk.folders import FilesLostError
from larst.store.disk.journal import JOURNAL, Digests, Journal, JournalDamagedError
from larst.store.disk.journal_v1 import Line
from larst.store.disk.replay import announced_files, applied_lines, replay
from larst.store.disk.set_aside import refuse_files_set_aside, set_all_aside, set_aside
from larst.store.disk.settings import (
    NO_SETTINGS,
    SETTINGS,
    StoredSettings,
    decode_settings,
    settings_after,
    write_settings,
)
from larst.store.disk.stats import STATS, SessionStats, decode_stats, write_stats

ERASED_PREFIX = ".erased-"
"""Prefix of a directory that is being removed."""

_log = logging.getLogger("larst.store")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A session's resources and settings; `dirty` names the resources with incomplete files.

    `sizes` are the bytes of each resource's files, as they are on the disk.
    """

    collections: dict[str, Collection]
    dirty: set[str]
    sizes: dict[str, int] = field(default_factory=dict)
    settings: StoredSettings = NO_SETTINGS
    stats: SessionStats | None = None
    position: Position = NO_POSITION
    history: Sequence[CommittedChanges] = ()


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
            self.directory, self._files, self.journal, collections, metas, is_whole=is_whole
        )

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
        self.journal = Journal(self.directory, self._files, self._new_salt)
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
        self.journal = Journal(self.directory, self._files, self._new_salt)

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
        for folder in (self.directory, self.directory / SCHEMAS):
            refuse_files_set_aside(self._files, folder)
        settings = self._read_settings()
        raw = self._files.read(self.directory / JOURNAL)
        documents = self._read_documents()
        digests = {name: digest_of([content]) for name, content in documents.items()}
        self.journal = Journal(self.directory, self._files, self._new_salt)
        lines = [] if raw is None else self._read_journal(raw[:up_to])
        applied = {} if raw is None else self._applied(digests, lines)
        self.journal.base = digests
        collections, dirty = self._decode(documents, digests, is_ours=raw is not None)
        dirty |= replay(collections, lines, applied)
        self._next_ids = {name: item.next_id for name, item in collections.items()}
        stats = decode_stats(self._files.read(self.directory / STATS))
        current = settings_after(lines, settings)
        self.settings_in_journal = current is not settings
        history = history_of(lines, self.journal.number)
        sizes = _sizes(documents)
        return Loaded(collections, dirty, sizes, current, stats, self.position, history)

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

    def _read_documents(self) -> dict[str, bytes]:
        """Return the documented files; remove temporary files of unfinished writes."""
        documents: dict[str, bytes] = {}
        for folder in ("", f"{SCHEMAS}/"):
            for name in self._files.names(self.directory / folder):
                path = self.directory / folder / name
                if name.endswith(TEMP_SUFFIX):
                    with contextlib.suppress(OSError):  # harmless if it stays
                        self._files.remove(path)
                elif resource_of(folder + name) is None:
                    if name.endswith(".json"):
                        _log.warning("%s does not belong to a resource: ignored", path)
                elif (content := self._files.read(path)) is not None:
                    documents[folder + name] = content
        return documents

    def _read_settings(self) -> StoredSettings:
        try:
            return decode_settings(self._files.read(self.directory / SETTINGS))
        except ValueError as error:
            advice = "remove it to go on without settings"
            raise self._set_aside(SETTINGS, f"cannot be read ({error})", advice) from error

    def _decode(
        self, documents: Mapping[str, bytes], digests: Digests, *, is_ours: bool
    ) -> tuple[dict[str, Collection], set[str]]:
        last_id_files = (n for n in documents if self.journal.has_last_id(n, digests[n]))
        try:
            return decode_documents(documents, last_id_files, self._now(), is_ours=is_ours)
        except DocumentDamagedError as error:
            raise self._set_aside(
                error.name, f"cannot be read ({error})", "fix it and put it back under its name"
            ) from error

    def _read_journal(self, raw: bytes) -> list[Line]:
        try:
            return self.journal.read(raw)
        except JournalDamagedError as error:
            raise self._set_aside(
                JOURNAL,
                str(error),
                "put a good copy back, or remove it to take the .json files as they are (changes"
                " that are not in them yet are lost then)",
            ) from error

    def _applied(self, digests: Digests, lines: Sequence[Line]) -> dict[str, int]:
        """Return for each document how many of the lines it holds.

        Raises:
            SessionDamagedError: a document is in no state that the journal knows.
        """
        announced = announced_files(lines)
        applied: dict[str, int] = {}
        for name in sorted({*digests, *self.journal.base, *(name for name, _ in announced)}):
            count = applied_lines(name, digests.get(name), self.journal.base, announced)
            if count is None:
                raise self._unknown_state(name, is_missing=name not in digests)
            applied[name] = count
        return applied

    def _unknown_state(self, name: str, *, is_missing: bool) -> SessionDamagedError:
        if is_missing:
            return SessionDamagedError(
                f"{self.directory / name} is missing; put it back and try again, or remove"
                " .journal to take the other files as they are"
            )
        advice = "put back the file that LARST wrote"
        if not self.journal.has_changes:
            advice += "; or, if it was edited by hand, put it back and remove .journal"
        reason = "was changed by something other than LARST, or is damaged"
        return self._set_aside(name, reason, advice)

    def _set_aside(self, name: str, reason: str, advice: str) -> SessionDamagedError:
        return set_aside(self._files, self.directory / name, self._now(), reason, advice)


def _sizes(documents: Mapping[str, bytes]) -> dict[str, int]:
    """Return the bytes of each resource's files."""
    sizes: dict[str, int] = {}
    for name, content in documents.items():
        if (resource := resource_of(name)) is not None:
            sizes[resource] = sizes.get(resource, 0) + len(content)
    return sizes

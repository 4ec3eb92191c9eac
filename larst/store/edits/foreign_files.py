"""Finding the documented files that something other than LARST wrote, while a session is awake.

Reads the states of files first, and the content of a file only where its state differs from what
LARST noted (`disk/places.py`). Must never change anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from larst.store.disk.changes import changes_since
from larst.store.disk.documents import SCHEMAS, document_names, is_in_schemas, resource_of
from larst.store.disk.files import FileOps, Identity, NotRegularFileError
from larst.store.disk.journal_format import JOURNAL
from larst.store.disk.journal_v1 import Line
from larst.store.disk.loaded import EditedFile
from larst.store.disk.session_files import SessionFiles

SETTLE_S = 0.3
"""An editor that writes a file in its place, or renames another to it, is finished by then."""

MAX_ROUNDS = 3
"""How often a file that is being written is read again."""


class ForeignFiles:
    """The files of one session that are not as LARST wrote them; used in threads."""

    def __init__(
        self, session: SessionFiles, files: FileOps, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._session = session
        self._files = files
        self._sleep = sleep

    def names(self, resources: Collection[str] | None = None) -> list[str]:
        """Return the paths of the files that differ, of these resources or of all.

        Raises:
            OSError: the disk refused.
        """
        journal = self._session.journal
        if journal.end and self._files.identity(self._session.directory / JOURNAL) is None:
            return []  # the folder was moved away: there is nothing to compare
        names: Iterable[str]
        if resources is None:
            names = sorted({*self._session.places.names(), *self._listed()})
        else:
            names = [name for resource in sorted(resources) for name in document_names(resource)]
        return [name for name in names if self._session.places.is_foreign(name)]

    def read(self) -> list[EditedFile]:
        """Return the files that differ, once the programs that write them are finished.

        Raises:
            OSError: the disk refused.
            JournalDamagedError: the journal does not hold the bytes that were written.
        """
        edited = [self._read(name) for name in self.names()]
        for _ in range(MAX_ROUNDS):
            if not any(map(_may_be_unfinished, edited)):
                break
            self._sleep(SETTLE_S)
            before, edited = edited, [self._read(name) for name in self.names()]
            if before == edited:
                break
        lines = self._session.journal.lines() if edited else []
        return [self._with_changes(file, lines) for file in edited]

    def _listed(self) -> Iterator[str]:
        for folder in ("", f"{SCHEMAS}/"):
            for name in self._files.names(self._session.directory / folder):
                if resource_of(folder + name) is not None:
                    yield folder + name

    def _read(self, name: str) -> EditedFile:
        path = self._session.directory / name
        identity: Identity | None = self._files.identity(path)
        try:
            content = self._files.read(path)
        except NotRegularFileError:
            return EditedFile(name, None, has_own=True, is_odd=True)
        return EditedFile(name, content, identity, has_own=True)

    def _with_changes(self, file: EditedFile, lines: Iterable[Line]) -> EditedFile:
        journal, places = self._session.journal, self._session.places
        transaction = places.transaction(file.name, journal.salt)
        changes = changes_since(lines, resource_of(file.name) or file.name, transaction)
        return replace(file, changes=changes, transaction=transaction)


def _may_be_unfinished(file: EditedFile) -> bool:
    """Return whether a program may be about to write the file, or the rest of it."""
    if file.content is None:
        return not file.is_odd
    end = file.content.rstrip()[-1:]
    return end not in ((b"}", b"l") if is_in_schemas(file.name) else (b"]",))

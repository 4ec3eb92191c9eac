"""A session's files: the documented ones, the journal that completes them, and their recovery.

Every documented file is known by its digest. The journal's first frame names the digests it began
from; folding writes a line that names those to come before it renames any file. So whichever
files a crash left old or new, each one's digest says from where in the journal it has to be
completed, and a file that is neither was damaged or edited, and is never guessed at. That holds
for a checkpoint that failed, too: the journal goes on behind its `next` line, and the one that a later
checkpoint writes is as good.

This room is synchronous; `session_store.py` calls it from threads, one call at a time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from larst.errors import SessionDamagedError
from larst.store.collection import Collection
from larst.store.disk.documents import (
    SCHEMAS,
    DocumentDamagedError,
    collections_of,
    digest_of,
    documents_of,
    names_of,
    resource_of,
)
from larst.store.disk.files import TEMP_SUFFIX, FileOps, put_in_place
from larst.store.disk.journal import JOURNAL, Digests, Journal, JournalDamagedError, Line

SET_ASIDE = ".damaged-"
KEPT = ".before-"
"""How the names of directories begin that keep files as they were before a repair or an import."""

ERASED = ".erased-"
"""How the name of a directory begins that is being removed."""

_log = logging.getLogger("larst.store")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a session's files came to; `dirty` names the resources whose files lack something."""

    collections: dict[str, Collection]
    dirty: set[str]
    file_bytes: int


class SessionFiles:
    """The directory of one session, and its journal."""

    def __init__(
        self,
        directory: Path,
        files: FileOps,
        now: Callable[[], datetime],
        new_salt: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._files = files
        self._now = now
        self._new_salt = new_salt
        self.journal = Journal(directory, files, new_salt)

    def load(self) -> Loaded:
        """Return what the files hold; nothing is made by reading.

        Raises:
            SessionDamagedError: a file is not what was written; it was set aside.
            OSError: the disk refused.
        """
        loaded = self._load(up_to=None)
        self.journal.make_durable()
        return loaded

    def reload(self) -> Loaded:
        """Return what is durable, after a write has failed.

        Raises:
            SessionDamagedError, OSError: as for `load`.
        """
        with contextlib.suppress(OSError):  # it is tried again before the next write
            self.journal.cut()
        must_cut = self.journal.must_cut
        # A journal without an end was being begun: whichever is in place holds nothing that was
        # not durable before.
        loaded = self._load(up_to=self.journal.end or None)
        self.journal.must_cut |= must_cut
        return loaded

    def checkpoint(self, collections: Mapping[str, Collection]) -> int:
        """Write the documented files of those resources, then a fresh journal; return the bytes.

        Raises:
            OSError: the journal that is in place completes the files that are in place.
        """
        documents = {
            name: chunks
            for resource, collection in collections.items()
            for name, chunks in documents_of(resource, collection)
        }
        digests = {name: digest_of(chunks) for name, chunks in documents.items()}
        self.journal.append([{"next": digests}])
        self._files.make_directory(self._directory / SCHEMAS)
        for name, chunks in documents.items():
            put_in_place(self._files, self._directory / name, chunks)
        self._files.sync_directory(self._directory / SCHEMAS)
        self._files.sync_directory(self._directory)
        self.journal.begin({**self.journal.base, **digests})
        return sum(len(chunk) for chunks in documents.values() for chunk in chunks)

    def erase(self) -> OSError | None:
        """Remove all of the session's files, in one step as a crash sees it.

        Returns what kept the removal from being made durable: a loss of power may bring the files
        back. None: it is durable.

        Raises:
            OSError: they are all there still.
        """
        self._files.names(self._directory)  # a link in the session's place is left alone
        aside = self._directory.with_name(f"{ERASED}{self._directory.name}-{self._new_salt():08x}")
        doubt = self._put_away(aside)
        self.journal = Journal(self._directory, self._files, self._new_salt)
        if doubt is None:
            with contextlib.suppress(OSError):  # it is in nobody's way, and goes at the next start
                self._files.remove_directory(aside)
        return doubt

    def set_all_aside(self) -> None:
        """Keep all of the session's files in a directory of their own in it; it is empty then.

        Broken off at any point the session stays one that is refused, and this can be begun again.

        Raises:
            OSError: some files are moved, some not; all are kept.
        """
        names = [n for n in self._files.names(self._directory) if not n.startswith(KEPT)]
        once = f"{self._now():%Y%m%dT%H%M%S}-{self._new_salt():08x}"
        kept = self._directory / f"{KEPT}import-{once}"
        mark = self._directory / f".import-not-finished{SET_ASIDE}{once}"
        # With some of its files moved it could pass for a whole session, which holds less.
        self._files.write_new(mark, [])
        self._files.make_directory(kept)
        self._files.sync_directory(self._directory)
        for name in names:
            self._files.rename(self._directory / name, kept / name)
        self._files.sync_directory(kept)
        self._files.sync_directory(self._directory)
        self._files.remove(mark)
        self._files.sync_directory(self._directory)
        self.journal = Journal(self._directory, self._files, self._new_salt)

    def _put_away(self, aside: Path) -> OSError | None:
        try:
            with contextlib.suppress(FileNotFoundError):  # an earlier removal is made durable
                self._files.rename(self._directory, aside)
            self._files.sync_directory(self._directory.parent)
        except OSError as error:
            if self._is_back_from(aside):
                raise
            return error
        return None

    def _is_back_from(self, aside: Path) -> bool:
        """Undo a removal that the disk refused; tell whether the files are there again."""
        with contextlib.suppress(OSError):
            self.journal.doubt_name()
            self._files.rename(aside, self._directory)
            self._files.sync_directory(self._directory.parent)
        return bool(self._files.names(self._directory))

    def _load(self, *, up_to: int | None) -> Loaded:
        self._refuse_while_damaged()
        raw = self._files.read(self._directory / JOURNAL)
        documents = self._documents()
        digests = {name: digest_of([content]) for name, content in documents.items()}
        self.journal = Journal(self._directory, self._files, self._new_salt)
        lines = [] if raw is None else self._read_journal(raw[:up_to])
        spent = {} if raw is None else self._spent(digests, lines)
        self.journal.base = digests
        try:
            collections, dirty = collections_of(documents, self._now(), is_ours=raw is not None)
        except DocumentDamagedError as error:
            raise self._damaged(
                error.name, f"cannot be read ({error})", "mend it and put it back under its name"
            ) from error
        for index, line in enumerate(lines):
            for resource, change in line.get("resources", {}).items():
                replay(collections, resource, change, index, spent)
                dirty.add(resource)
        return Loaded(collections, dirty, sum(map(len, documents.values())))

    def _documents(self) -> dict[str, bytes]:
        """Return the documented files; remove what an unfinished write left behind."""
        found: dict[str, bytes] = {}
        for folder in ("", f"{SCHEMAS}/"):
            for name in self._files.names(self._directory / folder):
                path = self._directory / folder / name
                if name.endswith(TEMP_SUFFIX):
                    with contextlib.suppress(OSError):  # it is in nobody's way
                        self._files.remove(path)
                elif resource_of(folder + name) is None:
                    if name.endswith(".json"):
                        _log.warning("%s is no resource's file: left alone", path)
                elif (content := self._files.read(path)) is not None:
                    found[folder + name] = content
        return found

    def _read_journal(self, raw: bytes) -> list[Line]:
        try:
            return self.journal.read(raw)
        except JournalDamagedError as error:
            raise self._damaged(
                JOURNAL,
                str(error),
                "put a good copy back, or remove it to take the .json files as they are (changes"
                " that are not in them yet are lost then)",
            ) from error

    def _spent(self, digests: Digests, lines: Sequence[Line]) -> dict[str, int]:
        """Return by document how many of the lines it holds already.

        Raises:
            SessionDamagedError: a document is in no state that the journal knows of.
        """
        known = {*digests, *self.journal.base, *(n for line in lines for n in line.get("next", ()))}
        return {name: self._spent_in(name, digests.get(name), lines) for name in sorted(known)}

    def _spent_in(self, name: str, digest: str | None, lines: Sequence[Line]) -> int:
        for index in range(len(lines) - 1, -1, -1):
            if digest is not None and lines[index].get("next", {}).get(name) == digest:
                return index + 1
        if self.journal.base.get(name) == digest:
            return 0
        if digest is None:
            raise SessionDamagedError(
                f"{self._directory / name} is missing; put it back and try again, or remove"
                " .journal to take the other files as they are"
            )
        advice = "put back the file that LARST wrote"
        if not self.journal.has_changes:
            advice += "; or, if it was edited by hand, put it back and remove .journal"
        what = "was changed by something other than LARST, or is damaged"
        raise self._damaged(name, what, advice)

    def _refuse_while_damaged(self) -> None:
        for folder in (self._directory, self._directory / SCHEMAS):
            for name in self._files.names(folder):
                if SET_ASIDE in name:
                    raise SessionDamagedError(
                        f"{folder / name} was set aside because it is damaged; put a good copy in"
                        " its place and remove it, then try again"
                    )

    def _damaged(self, name: str, what: str, advice: str) -> SessionDamagedError:
        """Set the file aside under another name, and return the error that says so."""
        path = self._directory / name
        aside = path.with_name(f"{path.name}{SET_ASIDE}{self._now():%Y%m%dT%H%M%SZ}")
        try:
            self._files.rename(path, aside)
            self._files.sync_directory(path.parent)
        except OSError as error:
            fate = f"it could not be set aside ({error.strerror})"
        else:
            fate = f"it was set aside as {aside.name}"
        _log.error("damaged: %s %s; %s", path, what, fate)
        return SessionDamagedError(f"{path} {what}; {fate}; {advice}")


def replay(
    collections: dict[str, Collection],
    resource: str,
    change: Mapping[str, Any],
    index: int,
    spent: Mapping[str, int],
) -> None:
    """Take one line's change in, as far as the resource's files do not hold it yet."""
    collection = collections.setdefault(resource, Collection())
    replaces = change.get("replace", False)
    has_records, has_schema, has_meta = (spent.get(n, 0) > index for n in names_of(resource))
    if not has_records:
        if replaces:
            collection.records = {}
        collection.apply_records(change["put"], change["del"])
    if not has_schema and (replaces or "schema" in change):
        collection.set_schema(change.get("schema"))
    if not has_meta:
        collection.auto_id = change["auto_id"]

"""Reading a session's files at load: the documented ones, and the journal that completes them.

`replay.py` says how a load continues from a file in a state that the journal knows. A file in
another state was edited while no LARST served the session, or is damaged: it is returned as it is
(`Loaded.edited`), beside what the journal alone knows of its resource.

Must never guess at a file, nor overwrite it; reading creates no file.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from larst.errors import SessionDamagedError
from larst.store.changes import Position, history_of
from larst.store.collection import Collection
from larst.store.disk.changes import changes_since
from larst.store.disk.documents import (
    SCHEMAS,
    DocumentDamagedError,
    decode_documents,
    digest_of,
    resource_of,
)
from larst.store.disk.files import TEMP_SUFFIX, FileOps, Identity, NotRegularFileError
from larst.store.disk.journal import Journal
from larst.store.disk.journal_format import JOURNAL, Digests, JournalDamagedError
from larst.store.disk.journal_v1 import Line
from larst.store.disk.loaded import EditedFile, Loaded
from larst.store.disk.places import PLACES, Claims, Place, Places, read_claims
from larst.store.disk.replay import announced_files, applied_lines, replay
from larst.store.disk.set_aside import refuse_files_set_aside, set_aside
from larst.store.disk.settings import SETTINGS, StoredSettings, decode_settings, settings_after
from larst.store.disk.stats import STATS, decode_stats
from larst.store.run_changes import runs_of

_log = logging.getLogger("larst.store")


@dataclass(slots=True)
class _Documents:
    """The documented files by path within the session, with their identities."""

    contents: dict[str, bytes] = field(default_factory=dict)
    identities: dict[str, Identity | None] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _States:
    """How many of the journal's lines each file holds, and the files in no state that it knows."""

    applied: dict[str, int] = field(default_factory=dict)
    edited: list[EditedFile] = field(default_factory=list)


class SessionReader:
    """Reads one session's files, once; `journal` and `places` continue from them."""

    def __init__(
        self, directory: Path, files: FileOps, journal: Journal, places: Places, now: datetime
    ) -> None:
        self._directory = directory
        self._files = files
        self._journal = journal
        self._places = places
        self._now = now

    def read(self, *, up_to: int | None) -> Loaded:
        """Return what the files hold, with the journal up to that offset; None: all of it.

        Raises:
            SessionDamagedError: a file is damaged; it was set aside.
            OSError: the disk refused.
        """
        for folder in (self._directory, self._directory / SCHEMAS):
            refuse_files_set_aside(self._files, folder, repair_advice(self._directory))
        settings = self._read_settings()
        raw = self._files.read(self._directory / JOURNAL)
        documents = self._read_documents()
        digests = {name: digest_of([content]) for name, content in documents.contents.items()}
        lines = [] if raw is None else self._read_journal(raw[:up_to])
        states = self._compare(documents, digests, lines, has_journal=raw is not None)
        self._note_places(documents, digests, states, lines)
        collections, dirty = self._decode(
            documents, digests, states, lines, is_ours=raw is not None
        )
        dirty |= replay(collections, lines, states.applied)
        self._journal.base = digests
        next_ids = self._journal.next_ids
        for name, collection in collections.items():
            next_ids[name] = max(next_ids.get(name, 1), collection.next_id)
        current = settings_after(lines, settings)
        return Loaded(
            collections,
            dirty,
            _sizes(documents.contents),
            current,
            decode_stats(self._files.read(self._directory / STATS)),
            tuple(states.edited),
            settings_in_journal=current is not settings,
            position=Position(self._journal.history, self._journal.number),
            history=history_of(lines, self._journal.number),
            runs=runs_of(lines, collections),
        )

    def _read_documents(self) -> _Documents:
        """Return the documented files; remove temporary files of unfinished writes."""
        documents = _Documents()
        for folder in ("", f"{SCHEMAS}/"):
            for name in self._files.names(self._directory / folder):
                path = self._directory / folder / name
                if name.endswith(TEMP_SUFFIX):
                    with contextlib.suppress(OSError):  # harmless if it stays
                        self._files.remove(path)
                elif resource_of(folder + name) is not None:
                    self._read_document(folder + name, documents)
                elif name.endswith(".json"):
                    _log.warning("%s does not belong to a resource: ignored", path)
        return documents

    def _read_document(self, name: str, documents: _Documents) -> None:
        path = self._directory / name
        identity = self._files.identity(path)  # before: an edit during the read differs from it
        try:
            content = self._files.read(path)
        except NotRegularFileError:
            documents.odd.add(name)
            return
        if content is not None:
            documents.contents[name], documents.identities[name] = content, identity

    def _compare(
        self,
        documents: _Documents,
        digests: Digests,
        lines: Sequence[Line],
        *,
        has_journal: bool,
    ) -> _States:
        """Return for each document in which state it is."""
        states = _States()
        if not has_journal:
            for name in documents.odd:
                raise self._odd(name)
            return states
        announced = announced_files(lines)
        claims = read_claims(self._files.read(self._directory / PLACES), self._journal.salt)
        names = {*digests, *documents.odd, *self._journal.base, *(name for name, _ in announced)}
        for name in sorted(names):
            count = None
            if name not in documents.odd:
                count = applied_lines(name, digests.get(name), self._journal.base, announced)
            if count is None:
                edited, count = self._edited(name, documents, lines, claims)
                states.edited.append(edited)
            states.applied[name] = count
        return states

    def _edited(
        self, name: str, documents: _Documents, lines: Sequence[Line], claims: Claims
    ) -> tuple[EditedFile, int]:
        """Return a file in no known state, and how many lines it held at least before the edit.

        Raises:
            SessionDamagedError: it cannot be read, and the journal alone does not have its records.
        """
        resource = resource_of(name) or name
        content = documents.contents.get(name)
        has_own = name not in self._journal.base or resource in _last_replacements(lines)
        if name in documents.odd and not has_own:
            raise self._odd(name)
        # What the journal still has of a file that is missing is restored.
        transaction = claims.get(name, ("", 0))[1] if content is not None else 0
        edited = EditedFile(
            name,
            content,
            documents.identities.get(name),
            changes_since(lines, resource, transaction),
            has_own,
            name in documents.odd,
            transaction,
        )
        return edited, 0 if has_own else _lines_through(lines, transaction)

    def _note_places(
        self, documents: _Documents, digests: Digests, states: _States, lines: Sequence[Line]
    ) -> None:
        self._places.clear()
        unknown = {item.name for item in states.edited}
        for name, digest in digests.items():
            if name not in unknown:
                transaction = _last_transaction(lines[: states.applied.get(name, 0)])
                place = Place(digest, documents.identities[name], self._journal.salt, transaction)
                self._places.note_loaded(name, place)

    def _read_settings(self) -> StoredSettings:
        try:
            return decode_settings(self._files.read(self._directory / SETTINGS))
        except ValueError as error:
            advice = "remove it to go on without settings"
            raise self._set_aside(SETTINGS, f"cannot be read ({error})", advice) from error

    def _decode(
        self,
        documents: _Documents,
        digests: Digests,
        states: _States,
        lines: Sequence[Line],
        *,
        is_ours: bool,
    ) -> tuple[dict[str, Collection], set[str]]:
        """Decode the documents but those that were edited, or that a later line replaces whole."""
        replaced = _last_replacements(lines)
        unread = {item.name for item in states.edited}
        contents = {
            name: content
            for name, content in documents.contents.items()
            if name not in unread
            and replaced.get(resource_of(name) or name, -1) < states.applied.get(name, 0)
        }
        last_id_files = (n for n in contents if self._journal.has_last_id(n, digests[n]))
        try:
            return decode_documents(contents, last_id_files, self._now, is_ours=is_ours)
        except DocumentDamagedError as error:
            raise damaged(self._files, self._directory, self._now, error) from error

    def _read_journal(self, raw: bytes) -> list[Line]:
        try:
            return self._journal.read(raw)
        except JournalDamagedError as error:
            raise self._set_aside(
                JOURNAL,
                str(error),
                "put a good copy back, or remove it to take the .json files as they are (changes"
                " that are not in them yet are lost then)",
            ) from error

    def _odd(self, name: str) -> SessionDamagedError:
        return SessionDamagedError(
            f"{self._directory / name}: it is not an ordinary file, but a link, a directory or a"
            " pipe; put an ordinary file in its place, then try again"
        )

    def _set_aside(self, name: str, reason: str, advice: str) -> SessionDamagedError:
        return set_aside(self._files, self._directory / name, self._now, reason, advice)


def damaged(
    files: FileOps, directory: Path, now: datetime, error: DocumentDamagedError
) -> SessionDamagedError:
    """Set a file that cannot be read aside, and return the error that says so."""
    path = directory / error.name
    advice = f"put a good {path.name} in its place, or {repair_advice(directory)}"
    return set_aside(files, path, now, f"cannot be read ({error})", advice)


def repair_advice(directory: Path) -> str:
    """Return the advice to repair the session with this directory, as a command to type."""
    root, session = directory.parent, directory.name
    if root.name.startswith("@"):
        root, session = root.parent, f"{root.name}/{session}"
    command = shlex.join(["larst", "repair", session, "--data-root", str(root)])
    return f"stop LARST and run `{command}`"


def _last_replacements(lines: Sequence[Line]) -> dict[str, int]:
    """Return the index of the last line that replaces all of a resource."""
    return {
        resource: index
        for index, line in enumerate(lines)
        for resource, change in line.get("resources", {}).items()
        if change.get("replace", False)
    }


def _lines_through(lines: Sequence[Line], transaction: int) -> int:
    """Return how many lines end with the transaction of that number."""
    counts = [0, *(index + 1 for index, line in enumerate(lines) if "tx" in line)]
    return counts[min(transaction, len(counts) - 1)]


def _last_transaction(lines: Sequence[Line]) -> int:
    """Return the number of the last transaction in the lines."""
    return next((line["tx"] for line in reversed(lines) if "tx" in line), 0)


def _sizes(documents: Mapping[str, bytes]) -> dict[str, int]:
    """Return the bytes of each resource's files."""
    sizes: dict[str, int] = {}
    for name, content in documents.items():
        if (resource := resource_of(name)) is not None:
            sizes[resource] = sizes.get(resource, 0) + len(content)
    return sizes

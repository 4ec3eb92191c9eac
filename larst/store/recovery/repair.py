"""Repairing a damaged session's files: every whole record is kept, and all original files.

=====================  ==========================================================================
file                   after the repair
=====================  ==========================================================================
whole, but unknown     taken as it is, and completed by all changes in the journal
records, damaged       every whole record (`record_salvage.py`)
schema, damaged        learned again from the records
meta file, damaged     the next id follows the highest one that the records and the journal show
journal, damaged       every good frame (`journal_salvage.py`)
settings, damaged      removed: the session has none until they are set again
set aside              taken where no file has its original name
link, directory, pipe  moved to the originals, unread
=====================  ==========================================================================

Before it writes, a repair copies all files to a directory in the session. Interrupted at any point,
it can be started again. No other process may use the session meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from larst.store.collection import Collection, numeric_id
from larst.store.disk.documents import (
    SCHEMAS,
    DocumentDamagedError,
    DocumentReader,
    digest_of,
    document_names,
    encode_documents,
    is_in_schemas,
    resource_of,
)
from larst.store.disk.files import TEMP_SUFFIX, FileOps, NotRegularFileError, put_in_place
from larst.store.disk.journal import Journal
from larst.store.disk.journal_format import JOURNAL
from larst.store.disk.journal_v1 import Line
from larst.store.disk.replay import announced_files, applied_lines, replay
from larst.store.disk.set_aside import DAMAGED_MARK, ORIGINALS_PREFIX
from larst.store.disk.settings import SETTINGS, decode_settings
from larst.store.records import is_hidden
from larst.store.recovery.journal_salvage import SalvagedJournal, salvage_journal
from larst.store.recovery.record_salvage import salvage_records


@dataclass(frozen=True, slots=True)
class Repair:
    """A report in sentences, the records by resource, and the directory of the original files."""

    report: list[str]
    records: dict[str, int]
    originals: Path


@dataclass(frozen=True, slots=True)
class _SessionContents:
    """The content of a session's files by path, those set aside too, and paths of odd entries."""

    files: dict[str, bytes] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)


def repair(
    directory: Path, files: FileOps, now: Callable[[], datetime], new_salt: Callable[[], int]
) -> Repair:
    """Repair the session's files; blocks.

    Raises:
        SessionDamagedError: another version of LARST wrote the journal.
        OSError: the disk refused; another repair starts again from the same files.
    """
    contents = _read_contents(directory, files)
    originals = directory / f"{ORIGINALS_PREFIX}repair-{now():%Y%m%dT%H%M%S}-{new_salt():08x}"
    _keep_originals(contents, directory, originals, files)
    documents = _latest(contents.files)
    settings = documents.pop(SETTINGS, None)
    journal = salvage_journal(documents.pop(JOURNAL, b""))
    salvage = _Salvage(documents, journal, now)
    salvage.run(contents.odd)
    salvage.report += _write_settings(directory, files, settings)
    _write(directory, files, salvage.collections, contents.files, new_salt)
    for name in contents.files:
        if DAMAGED_MARK in name:
            files.remove(directory / name)
    for folder in (directory, directory / SCHEMAS):
        files.sync_directory(folder)
    counts = {
        name: len(item.records)
        for name, item in sorted(salvage.collections.items())
        if not is_hidden(name)
    }
    return Repair(salvage.report, counts, originals)


def _read_contents(directory: Path, files: FileOps) -> _SessionContents:
    contents = _SessionContents()
    try:
        schemas = files.names(directory / SCHEMAS)
    except NotADirectoryError:
        schemas = []
        contents.odd.append(SCHEMAS)
    for name in [*files.names(directory), *(f"{SCHEMAS}/{name}" for name in schemas)]:
        original = name.removesuffix(TEMP_SUFFIX).partition(DAMAGED_MARK)[0]
        if original not in (JOURNAL, SETTINGS) and resource_of(original) is None:
            continue
        try:
            content = files.read(directory / name)
        except NotRegularFileError:
            contents.odd.append(name)
        else:
            if content is not None and not name.endswith(TEMP_SUFFIX):
                contents.files[name] = content
    return contents


def _latest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return each file that is in place; otherwise the one of its name set aside last."""
    latest: dict[str, bytes] = {}
    for name in sorted(files):
        original, is_aside, _ = name.partition(DAMAGED_MARK)
        if not is_aside or original not in files:
            latest[original] = files[name]
    return latest


def _keep_originals(
    contents: _SessionContents, directory: Path, originals: Path, files: FileOps
) -> None:
    """Copy the files, and move the entries that cannot be copied."""
    folders = [originals]
    if SCHEMAS not in contents.odd:
        folders.append(originals / SCHEMAS)
    for folder in folders:
        files.make_directory(folder)
    for name, content in contents.files.items():
        files.write_new(originals / name, [content])
    for name in contents.odd:
        files.rename(directory / name, originals / name)
    for folder in (*reversed(folders), directory):
        files.sync_directory(folder)


class _Salvage:
    """Builds the collections from the documents and the salvaged journal."""

    def __init__(
        self,
        documents: Mapping[str, bytes],
        journal: SalvagedJournal,
        now: Callable[[], datetime],
    ) -> None:
        self.report: list[str] = []
        self._documents = documents
        self._digests = {name: digest_of([content]) for name, content in documents.items()}
        self._journal = journal
        self._announced = announced_files(journal.lines)
        self._now = now
        self._reader = DocumentReader(is_ours=False)
        self._journal_ids = _highest_next_ids(journal.lines)
        self._whole: set[str] = set()

    @property
    def collections(self) -> dict[str, Collection]:
        """The collections so far."""
        return self._reader.collections

    def run(self, odd: Sequence[str]) -> None:
        """Take in the documents, then the journal; `odd`: entries that are not ordinary files."""
        self.report += [
            f"{name} is not an ordinary file: moved, as it is, to the originals" for name in odd
        ]
        self.report += self._journal.report
        self._take_documents()
        self._replay()
        for collection in self.collections.values():
            for key, record in collection.records.items():
                collection.learn(record, self._now())
                collection.next_id = max(collection.next_id, numeric_id(key) + 1)
        self._report_lost_ids()
        self.report += [
            f"{name} is missing"
            for name in sorted(self._journal.base)
            if name not in self._documents and name not in odd
        ]

    def _take_documents(self) -> None:
        for name in sorted(self._documents):  # meta files come before the records they describe
            self._take_document(name)

    def _take_document(self, name: str) -> None:
        content, digest = self._documents[name], self._digests[name]
        has_last_id = self._journal.has_last_id(name, digest)
        try:
            self._reader.decode(name, content, has_last_id=has_last_id)
        except DocumentDamagedError as error:
            if is_in_schemas(name):
                self.report.append(
                    f"{name} cannot be read ({error}): derived again from the records"
                )
            else:
                self._salvage_records(name, error)
            return
        self._whole.add(name)
        if self._journal.has_base and self._applied(name) is None:
            self.report.append(f"{name} is not as LARST wrote it, but can be read: taken as it is")

    def _salvage_records(self, name: str, error: DocumentDamagedError) -> None:
        resource = resource_of(name)
        assert resource is not None  # noqa: S101 - only documented files are read
        collection = self.collections.setdefault(resource, Collection())
        next_id = max(collection.next_id, self._journal_ids.get(resource, 1))
        salvaged = salvage_records(self._documents[name], next_id)
        collection.records = salvaged.records
        self.report.append(
            f"{name} cannot be read ({error}): {len(salvaged.records)} whole records kept,"
            f" {salvaged.lost} damaged left out"
            + (f", {salvaged.renumbered} given a new id" if salvaged.renumbered else "")
        )

    def _replay(self) -> None:
        """Apply the journal's lines; all of them to a file in a state that it does not know."""
        applied = {
            name: self._applied(name) or 0
            for resource in {*self.collections, *self._journal_ids}
            for name in document_names(resource)
        }
        before = {name: collection.next_id for name, collection in self.collections.items()}
        replay(self.collections, self._journal.lines, applied)
        for name, collection in self.collections.items():
            collection.next_id = max(
                collection.next_id, before.get(name, 1), self._journal_ids.get(name, 1)
            )

    def _applied(self, name: str) -> int | None:
        return applied_lines(name, self._digests.get(name), self._journal.base, self._announced)

    def _report_lost_ids(self) -> None:
        """Report where the next id is unknown: an id that a client knows may be given out again."""
        for resource, collection in sorted(self.collections.items()):
            _, schema, meta = document_names(resource)
            # A folder that LARST never wrote to has no meta file, and lacks none.
            had_meta = (
                meta in self._documents or meta in self._journal.base or schema in self._documents
            )
            if had_meta and meta not in self._whole and resource not in self._journal_ids:
                self.report.append(
                    f"{resource}: the next id is lost; ids from {collection.next_id} on may have"
                    " been given to records that were deleted since, and will be given out again"
                )


def _write_settings(directory: Path, files: FileOps, content: bytes | None) -> list[str]:
    """Put the settings in place if they can be read, else remove them; return the report."""
    if content is None:
        return []
    try:
        decode_settings(content)
    except ValueError as error:
        if files.read(directory / SETTINGS) is not None:
            files.remove(directory / SETTINGS)
        return [f"{SETTINGS} cannot be read ({error}): removed, set the session's settings again"]
    put_in_place(files, directory / SETTINGS, [content])
    return []


def _highest_next_ids(lines: Iterable[Line]) -> dict[str, int]:
    """Return the highest next id of each resource that the journal names."""
    highest: dict[str, int] = {}
    for line in lines:
        for resource, change in line.get("resources", {}).items():
            highest[resource] = max(highest.get(resource, 1), change["next_id"])
    return highest


def _write(
    directory: Path,
    files: FileOps,
    collections: Mapping[str, Collection],
    names: Iterable[str],
    new_salt: Callable[[], int],
) -> None:
    """Put the whole files in place, remove all others, and begin a journal from them."""
    files.make_directory(directory / SCHEMAS)
    digests: dict[str, str] = {}
    for resource, collection in collections.items():
        for name, chunks in encode_documents(resource, collection):
            put_in_place(files, directory / name, chunks)
            digests[name] = digest_of(chunks)
    for name in names:
        # A damaged schema of a resource without records would stay damaged.
        if name not in digests and resource_of(name) is not None:
            files.remove(directory / name)
    files.sync_directory(directory / SCHEMAS)
    files.sync_directory(directory)
    Journal(directory, files, new_salt).begin(digests)

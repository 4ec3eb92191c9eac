"""Mending a damaged session's files: every whole record is kept, and every file as it was, too.

Takes what a load refuses: documents record by record, the journal frame by frame. Before it
writes, it copies all files to a directory of the session's own, and moves there what is no
ordinary file, so nothing is ever lost by a repair; broken off at any point, it can be begun again.
Nobody else may have the session meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from larst.store.collection import Collection, numeric_id
from larst.store.disk.documents import (
    SCHEMAS,
    DocumentDamagedError,
    digest_of,
    documents_of,
    is_in_schemas,
    names_of,
    read_into,
    resource_of,
)
from larst.store.disk.files import TEMP_SUFFIX, FileOps, NotRegularFileError, put_in_place
from larst.store.disk.journal import JOURNAL, Digests, Journal, Line
from larst.store.disk.session_files import SET_ASIDE, replay
from larst.store.recovery.journal_salvage import SalvagedJournal, salvaged
from larst.store.recovery.record_salvage import whole_records

BEFORE = ".before-repair-"
"""How the name of the directory begins that keeps the files as they were."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: sentences for a person, the records by resource, the originals' directory."""

    done: list[str]
    records: dict[str, int]
    originals: Path


@dataclass(frozen=True, slots=True)
class _Found:
    """A session's files by their paths within it, those set aside too, and what is no file."""

    contents: dict[str, bytes] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)


def repair(
    directory: Path, files: FileOps, now: Callable[[], datetime], new_salt: Callable[[], int]
) -> Repair:
    """Have the session's files be whole again; blocks.

    Raises:
        SessionDamagedError: another version of LARST wrote the journal.
        OSError: the disk refused; to repair again begins anew, from the same files.
    """
    found = _found(directory, files)
    originals = directory / f"{BEFORE}{now():%Y%m%dT%H%M%S}-{new_salt():08x}"
    _keep(found, directory, originals, files)
    contents = _taken(found.contents)
    journal = salvaged(contents.pop(JOURNAL, b""))
    done = [f"{name} is no ordinary file: moved, as it is, to the originals" for name in found.odd]
    done += journal.done
    collections = _collections(contents, journal, now, done)
    done += [
        f"{name} is missing"
        for name in sorted(journal.base)
        if name not in contents and name not in found.odd
    ]
    _write(directory, files, collections, found.contents, new_salt)
    for name in found.contents:
        if SET_ASIDE in name:
            files.remove(directory / name)
    for folder in (directory, directory / SCHEMAS):
        files.sync_directory(folder)
    counts = {name: len(one.records) for name, one in sorted(collections.items())}
    return Repair(done, counts, originals)


def _found(directory: Path, files: FileOps) -> _Found:
    found = _Found()
    try:
        schemas = files.names(directory / SCHEMAS)
    except NotADirectoryError:
        schemas = []
        found.odd.append(SCHEMAS)
    for name in [*files.names(directory), *(f"{SCHEMAS}/{one}" for one in schemas)]:
        plain = name.removesuffix(TEMP_SUFFIX).partition(SET_ASIDE)[0]
        if plain != JOURNAL and resource_of(plain) is None:
            continue
        try:
            content = files.read(directory / name)
        except NotRegularFileError:
            found.odd.append(name)
        else:
            if content is not None and not name.endswith(TEMP_SUFFIX):
                found.contents[name] = content
    return found


def _taken(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return for each file what is in its place, else what was set aside last."""
    taken: dict[str, bytes] = {}
    for name in sorted(found):
        plain, is_aside, _ = name.partition(SET_ASIDE)
        if not is_aside or plain not in found:
            taken[plain] = found[name]
    return taken


def _keep(found: _Found, directory: Path, originals: Path, files: FileOps) -> None:
    """Copy the files, and move what cannot be copied."""
    folders = [originals]
    if SCHEMAS not in found.odd:
        folders.append(originals / SCHEMAS)
    for folder in folders:
        files.make_directory(folder)
    for name, content in found.contents.items():
        files.write_new(originals / name, [content])
    for name in found.odd:
        files.rename(directory / name, originals / name)
    for folder in (*reversed(folders), directory):
        files.sync_directory(folder)


def _collections(
    contents: Mapping[str, bytes],
    journal: SalvagedJournal,
    now: Callable[[], datetime],
    done: list[str],
) -> dict[str, Collection]:
    """Return what files and journal come to."""
    collections: dict[str, Collection] = {}
    given_out = _given_out(journal.lines)
    whole: set[str] = set()
    for name, content in sorted(contents.items()):  # what tells of records comes before them
        if _take_in(collections, name, content, given_out, done):
            whole.add(name)
            if journal.has_base and not _is_known(name, digest_of([content]), journal):
                done.append(f"{name} is not as LARST wrote it, but can be read: taken as it is")
    _replay_all(collections, journal.base, journal.lines, contents)
    for collection in collections.values():
        for key, record in collection.records.items():
            collection.learn(record, now())
            collection.auto_id = max(collection.auto_id, numeric_id(key))
    for resource, collection in sorted(collections.items()):
        _, schema, meta = names_of(resource)
        # A folder that LARST never wrote to has no such file, and lacks none.
        had_one = meta in contents or meta in journal.base or schema in contents
        if had_one and meta not in whole and resource not in given_out:
            done.append(
                f"{resource}: which id was given out last is lost; those above"
                f" {collection.auto_id} may have been given to records since deleted, and will be"
                " given out again"
            )
    return collections


def _given_out(lines: Iterable[Line]) -> dict[str, int]:
    """Return by resource the last id that the journal says was given out."""
    last: dict[str, int] = {}
    for line in lines:
        for resource, change in line.get("resources", {}).items():
            last[resource] = max(last.get(resource, 0), change["auto_id"])
    return last


def _take_in(
    collections: dict[str, Collection],
    name: str,
    content: bytes,
    given_out: Mapping[str, int],
    done: list[str],
) -> bool:
    """Take a file in; tell whether it could be read whole."""
    try:
        read_into(collections, name, content, is_ours=False)
    except DocumentDamagedError as error:
        if is_in_schemas(name):
            done.append(f"{name} cannot be read ({error}): found out anew from the records")
            return False
        resource = resource_of(name)
        assert resource is not None  # noqa: S101 - nothing else was looked for
        collection = collections.setdefault(resource, Collection())
        last = max(collection.auto_id, given_out.get(resource, 0))
        salvage = whole_records(content, last)
        collection.records = salvage.records
        done.append(
            f"{name} cannot be read ({error}): {len(salvage.records)} whole records kept,"
            f" {salvage.lost} damaged left out"
            + (f", {salvage.renamed} given a new id" if salvage.renamed else "")
        )
        return False
    return True


def _replay_all(
    collections: dict[str, Collection],
    base: Digests,
    lines: list[Line],
    contents: Mapping[str, bytes],
) -> None:
    """Take the journal's lines in; all of them where it is unknown how many a file holds."""
    digests = {name: digest_of([content]) for name, content in contents.items()}
    names = {name for resource in _resources(lines, collections) for name in names_of(resource)}
    spent = {name: _spent(name, digests.get(name), base, lines) for name in names}
    for index, line in enumerate(lines):
        for resource, change in line.get("resources", {}).items():
            before = collections.setdefault(resource, Collection()).auto_id
            replay(collections, resource, change, index, spent)
            collections[resource].auto_id = max(before, collections[resource].auto_id)


def _resources(lines: list[Line], collections: Iterable[str]) -> set[str]:
    return {*collections, *(name for line in lines for name in line.get("resources", ()))}


def _spent(name: str, digest: str | None, base: Digests, lines: list[Line]) -> int:
    if digest is None or base.get(name) == digest:
        return 0
    spent = [index + 1 for index, one in enumerate(lines) if _next(one).get(name) == digest]
    return max(spent, default=0)


def _is_known(name: str, digest: str, journal: SalvagedJournal) -> bool:
    return digest in (journal.base.get(name), *(_next(line).get(name) for line in journal.lines))


def _next(line: Line) -> Mapping[str, Any]:
    found: Mapping[str, Any] = line.get("next", {})
    return found


def _write(
    directory: Path,
    files: FileOps,
    collections: Mapping[str, Collection],
    found: Iterable[str],
    new_salt: Callable[[], int],
) -> None:
    """Put the whole files in place, and no others, then a journal that begins from them."""
    files.make_directory(directory / SCHEMAS)
    digests: dict[str, str] = {}
    for resource, collection in collections.items():
        for name, chunks in documents_of(resource, collection):
            put_in_place(files, directory / name, chunks)
            digests[name] = digest_of(chunks)
    for name in found:
        # A schema that cannot be read, of no records, would be as damaged ever after.
        if name not in digests and resource_of(name) is not None:
            files.remove(directory / name)
    files.sync_directory(directory / SCHEMAS)
    files.sync_directory(directory)
    Journal(directory, files, new_salt).begin(digests)

"""Mending a damaged session's files: every whole record is kept, and every file as it was, too.

Takes what a load refuses: documents line by line, the journal frame by frame. Before it writes, it
copies all files to a directory of the session's own, so nothing is ever lost by a repair; broken
off at any point, it can be begun again. Nobody else may have the session meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from larst.errors import BadRequestError, SessionDamagedError
from larst.model import Json, Record
from larst.store.collection import Collection, number_in
from larst.store.documents import (
    SCHEMAS,
    DocumentDamagedError,
    digest_of,
    documents_of,
    is_in_schemas,
    names_of,
    read_into,
    resource_of,
)
from larst.store.files import FileOps, put_in_place
from larst.store.frames import decode_first, salvage
from larst.store.journal import JOURNAL, VERSION, Digests, Journal, Line
from larst.store.records import checked, key_of, own_id, with_id
from larst.store.session_files import SET_ASIDE, replay

BEFORE = ".before-repair-"
"""How the name of the directory begins that keeps the files as they were."""

_SALT = re.compile(rb'"salt":(\d{1,10})[,}]')
_FEW_SALTS = 8


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: sentences for a person, the records by resource, the originals' directory."""

    done: list[str]
    records: dict[str, int]
    originals: Path


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
    done: list[str] = []
    contents = _taken(found)
    base, lines = _journal(contents.pop(JOURNAL, None), done)
    collections: dict[str, Collection] = {}
    given_out = _given_out(lines)
    for name, content in sorted(contents.items()):  # what tells of records comes before them
        if _take_in(collections, name, content, given_out, done) and not _is_known(
            name, digest_of([content]), base, lines
        ):
            done.append(f"{name} is not as LARST wrote it, but can be read: taken as it is")
    done += [f"{name} is missing" for name in sorted(base) if name not in contents]
    _replay_all(collections, base, lines, contents)
    for collection in collections.values():
        for key, record in collection.records.items():
            collection.learn(record, now())
            collection.auto_id = max(collection.auto_id, number_in(key))
    _write(directory, files, collections, new_salt)
    for name in found:
        if SET_ASIDE in name:
            files.remove(directory / name)
    for folder in (directory, directory / SCHEMAS):
        files.sync_directory(folder)
    counts = {name: len(one.records) for name, one in sorted(collections.items())}
    return Repair(done, counts, originals)


def _found(directory: Path, files: FileOps) -> dict[str, bytes]:
    """Return the session's files, also those that were set aside, by their paths within it."""
    found: dict[str, bytes] = {}
    for folder in ("", f"{SCHEMAS}/"):
        for name in files.names(directory / folder):
            plain = name.partition(SET_ASIDE)[0]
            if (folder + plain) != JOURNAL and resource_of(folder + plain) is None:
                continue
            content = files.read(directory / folder / name)
            if content is not None:
                found[folder + name] = content
    return found


def _taken(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return for each file what is in its place, else what was set aside last."""
    taken: dict[str, bytes] = {}
    for name in sorted(found):
        plain, is_aside, _ = name.partition(SET_ASIDE)
        if not is_aside or plain not in found:
            taken[plain] = found[name]
    return taken


def _keep(found: Mapping[str, bytes], directory: Path, originals: Path, files: FileOps) -> None:
    for folder in (originals, originals / SCHEMAS):
        files.make_directory(folder)
    for name, content in found.items():
        files.write_new(originals / name, [content])
    for folder in (originals / SCHEMAS, originals, directory):
        files.sync_directory(folder)


def _journal(raw: bytes | None, done: list[str]) -> tuple[Digests, list[Line]]:
    """Return the files' digests that the journal begins from, and the lines of all good frames."""
    if not raw:
        return {}, []
    base: Digests = {}
    first = decode_first(raw)
    if first is None:
        done.append(f"{JOURNAL}: its beginning is damaged")
        payloads, lost = _without_header(raw)
    else:
        header = orjson.loads(first[0])
        if header["larst"] != VERSION:
            raise SessionDamagedError(f"{JOURNAL} was written by another LARST; repair with that")
        base = header["base"]
        payloads, lost = salvage(raw, first[1], header["salt"])
    if lost:
        done.append(f"{JOURNAL}: {lost} bytes are in no whole frame, and were left out")
    lines: list[Line] = [orjson.loads(line) for frame in payloads for line in frame.splitlines()]
    numbers = [line["tx"] for line in lines if "tx" in line]
    missing = max(numbers, default=0) - len(numbers)
    if missing:
        done.append(f"{JOURNAL}: {missing} of {max(numbers)} transactions are lost")
    return base, lines


def _without_header(raw: bytes) -> tuple[list[bytes], int]:
    """Return the good frames of a journal whose beginning, with its salt, may be unreadable."""
    best: tuple[list[bytes], int] = [], len(raw)
    for _, match in zip(range(_FEW_SALTS), _SALT.finditer(raw), strict=False):
        salt = int(match[1])
        if salt < 1 << 32:
            best = min(best, salvage(raw, 0, salt), key=lambda one: one[1])
    return best


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
        collection.records, lost, renamed = _whole_records(content, last)
        done.append(
            f"{name} cannot be read ({error}): {len(collection.records)} whole records kept,"
            f" {lost} damaged left out" + (f", {renamed} given a new id" if renamed else "")
        )
        return False
    return True


def _whole_records(content: bytes, last_id: int) -> tuple[dict[str, Record], int, int]:
    """Return a document's whole records by key, and how many were lost, and given a new id.

    New ids, for records without one or with another's, begin behind `last_id`.
    """
    items, lost = _items(content)
    records: dict[str, Record] = {}
    homeless: list[Record] = []
    for item in items:
        try:
            record = checked(item)
            identifier = own_id(record)
        except BadRequestError:
            lost += 1
            continue
        if identifier is None or key_of(identifier) in records:
            homeless.append(record)
        else:
            records[key_of(identifier)] = with_id(identifier, record)
    first = max(last_id, *map(number_in, records), 0) + 1
    for number, record in enumerate(homeless, first):
        records[str(number)] = with_id(number, record)
    return records, lost, len(homeless)


def _items(content: bytes) -> tuple[list[Json], int]:
    """Return what a damaged list holds, as far as it can be read, and how many parts cannot."""
    with contextlib.suppress(ValueError):
        value = orjson.loads(content)
        return (value, 0) if isinstance(value, list) else ([value], 0)
    items: list[Json] = []
    lost = 0
    for line in content.splitlines():  # as LARST writes it, a record a line
        text = line.rstrip().removesuffix(b",")
        if text in (b"", b"[", b"]"):
            continue
        try:
            items.append(orjson.loads(text) if text.startswith(b"{") else _no_record())
        except ValueError:
            lost += 1
    return (items, lost) if items else (_leading(content), 1)


def _no_record() -> Json:
    raise ValueError("a line that is no object")


def _leading(content: bytes) -> list[Json]:
    """Return the items before the first that cannot be read, however the list is laid out."""
    text = content.decode(errors="replace")
    decoder = json.JSONDecoder()
    items: list[Json] = []
    at = text.find("{")
    while at >= 0:
        try:
            item, end = decoder.raw_decode(text, at)
        except ValueError:
            break
        items.append(item)
        between = re.compile(r"\s*,\s*(?=\{)").match(text, end)
        at = between.end() if between else -1
    return items


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


def _is_known(name: str, digest: str, base: Digests, lines: list[Line]) -> bool:
    return digest in (base.get(name), *(_next(line).get(name) for line in lines))


def _next(line: Line) -> Mapping[str, Any]:
    found: Mapping[str, Any] = line.get("next", {})
    return found


def _write(
    directory: Path,
    files: FileOps,
    collections: Mapping[str, Collection],
    new_salt: Callable[[], int],
) -> None:
    """Put the whole files in place, then a journal that begins from them."""
    files.make_directory(directory / SCHEMAS)
    digests: dict[str, str] = {}
    for resource, collection in collections.items():
        for name, chunks in documents_of(resource, collection):
            put_in_place(files, directory / name, chunks)
            digests[name] = digest_of(chunks)
    files.sync_directory(directory / SCHEMAS)
    files.sync_directory(directory)
    Journal(directory, files, new_salt).begin(digests)

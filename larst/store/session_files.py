"""A session's files: the documented ones, the journal that completes them, and their recovery.

Every documented file is known by its digest. The journal's first frame names the digests it began
from; folding appends a frame that names those to come before it renames any file. So whichever
files a crash left old or new, each one's digest says from where in the journal it has to be
completed, and a file that is neither was damaged or edited, and is never guessed at.

This room is synchronous; `session_store.py` calls it from threads.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from larst.errors import LarstError, SessionDamagedError
from larst.model import Record
from larst.store.collection import Change, Collection
from larst.store.files import FileOps
from larst.store.frames import CorruptFramesError, decode, decode_first, encode
from larst.store.layout import JOURNAL, SCHEMAS, Digests, Journal, digest, frame_of
from larst.store.records import MAX_AUTO_ID, checked, key_of, own_id, resource_name, with_id

TEMPORARY = ".tmp"
SET_ASIDE = ".damaged-"

_log = logging.getLogger("larst.store")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a session's files came to."""

    collections: dict[str, Collection]
    journal: Journal


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """The directory of one session."""

    directory: Path
    files: FileOps
    now: datetime

    def load(self, *, up_to: int | None = None) -> Loaded:
        """Return what the files hold; `up_to` is where the journal is known to be durable.

        Raises:
            SessionDamagedError: a file is not what was written; it was set aside.
            OSError: the disk refused.
        """
        self._refuse_while_damaged()
        raw = self.files.read(self.directory / JOURNAL)
        present = self._documented()
        if raw is None:
            return self._adopt(present)
        return self._recover(raw if up_to is None else raw[:up_to], present)

    def start_journal(self, base: Digests, payloads: Iterable[Mapping[str, Any]]) -> Journal:
        """Write a new journal that completes the files of those digests; return where it stands."""
        journal = Journal(base=dict(base), salt=secrets.randbits(32))
        header = encode(orjson.dumps({"larst": 1, "salt": journal.salt, "base": journal.base}), 0)
        frames = [frame_of(payload, journal) for payload in payloads]
        self._put_in_place(JOURNAL, [header, *frames])
        self.files.sync_directory(self.directory)
        journal.end = len(header) + sum(map(len, frames))
        journal.has_changes = bool(frames)
        return journal

    def drop_journal(self) -> None:
        """Remove a journal that was begun in vain: the documented files are the whole truth."""
        if self.files.read(self.directory / JOURNAL) is not None:
            self.files.remove(self.directory / JOURNAL)
            self.files.sync_directory(self.directory)

    def write_folded(self, contents: Mapping[str, list[bytes]]) -> None:
        """Put the documented files in their place, durably."""
        if any(name.startswith(SCHEMAS) for name in contents):
            self.files.make_directory(self.directory / SCHEMAS)
        for name, chunks in contents.items():
            self._put_in_place(name, chunks)
        for directory in {(self.directory / name).parent for name in contents}:
            self.files.sync_directory(directory)

    def _put_in_place(self, name: str, chunks: Iterable[bytes]) -> None:
        path = self.directory / name
        temporary = path.with_name(path.name + TEMPORARY)
        self.files.write_new(temporary, chunks)
        self.files.rename(temporary, path)

    def _documented(self) -> dict[str, bytes]:
        """Return the documented files, and remove what an unfinished write left behind."""
        found: dict[str, bytes] = {}
        for folder in ("", SCHEMAS):
            for name in self.files.names(self.directory / folder):
                path = self.directory / folder / name
                if name.endswith(TEMPORARY):
                    with contextlib.suppress(OSError):  # it is in nobody's way
                        self.files.remove(path)
                elif name.endswith(".json") and (raw := self.files.read(path)) is not None:
                    found[f"{folder}/{name}".removeprefix("/")] = raw
        return found

    def _refuse_while_damaged(self) -> None:
        for folder in (self.directory, self.directory / SCHEMAS):
            for name in self.files.names(folder):
                if SET_ASIDE in name:
                    raise SessionDamagedError(
                        f"{folder / name} was set aside because it is damaged; put a good copy in"
                        " its place and remove it, then try again"
                    )

    def _damaged(self, name: str, what: str) -> SessionDamagedError:
        """Set the file aside under another name, and return the error that says so."""
        path = self.directory / name
        aside = path.with_name(f"{path.name}{SET_ASIDE}{self.now:%Y%m%dT%H%M%SZ}")
        self.files.rename(path, aside)
        self.files.sync_directory(path.parent)
        _log.error("damaged: %s: %s", path, what)
        return SessionDamagedError(f"{path} {what}; it was set aside as {aside.name}")

    def _recover(self, raw: bytes, present: Mapping[str, bytes]) -> Loaded:
        journal, frames = self._read_journal(raw)
        digests = {name: digest([content]) for name, content in present.items()}
        spent = {
            name: self._spent(name, digests.get(name), journal, frames)
            for name in {*journal.base, *digests, *_foretold(frames)}
        }
        collections = self._parse(present)
        for index, payload in enumerate(frames):
            for name, change in payload.get("resources", {}).items():
                _replay(collections, name, change, index, spent)
        return Loaded(collections, journal)

    def _read_journal(self, raw: bytes) -> tuple[Journal, list[dict[str, Any]]]:
        first = decode_first(raw)
        if first is None:
            raise self._damaged(JOURNAL, "has a damaged beginning")
        header = orjson.loads(first[0])
        try:
            decoded = decode(raw, first[1], header["salt"])
        except CorruptFramesError as error:
            raise self._damaged(JOURNAL, f"is damaged in the middle ({error})") from error
        journal = Journal(header["base"], header["salt"], decoded.end)
        if decoded.end < len(raw):
            _log.warning(
                "cut off an unfinished write of %d bytes at the end of %s",
                len(raw) - decoded.end,
                self.directory / JOURNAL,
            )
            try:
                self.files.truncate(self.directory / JOURNAL, decoded.end)
            except OSError:  # a read-only disk can still be read; cut before the next write
                journal.must_truncate = True
        frames = [orjson.loads(payload) for payload in decoded.payloads]
        journal.has_changes = bool(frames)
        return journal, frames

    def _spent(
        self, name: str, digest: str | None, journal: Journal, frames: list[dict[str, Any]]
    ) -> int:
        """Return how many of the frames are in the file already."""
        for index in range(len(frames) - 1, -1, -1):
            foretold = frames[index].get("next", {})
            if name in foretold and foretold[name] == digest:
                return index + 1
        if journal.base.get(name) == digest:
            return 0
        if digest is None:
            raise SessionDamagedError(
                f"{self.directory / name} is missing; put it back and try again"
            )
        advice = "was changed by something other than LARST, or is damaged"
        if not journal.has_changes:
            advice += (
                " (if it was edited by hand: put it back under its name, remove .journal,"
                " and it is taken as it is)"
            )
        raise self._damaged(name, advice)

    def _adopt(self, present: Mapping[str, bytes]) -> Loaded:
        """Take files that came without a journal as they are, and learn from them."""
        collections = self._parse(present)
        for collection in collections.values():
            numbers = [int(key) for key in collection.records if key.isdecimal()]
            given = [number for number in numbers if number <= MAX_AUTO_ID]
            collection.auto_id = max([collection.auto_id, *given])
            if collection.learned is None:
                for record in collection.records.values():
                    collection.learn(record, self.now)
        base = {name: digest([content]) for name, content in present.items()}
        return Loaded(collections, Journal(base=base))

    def _parse(self, present: Mapping[str, bytes]) -> dict[str, Collection]:
        collections: dict[str, Collection] = {}
        for name, content in sorted(present.items()):
            try:
                self._parse_one(collections, name, content)
            except (LarstError, ValueError, TypeError, KeyError) as error:
                raise self._damaged(name, f"cannot be read ({error})") from error
        return collections

    def _parse_one(self, collections: dict[str, Collection], name: str, content: bytes) -> None:
        value = orjson.loads(content)
        stem = name.removeprefix(f"{SCHEMAS}/").removesuffix(".json")
        is_meta = name.startswith(SCHEMAS) and stem.endswith(".meta")
        resource = resource_name(stem.removesuffix(".meta") if is_meta else stem)
        collection = collections.setdefault(resource, Collection())
        if is_meta:
            collection.auto_id = int(value["auto_id"])
        elif name.startswith(SCHEMAS):
            collection.learned = value
            collection.fields = frozenset(value["fields"])
        else:
            collection.records = _by_key(value)


def _by_key(value: Any) -> dict[str, Record]:
    records: dict[str, Record] = {}
    if not isinstance(value, list):
        raise TypeError("it must hold a list of objects")
    for item in value:
        record = checked(item)
        identifier = own_id(record)
        if identifier is None:
            identifier = 1 + max((int(key) for key in records if key.isdecimal()), default=0)
        if key_of(identifier) in records:
            raise ValueError(f"the id {identifier!r} is there twice")
        records[key_of(identifier)] = with_id(identifier, record)
    return records


def _replay(
    collections: dict[str, Collection],
    name: str,
    change: Mapping[str, Any],
    index: int,
    spent: Mapping[str, int],
) -> None:
    """Take one frame's change in, as far as the resource's files do not hold it yet."""
    collection = collections.setdefault(name, Collection())
    has_records = spent.get(f"{name}.json", 0) > index
    has_meta = spent.get(f"{SCHEMAS}/{name}.meta.json", 0) > index
    has_schema = spent.get(f"{SCHEMAS}/{name}.json", 0) > index
    collection.apply(
        Change(
            put=[] if has_records else change["put"],
            deleted=[] if has_records else change["del"],
            auto_id=collection.auto_id if has_meta else change["auto_id"],
            learned=None if has_schema else change.get("schema"),
        )
    )


def _foretold(frames: list[dict[str, Any]]) -> Iterator[str]:
    for payload in frames:
        yield from payload.get("next", {})

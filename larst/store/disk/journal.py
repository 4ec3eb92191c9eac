"""A session's journal: changes that its documented files may not hold yet.

::

    .journal  =  header, frame, frame, …                     (a frame is drawn in frames.py)

    header    {"base":{"users.json":"<SHA-256>",…},"ids":{"users":8},"larst":2,"salt":2773741621,
                "history":"1c9f03ab","before":412}
    frame     {"salt":2773741621,"tx":1,"resources":{"users":{
                   "put":[{"id":8,…}],"del":["7"],"next_id":9,"schema":{…},"replace":true},…}}
              {"tx":2,"resources":{…}}
    frame     {"salt":2773741621,"next":{"users.json":"<SHA-256>",…}}
    frame     {"salt":2773741621,"next":{},"files":{"users.json":"<SHA-256>",…},"through":2}

    base      base digests: the documented files that the journal starts from; others are absent
    ids       the next ids in those files, for meta files that are lost; LARST 0.2 wrote none
    larst     version of the format; 1 is drawn in journal_v1.py
    salt      start value of the frames' checksums, random for each journal
    history   the journals of a session are one history; absent in the first journal, whose salt
              in 8 hex digits it is, and in those of older LARSTs
    before    the number of transactions in the earlier journals of that history
    tx        number of a transaction: 1, 2, 3, … without a gap
    put, del  records to insert or replace; ids of records to delete
    next_id   the next integer id that the resource gives out
    schema    the learned schema, where it changed
    was       the records that `put` and `del` replace or delete, by id; only while the session is
              followed (changes.py)
    replace   the earlier records and schema of the resource are dropped
    drop      with `replace`: the resource is not there any more, and its files are removed
    edited    beside `resources`: the line before names the files of a resource that people edited,
              and these records become what the edit made of them. Lists the keys of those that
              are not as in the edited file
    settings  beside `resources`: the session's settings after a snapshot was loaded (settings.py)
    next      next digests: the files that a checkpoint is about to put in place. They hold all
              changes before this line. "" means that the file is removed
    files     the same where transactions were written during the checkpoint: these files hold the
              changes up to the transaction `through`. An older LARST does not know them, so it
              refuses them instead of taking them for newer than they are

A frame holds all transactions of one flush. If each transaction were a frame, a crash during a
flush could leave a good frame behind a torn one, since pages reach the disk in any order, and that
would look like corruption. This way only the last frame can be torn.

Synchronous; one thread at a time calls it. Must never retry a write that the disk refused: bytes
that may or may not be there are truncated before the next write.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from larst.store.disk.documents import resource_of
from larst.store.disk.files import FileOps, put_in_place
from larst.store.disk.folders import FilesLostError
from larst.store.disk.frames import CorruptFramesError, decode, decode_header, encode
from larst.store.disk.journal_v1 import Line, from_v1, to_v1, upgraded_files

JOURNAL = ".journal"
VERSION = 2
READABLE_VERSIONS = (1, VERSION)

ABSENT = ""
"""The digest of a file that a checkpoint removes."""

_BEGINNING_BYTES = 8
"""The length and the checksum of the header, which the random salt is part of."""

MAX_FRAME_BYTES = 2**32 - 1
"""A frame's length is 32 bits."""

Digests = Mapping[str, str]
"""SHA-256 of documented files by their path within the session; absent files are not listed."""

_log = logging.getLogger("larst.store")


class JournalDamagedError(Exception):
    """The journal does not hold the bytes that were written; the text describes the damage."""


class Journal:
    """One session's journal.

    `end` is the size of its durable part; 0: the next write begins a new journal. `base` are the
    digests of the documented files in place, which a new journal starts from. `has_changes`: it
    holds changes that may not be in those files. `must_cut`: a torn tail may follow `end`.
    `later` are the transactions appended since `mark`. `next_ids` are those of all resources as of
    their files. `salt` is that of the journal, and `transactions` the number of its last one.
    `history` and `number` say where the session is: the history of its journals, and how many
    transactions that has.
    """

    def __init__(self, directory: Path, files: FileOps, new_salt: Callable[[], int]) -> None:
        self.base: Digests = {}
        self.end = 0
        self.version = VERSION
        self.has_changes = False
        self.must_cut = False
        self.later: list[Line] = []
        self.next_ids: dict[str, int] = {}
        self.salt = 0
        self.transactions = 0
        self.history = ""
        self.number = 0
        self._is_marked = False
        self._carried: Sequence[Line] = ()  # the next `begin` writes them
        self._directory = directory
        self._path = directory / JOURNAL
        self._files = files
        self._new_salt = new_salt
        self._beginning = b""
        self._upgraded: Container[tuple[str, str]] = ()  # an empty set takes 200 bytes
        self._is_name_durable = False

    def append(self, lines: Sequence[Line]) -> None:
        """Write the lines as one frame, durably; begin a journal where none exists.

        Raises:
            FilesLostError: another journal is in the place of this one; it was not touched.
            OSError: the write does not count, and any bytes it left are truncated before the next.
        """
        if not self.end:
            self.begin(self.base, self._carried)
        elif not self.is_in_place():
            raise FilesLostError(
                f"{self._directory} was replaced while the service ran, and nothing was changed:"
                " send the request again, to go on with the files that are there now"
            )
        self._make_name_durable()
        if self.must_cut:
            self.cut()
        payload, transactions = self._encode_lines(lines)
        if len(payload) > MAX_FRAME_BYTES:
            raise OSError(errno.EFBIG, "the change is larger than one journal write can be")
        frame = encode(payload, self.salt)
        self.must_cut = True  # until the frame is durable
        self._files.write_at(self._path, self.end, frame)
        self.must_cut = False
        self.end += len(frame)
        self.number += transactions - self.transactions
        self.transactions = transactions
        self.has_changes = True
        if self._is_marked:
            self.later += (line for line in lines if "next" not in line)

    def is_in_place(self) -> bool:
        """Return whether the file is the one that was read or begun here, or none was.

        Raises:
            FilesLostError: its folder is gone.
            OSError: the disk refused.
        """
        return not self.end or self._files.begins_with(self._path, self._beginning, self.end)

    def mark(self) -> int:
        """Collect the transactions from now on in `later`; return the number of the last one.

        Raises:
            OSError: no journal could be begun.
        """
        if not self.end:
            self.begin(self.base, self._carried)
        self.later, self._is_marked = [], True
        return self.transactions

    def unmark(self) -> None:
        """End what `mark` began."""
        self.later, self._is_marked = [], False

    def announce(self, digests: Digests, through: int) -> None:
        """Write the line of files that hold the changes up to transaction `through`.

        Raises:
            OSError: as for `append`.
        """
        is_last = not self.later
        line = {"next": digests} if is_last else {"next": {}, "files": digests, "through": through}
        self.append([line])

    def begin(self, base: Digests, lines: Sequence[Line] = ()) -> None:
        """Replace the journal with one of those lines, once the files of `base` hold all others.

        Raises:
            OSError: the old or the new journal is in place, and either completes the files. The
                next write begins another.
        """
        self.end, self.base, self.version, self._carried = 0, base, VERSION, lines
        self.must_cut = self._is_name_durable = False
        self.has_changes = bool(lines)
        self.salt, self.transactions = self._new_salt(), 0
        self.history = self.history or f"{self.salt:08x}"
        carried = sum("next" not in line for line in lines)
        names = {resource_of(name) for name in base}
        ids = {name: item for name, item in self.next_ids.items() if name in names}
        header = {"larst": VERSION, "salt": self.salt, "base": base, "ids": ids}
        header |= {"history": self.history, "before": self.number - carried}
        frames = [encode(orjson.dumps(header, option=orjson.OPT_SORT_KEYS), 0)]
        for line in lines:  # a frame each: all of them are durable before they have their name
            payload, self.transactions = self._encode_lines([line])
            frames.append(encode(payload, self.salt))
        self._files.make_directory(self._directory)
        put_in_place(self._files, self._path, frames)
        self._make_name_durable()
        self.end, self._carried = sum(map(len, frames)), ()
        self._beginning = frames[0][:_BEGINNING_BYTES]

    def cut(self) -> None:
        """Truncate what a failed write may have left behind `end`.

        Raises:
            OSError: the next write truncates it.
        """
        if self.end and self.must_cut:
            self._files.truncate(self._path, self.end)
            self.must_cut = False

    def read(self, raw: bytes) -> list[Line]:
        """Continue the journal that is in place; set `base` from its header; return its lines.

        Raises:
            JournalDamagedError: a frame does not hold the bytes that were written.
        """
        header, lines, end = _decoded(raw)
        numbers = [line["tx"] for line in lines if "tx" in line]
        if numbers != list(range(1, len(numbers) + 1)):
            raise JournalDamagedError("lacks a transaction in the middle")
        self.version, self._upgraded = header["larst"], upgraded_files(lines) or ()
        self._beginning = raw[:_BEGINNING_BYTES]
        self.base, self.salt = header["base"], header["salt"]
        self.next_ids = dict(header.get("ids", {}))
        self.history = header.get("history", f"{self.salt:08x}")
        self.number = header.get("before", 0) + len(numbers)
        self.end, self.transactions, self.has_changes = end, len(numbers), bool(lines)
        self._drop_tail(len(raw) - end)
        return [from_v1(line) for line in lines]

    def lines(self) -> list[Line]:
        """Return the lines of the journal in use, and change nothing.

        Raises:
            JournalDamagedError: it does not hold the bytes that were written.
            OSError: the disk refused.
        """
        raw = self._files.read(self._path) if self.end else None
        return [] if raw is None else [from_v1(line) for line in _decoded(raw[: self.end])[1]]

    def has_last_id(self, name: str, digest: str) -> bool:
        """Return whether this meta file holds the last id given out, as those of version 1 do."""
        return self.version == 1 and (name, digest) not in self._upgraded

    def mark_name_unsynced(self) -> None:
        """Sync the directory entries that lead to the journal before the next write counts."""
        self._is_name_durable = False

    def make_durable(self) -> None:
        """Sync the journal that was read: after a kill it may be in the kernel's memory only.

        Raises:
            OSError: it is unknown whether the journal is durable.
        """
        if self.has_changes:
            self._files.sync(self._path)

    def _drop_tail(self, tail_bytes: int) -> None:
        if not tail_bytes:
            return
        _log.warning("%s ends in a torn write of %d bytes: truncated", self._path, tail_bytes)
        self.must_cut = True
        try:
            self.cut()
        except OSError as error:  # a read-only disk can still be read
            _log.warning("%s is truncated at the next write: %s", self._path, error)

    def _make_name_durable(self) -> None:
        """Sync the directory entries that lead to the journal; at load they may not be durable."""
        if not self._is_name_durable:
            self._files.sync_directory(self._directory)
            self._files.sync_directory(self._directory.parent)
            self._is_name_durable = True

    def _encode_lines(self, lines: Sequence[Line]) -> tuple[bytes, int]:
        """Return the payload of a frame, and the number of the last transaction in it."""
        number = self.transactions
        texts: list[bytes] = []
        for line in lines:
            entry = line if self.version == VERSION else to_v1(line)
            if "next" not in line:
                number += 1
                entry = {"tx": number, **entry}
            if not texts and self.version == VERSION:
                entry = {"salt": self.salt, **entry}
            texts.append(orjson.dumps(entry))
        return b"\n".join(texts), number


def _decoded(raw: bytes) -> tuple[dict[str, Any], list[Line], int]:
    """Return the header, the lines and the end of the good frames.

    Raises:
        JournalDamagedError: a frame does not hold the bytes that were written.
    """
    if (header_frame := decode_header(raw)) is None:
        raise JournalDamagedError("has a damaged beginning")
    header = orjson.loads(header_frame[0])
    if header["larst"] not in READABLE_VERSIONS:
        raise JournalDamagedError(f"was written by another LARST (version {header['larst']})")
    try:
        decoded = decode(raw, header_frame[1], header["salt"])
    except CorruptFramesError as error:
        raise JournalDamagedError(f"is damaged in the middle ({error})") from error
    lines = [orjson.loads(line) for frame in decoded.payloads for line in frame.splitlines()]
    return header, lines, decoded.end

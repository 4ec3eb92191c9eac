"""A session's journal: where it stands, and how frames get into it durably.

A frame is what one flush wrote: one transaction or many, a JSON text a line. Were each
transaction a frame, a crash in a flush of several could leave a later one whole behind a torn one
(pages reach the disk in any order), and that would look like damage. As it is, only the last
frame can be unfinished.

Synchronous, called from one thread at a time. Must never retry what a disk refused: bytes that
may or may not be there are cut off before the next write.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from larst.store.disk.files import FileOps, put_in_place
from larst.store.disk.frames import CorruptFramesError, decode, decode_first, encode

JOURNAL = ".journal"
VERSION = 1

MAX_FRAME_BYTES = 2**32 - 1
"""A frame's length is 32 bits."""

Digests = Mapping[str, str]
"""SHA-256 of each documented file by its path within the session; an absent one is not named."""

Line = Mapping[str, Any]
"""A transaction `{"tx": n, "resources": {…}}`, or `{"next": digests}` of files to come."""

_log = logging.getLogger("larst.store")


class JournalDamagedError(Exception):
    """The journal is not what was written; says what is wrong with it."""


class Journal:
    """One session's journal. `end` is how much of it is durable; 0: the next write begins one.

    `base` names the documented files that are in place: a journal that is begun now completes
    those. `has_changes`: there is something in it that may not be in those files.
    """

    def __init__(self, directory: Path, files: FileOps, new_salt: Callable[[], int]) -> None:
        self.base: Digests = {}
        self.end = 0
        self.has_changes = False
        self.must_cut = False
        self._directory = directory
        self._path = directory / JOURNAL
        self._files = files
        self._new_salt = new_salt
        self._salt = 0
        self._transactions = 0
        self._is_name_durable = False

    def append(self, lines: Sequence[Line]) -> None:
        """Write one frame of the lines, durably; begin the journal where there is none.

        Raises:
            OSError: nothing of it counts, and what there may be of it is cut off before the
                next write.
        """
        if not self.end:
            self.begin(self.base)
        self._make_name_durable()
        if self.must_cut:
            self.cut()
        payload, transactions = self._numbered(lines)
        if len(payload) > MAX_FRAME_BYTES:
            raise OSError(errno.EFBIG, "it is more than one write of the journal can hold")
        frame = encode(payload, self._salt)
        self.must_cut = True  # until it is known to be there whole
        self._files.write_at(self._path, self.end, frame)
        self.must_cut = False
        self.end += len(frame)
        self._transactions = transactions
        self.has_changes = True

    def begin(self, base: Digests) -> None:
        """Put a new journal in the place of the one there is; those files make it superfluous.

        Raises:
            OSError: it is unknown which of the two is in place; either completes the files. The
                next write begins another.
        """
        self.end, self.base = 0, base
        self.has_changes = self.must_cut = self._is_name_durable = False
        self._salt, self._transactions = self._new_salt(), 0
        header = {"larst": VERSION, "salt": self._salt, "base": base}
        frame = encode(orjson.dumps(header, option=orjson.OPT_SORT_KEYS), 0)
        self._files.make_directory(self._directory)
        put_in_place(self._files, self._path, [frame])
        self._make_name_durable()
        self.end = len(frame)

    def cut(self) -> None:
        """Cut off what a failed write may have left behind `end`.

        Raises:
            OSError: it is cut before the next write.
        """
        if self.end and self.must_cut:
            self._files.truncate(self._path, self.end)
            self.must_cut = False

    def read(self, raw: bytes) -> list[Line]:
        """Take up the journal that is in place; return its lines. `base` is as its header says.

        Raises:
            JournalDamagedError: a frame is not what was written.
        """
        if (first := decode_first(raw)) is None:
            raise JournalDamagedError("has a damaged beginning")
        header = orjson.loads(first[0])
        if header["larst"] != VERSION:
            raise JournalDamagedError(f"was written by another LARST (version {header['larst']})")
        try:
            decoded = decode(raw, first[1], header["salt"])
        except CorruptFramesError as error:
            raise JournalDamagedError(f"is damaged in the middle ({error})") from error
        lines = [orjson.loads(line) for frame in decoded.payloads for line in frame.splitlines()]
        numbers = [line["tx"] for line in lines if "tx" in line]
        if numbers != list(range(1, len(numbers) + 1)):
            raise JournalDamagedError("lacks a transaction in the middle")
        self.base, self._salt = header["base"], header["salt"]
        self.end, self._transactions, self.has_changes = decoded.end, len(numbers), bool(lines)
        self._drop_tail(len(raw) - decoded.end)
        return lines

    def doubt_name(self) -> None:
        """Have the names on the way to the journal synced before the next write counts."""
        self._is_name_durable = False

    def make_durable(self) -> None:
        """Sync what was read: after a kill it may be in the kernel's memory only.

        Raises:
            OSError: it cannot be known whether it is durable.
        """
        if self.has_changes:
            self._files.sync(self._path)

    def _drop_tail(self, tail_bytes: int) -> None:
        if not tail_bytes:
            return
        _log.warning("%s ends in an unfinished write of %d bytes: cut", self._path, tail_bytes)
        self.must_cut = True
        try:
            self.cut()
        except OSError as error:  # a read-only disk can still be read
            _log.warning("%s is cut at the next write: %s", self._path, error)

    def _make_name_durable(self) -> None:
        """Sync the names on the way to the journal; those found at load may not have been."""
        if not self._is_name_durable:
            self._files.sync_directory(self._directory)
            self._files.sync_directory(self._directory.parent)
            self._is_name_durable = True

    def _numbered(self, lines: Sequence[Line]) -> tuple[bytes, int]:
        number = self._transactions
        texts: list[bytes] = []
        for line in lines:
            number += "next" not in line
            texts.append(orjson.dumps(line if "next" in line else {"tx": number, **line}))
        return b"\n".join(texts), number

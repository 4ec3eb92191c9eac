"""A session's journal on disk: begun, appended to, read and cut. `journal_format.py` draws it.

Synchronous; one thread at a time calls it. Must never retry a write that the disk refused: bytes
that may or may not be there are truncated before the next write.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import orjson

from larst.store.disk.documents import resource_of
from larst.store.disk.files import FileOps, put_in_place
from larst.store.disk.folders import FilesLostError
from larst.store.disk.frames import encode
from larst.store.disk.journal_format import (
    JOURNAL,
    VERSION,
    Digests,
    JournalDamagedError,
    decoded,
    encoded,
    numbered,
)
from larst.store.disk.journal_v1 import Line, from_v1, upgraded_files

_BEGINNING_BYTES = 8
"""The length and the checksum of the header, which the random salt is part of."""

MAX_FRAME_BYTES = 2**32 - 1
"""A frame's length is 32 bits."""


_log = logging.getLogger("larst.store")


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
        payload, transactions = self._encoded(lines)
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
            payload, self.transactions = self._encoded([line])
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
        header, lines, end = decoded(raw)
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
        """Return the lines of the journal in use, or of the one to begin, and change nothing.

        Raises:
            JournalDamagedError: it does not hold the bytes that were written.
            OSError: the disk refused.
        """
        if not self.end:
            return numbered(self._carried)
        raw = self._files.read(self._path)
        return [] if raw is None else [from_v1(line) for line in decoded(raw[: self.end])[1]]

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

    def _encoded(self, lines: Sequence[Line]) -> tuple[bytes, int]:
        return encoded(lines, self.version, self.salt, self.transactions)

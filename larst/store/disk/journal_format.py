"""The format of a session's journal: changes that its documented files may not hold yet.

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
              followed (changes.py), and in the runs of plans
    plan      beside `resources`: they are the run of a model's plan with this key, which a user may
              take back (run_changes.py)
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

Pure: bytes in, lines out, and back. Must never repair: damage is refused with its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import orjson

from larst.store.disk.frames import CorruptFramesError, decode, decode_header
from larst.store.disk.journal_v1 import Line, to_v1

JOURNAL = ".journal"


VERSION = 2


READABLE_VERSIONS = (1, VERSION)


ABSENT = ""
"""The digest of a file that a checkpoint removes."""


Digests = Mapping[str, str]
"""SHA-256 of documented files by their path within the session; absent files are not listed."""


class JournalDamagedError(Exception):
    """The journal does not hold the bytes that were written; the text describes the damage."""


def decoded(raw: bytes) -> tuple[dict[str, Any], list[Line], int]:
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


def numbered(lines: Sequence[Line]) -> list[Line]:
    """Return lines with the numbers of their transactions, as a new journal of them has them."""
    numbers = count(1)
    return [line if "next" in line else {"tx": next(numbers), **line} for line in lines]


def encoded(lines: Sequence[Line], version: int, salt: int, transactions: int) -> tuple[bytes, int]:
    """Return the payload of a frame, and the number of the last transaction in it.

    `transactions` is the number of the last one before it.
    """
    number = transactions
    texts: list[bytes] = []
    for line in lines:
        entry = line if version == VERSION else to_v1(line)
        if "next" not in line:
            number += 1
            entry = {"tx": number, **entry}
        if not texts and version == VERSION:
            entry = {"salt": salt, **entry}
        texts.append(orjson.dumps(entry))
    return b"\n".join(texts), number

"""Taking the whole frames out of a damaged journal. Pure.

A frame proves itself by a checksum that begins from the journal's salt. Where the header is
damaged that has the salt, the frames give it away: for each there is one salt only from which it
would be whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from larst.errors import SessionDamagedError
from larst.store.disk.frames import decode_first, salts, salvage
from larst.store.disk.journal import JOURNAL, VERSION, Digests, Line

_SALT = re.compile(rb'"salt":(\d{1,10})[,}]')
_FEW_SALTS = 8


@dataclass(frozen=True, slots=True)
class SalvagedJournal:
    """The files' digests that it begins from, the lines of whole frames, and what was done.

    `has_base`: those digests are known.
    """

    has_base: bool = False
    base: Digests = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


def salvaged(raw: bytes) -> SalvagedJournal:
    """Return what is whole of a journal; an empty one holds nothing.

    Raises:
        SessionDamagedError: another version of LARST wrote it.
    """
    if not raw:
        return SalvagedJournal()
    base: Digests = {}
    done: list[str] = []
    first = decode_first(raw)
    if first is None:
        done.append(f"{JOURNAL}: its beginning is damaged")
        payloads, lost = _without_header(raw)
        if len(payloads) == 1:
            done.append(f"{JOURNAL}: its only frame is taken as it reads: there is no other proof")
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
    return SalvagedJournal(first is not None, base, lines, done)


def _without_header(raw: bytes) -> tuple[list[bytes], int]:
    """Return the whole frames of a journal whose beginning is damaged."""
    tried = [salvage(raw, 0, salt) for salt in _salts(raw)]
    return min(tried, key=lambda one: one[1], default=([], len(raw)))


def _salts(raw: bytes) -> Iterator[int]:
    """Yield the salts that may be the journal's: those in its text, then what its frames say."""
    for _, match in zip(range(_FEW_SALTS), _SALT.finditer(raw), strict=False):
        if int(match[1]) < 1 << 32:
            yield int(match[1])
    seen: set[int] = set()
    readable: set[int] = set()
    for salt, payload in salts(raw):
        if salt in seen:  # two frames do not agree by chance
            yield salt
            return
        seen.add(salt)
        if _is_read(payload):
            readable.add(salt)
    if len(readable) == 1:
        yield from readable


def _is_read(payload: bytes) -> bool:
    """Tell whether a payload is lines as those of a journal."""
    try:
        lines = [orjson.loads(line) for line in payload.splitlines()]
    except ValueError:
        return False
    return all("tx" in line or "next" in line for line in lines)

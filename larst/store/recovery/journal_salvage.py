"""Salvaging the good frames of a damaged journal. Pure.

====================================  =====================================================
damage                                kept
====================================  =====================================================
in a frame                            all other frames
in the header                         all frames: each names the salt that verifies it
in the header of a version-1 journal  all frames, if the salt can be read in the damaged text
====================================  =====================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from larst.errors import SessionDamagedError
from larst.store.disk.frames import decode_header, find_salt, salvage
from larst.store.disk.journal_format import JOURNAL, READABLE_VERSIONS, VERSION, Digests
from larst.store.disk.journal_v1 import Line, from_v1, upgraded_files

_SALT_IN_HEADER = re.compile(rb'"salt":(\d{1,10})[,}]')


@dataclass(frozen=True, slots=True)
class SalvagedJournal:
    """The base digests, the lines of the good frames, and a report of the damage.

    `has_base`: the header is good, so the base digests are known.
    """

    has_base: bool = False
    version: int = VERSION
    base: Digests = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    upgraded: frozenset[tuple[str, str]] = frozenset()
    report: list[str] = field(default_factory=list)

    def has_last_id(self, name: str, digest: str) -> bool:
        """Return whether this meta file may hold the last id given out, as LARST 0.1 wrote it.

        In doubt it does: then an id is skipped, while otherwise it would be given out twice.
        """
        return self.version == 1 and (name, digest) not in self.upgraded


def salvage_journal(raw: bytes) -> SalvagedJournal:
    """Return the good frames of a journal; an empty journal has none.

    Raises:
        SessionDamagedError: another version of LARST wrote it.
    """
    if not raw:
        return SalvagedJournal()
    header_frame = decode_header(raw)
    payload, start = header_frame or (b"{}", 0)
    header = orjson.loads(payload) or _guess_header(raw)
    if header["larst"] not in READABLE_VERSIONS:
        raise SessionDamagedError(f"{JOURNAL} was written by another LARST; repair with that")
    payloads, lost_bytes = salvage(raw, start, header["salt"])
    lines = [orjson.loads(line) for payload in payloads for line in payload.splitlines()]
    report = [] if header_frame else [f"{JOURNAL}: its beginning is damaged"]
    if lost_bytes:
        report.append(f"{JOURNAL}: {lost_bytes} bytes are in no good frame, and were left out")
    return SalvagedJournal(
        has_base=header_frame is not None,
        version=header["larst"],
        base=header["base"],
        lines=[from_v1(line) for line in lines],
        upgraded=upgraded_files(lines),
        report=report + _missing_transactions(lines),
    )


def _guess_header(raw: bytes) -> dict[str, Any]:
    """Return the header of a journal whose header is damaged, as far as it can be found."""
    salt = find_salt(raw)
    if salt is not None:
        return {"larst": VERSION, "salt": salt, "base": {}}
    match = _SALT_IN_HEADER.search(raw)
    return {"larst": 1, "salt": int(match[1]) % 2**32 if match else 0, "base": {}}


def _missing_transactions(lines: list[Line]) -> list[str]:
    numbers = [line["tx"] for line in lines if "tx" in line]
    missing = max(numbers, default=0) - len(numbers)
    return [f"{JOURNAL}: {missing} of {max(numbers)} transactions are lost"] if missing else []

"""What a session's files hold: names, contents, digests, and the journal's payloads. Pure.

The documented files (SPEC section 7) are for people and other programs to read; the journal
completes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from larst.model import Record
from larst.store.collection import Change, Collection
from larst.store.frames import encode

JOURNAL = ".journal"
SCHEMAS = ".schemas"

Digests = Mapping[str, str]
"""SHA-256 of each documented file by its path within the session; an absent one is not named."""

_RECORDS_A_CHUNK = 500


@dataclass(slots=True)
class Journal:
    """Where the journal stands. `end` is how much of it is durable; 0: there is none yet."""

    base: Digests = field(default_factory=dict)
    salt: int = 0
    end: int = 0
    has_changes: bool = False
    must_truncate: bool = False


def frame_of(payload: Mapping[str, Any], journal: Journal) -> bytes:
    """Return a journal frame of the payload."""
    return encode(orjson.dumps(payload), journal.salt)


def change_payload(changes: Mapping[str, Change]) -> dict[str, Any]:
    """Return one transaction as its frame's payload."""
    return {
        "resources": {
            name: {
                "put": change.put,
                "del": change.deleted,
                "auto_id": change.auto_id,
                **({} if change.learned is None else {"schema": change.learned}),
            }
            for name, change in changes.items()
        }
    }


def contents_of(name: str, collection: Collection) -> Iterator[tuple[str, list[bytes]]]:
    """Return the documented files of a resource: their names and what they hold, in chunks."""
    yield f"{name}.json", list(_record_lines(list(collection.records.values())))
    if collection.learned is not None:
        yield f"{SCHEMAS}/{name}.json", [orjson.dumps(collection.learned)]
    yield f"{SCHEMAS}/{name}.meta.json", [orjson.dumps({"auto_id": collection.auto_id})]


def digests_of(contents: Mapping[str, list[bytes]]) -> dict[str, str]:
    """Return the digests of files to come."""
    return {name: digest(chunks) for name, chunks in contents.items()}


def _record_lines(records: list[Record]) -> Iterator[bytes]:
    """One record a line, some hundred a chunk: the lock of the interpreter is let go between."""
    if not records:
        yield b"[]\n"
        return
    for start in range(0, len(records), _RECORDS_A_CHUNK):
        lines = b",\n".join(map(orjson.dumps, records[start : start + _RECORDS_A_CHUNK]))
        yield (b"[\n" if start == 0 else b",\n") + lines
    yield b"\n]\n"


def digest(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 of a file's chunks, in hex."""
    summed = hashlib.sha256()
    for chunk in chunks:
        summed.update(chunk)
    return summed.hexdigest()

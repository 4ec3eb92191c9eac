"""A session as one stream, to be kept or moved. Pure; `importing.py` takes it in again.

A stream is JSON a line: what it is; for each resource a line of its own and a line for each record;
and at the end how many there were, with the SHA-256 of all that came before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import orjson

from larst.domain import Json
from larst.store.collection import Collection

VERSION = 1
_RECORDS_A_CHUNK = 500


def lines_of(resources: Mapping[str, Collection]) -> Iterator[bytes]:
    """Return a session as chunks of lines; to stop before the last leaves what no import takes."""
    digest = hashlib.sha256()
    for chunk in _chunks(resources):
        digest.update(chunk)
        yield chunk
    records = sum(len(collection.records) for collection in resources.values())
    yield _line({"end": True, "records": records, "sha256": digest.hexdigest()})


def _chunks(resources: Mapping[str, Collection]) -> Iterator[bytes]:
    yield _line({"larst": "session", "version": VERSION})
    for name, collection in sorted(resources.items()):
        head = {"resource": name, "auto_id": collection.auto_id, "schema": collection.schema}
        yield _line(head)
        records = list(collection.records.values())
        for start in range(0, len(records), _RECORDS_A_CHUNK):
            page = records[start : start + _RECORDS_A_CHUNK]
            yield b"".join(_line({"record": record}) for record in page)


def _line(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)

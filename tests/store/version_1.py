"""Session folders as LARST 0.1 wrote them, byte by byte: their ids are the last ones given out."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

SALT = 2773741621

Line = Mapping[str, Any]


def frame(payload: bytes, salt: int) -> bytes:
    length = struct.pack("<I", len(payload))
    checksum = zlib.crc32(payload, zlib.crc32(length, salt))
    return length + struct.pack("<I", checksum) + payload + b"\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def journal(base: Mapping[str, bytes], *frames: Sequence[Line]) -> bytes:
    """Return a journal that starts from these documents."""
    digests = {name: digest(content) for name, content in base.items()}
    header = {"base": digests, "larst": 1, "salt": SALT}
    raw = frame(_dump(header), 0)
    for lines in frames:
        raw += frame(b"\n".join(map(_dump, lines)), SALT)
    return raw


def documents(
    resource: str, records: Sequence[Mapping[str, Any]], last_id: int
) -> dict[str, bytes]:
    """Return the files of a resource whose fields are all integers or texts."""
    types = {str: "string", int: "integer"}
    example = dict(records[0])
    schema = {
        "fields": sorted(example),
        "example": example,
        "updated_at": "2026-11-23T00:00:00+00:00",
        "json_schema": {
            "type": "object",
            "properties": {name: {"type": types[type(item)]} for name, item in example.items()},
            "required": list(example),
        },
    }
    return {
        f"{resource}.json": b"[\n" + b",\n".join(map(_dump, records)) + b"\n]\n",
        f".schemas/{resource}.json": json.dumps(schema, indent=2).encode() + b"\n",
        f".schemas/{resource}.meta.json": b'{"auto_id":%d}\n' % last_id,
    }


def change(*put: Mapping[str, Any], last_id: int, deleted: Sequence[str] = ()) -> dict[str, Any]:
    return {"put": list(put), "del": list(deleted), "auto_id": last_id}


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()

"""Exporting a session as one stream of JSON lines; `importing.py` reads it. Pure.

::

    {"larst":"session","version":2}                     also "settings": of resources, or all
    {"resource":"users","auto_id":9,"schema":{…}}       for each resource
    {"record":{"id":1,…}}                               for each of its records
    {"end":true,"records":1,"sha256":"…"}               of all bytes before this line

`auto_id` is the next id to give out. In version 1, of LARST 0.1, it is the last one given out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from larst.domain import Json
from larst.store.collection import Collection
from larst.store.disk.settings import StoredSettings, settings_as_json
from larst.store.resource_settings import ResourceSettings

VERSION = 2
_RECORDS_A_CHUNK = 500


def export_lines(
    resources: Mapping[str, Collection],
    settings: StoredSettings | None = None,
    declared: Mapping[str, ResourceSettings] | None = None,
) -> Iterator[bytes]:
    """Yield the export in chunks of lines; imports refuse a stream without its last line.

    A snapshot also has the settings; any other export has those of the resources alone.
    """
    digest = hashlib.sha256()
    head: dict[str, Json] = {"larst": "session", "version": VERSION}
    if settings is not None:
        head["settings"] = settings_as_json(replace(settings, restored=None))
    elif declared:
        resource_settings = settings_as_json(StoredSettings(resources=declared))["resources"]
        head["settings"] = {"resources": resource_settings}
    for chunk in _chunks(head, resources):
        digest.update(chunk)
        yield chunk
    records = sum(len(collection.records) for collection in resources.values())
    yield _line({"end": True, "records": records, "sha256": digest.hexdigest()})


def _chunks(first: Json, resources: Mapping[str, Collection]) -> Iterator[bytes]:
    yield _line(first)
    for name, collection in sorted(resources.items()):
        head = {"resource": name, "auto_id": collection.next_id, "schema": collection.schema}
        yield _line(head)
        records = list(collection.records.values())
        for start in range(0, len(records), _RECORDS_A_CHUNK):
            page = records[start : start + _RECORDS_A_CHUNK]
            yield b"".join(_line({"record": record}) for record in page)


def _line(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)

"""Importing an export or a json-server `db.json`: whole resources, or an error and nothing. Pure.

Runs in a thread, record by record, so that the interpreter lock is released between records and
other sessions continue.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from larst.domain import Json
from larst.errors import BadRecordError, BadRequestError
from larst.exact_json import parse_json
from larst.store.collection import Collection
from larst.store.disk.documents import decode_next_id, decode_schema
from larst.store.disk.settings import StoredSettings, settings_from_json
from larst.store.records import (
    validate_id,
    validate_record,
    validate_resource_name,
)
from larst.store.resource_settings import MAX_SETTINGS_BYTES, ResourceSettings, parse_all
from larst.store.transfer.db_json import ImportReport, add_record, read_db_json
from larst.store.transfer.exporting import VERSION

MAX_RESOURCES = 10_000
"""Resources of one import: each is three files, and the event loop puts all in place at once."""

READABLE_VERSIONS = (1, VERSION)

Source = bytes | bytearray

_EXPORT = re.compile(rb'\{\s*"larst"\s*:\s*"session"')
_BOM_AND_SPACE = re.compile(b"(?:" + re.escape(codecs.BOM_UTF8) + rb")?\s*")
_MAX_HEAD_BYTES = 2 * MAX_SETTINGS_BYTES
_MAX_OUTER_LINE_BYTES = 1000
_RECORD, _RESOURCE = b'{"record":', b'{"resource":'
_NOT_LARST = "a line of the export is not as LARST writes it"


def import_resources(
    raw: Source, now: datetime, report: ImportReport | None = None
) -> dict[str, Collection]:
    """Return the complete resources of an export, or of a `db.json`.

    `report` says whether to be lenient, and receives its changes.

    Raises:
        BadRequestError: it is neither of them, is cut short, or was changed since its export.
        BadRecordError: an item cannot be a record.
    """
    prefix = _BOM_AND_SPACE.match(raw)
    start = prefix.end() if prefix else 0
    resources: dict[str, Collection] = {}
    report = report or ImportReport()
    for name, collection in _read(raw, start, report):
        if name in resources:
            report.note(f"the resource {name} is there twice", "only the last one is imported")
        if len(resources) == MAX_RESOURCES:
            raise BadRequestError(f"an import may hold at most {MAX_RESOURCES} resources")
        resources[name] = collection
    report.refuse()
    for collection in resources.values():
        collection.derive_metadata(now)
    return resources


def snapshot_settings(raw: Source) -> StoredSettings:
    """Return the settings that a snapshot has in its first line; an export has none.

    Raises:
        BadRequestError: they are not as LARST writes them.
    """
    head = _parse_line(_line_at(raw, 0)[0][:_MAX_HEAD_BYTES])
    try:
        return settings_from_json(head.get("settings", {}))
    except ValueError as error:
        raise BadRequestError(f"its settings cannot be read: {error}") from error


def exported_settings(raw: Source) -> Mapping[str, ResourceSettings]:
    """Return the settings of resources that an export has; a `db.json` has none.

    Raises:
        BadRequestError: they are not as LARST writes them.
    """
    prefix = _BOM_AND_SPACE.match(raw)
    start = prefix.end() if prefix else 0
    if not _EXPORT.match(raw, start):
        return {}
    head = _parse_line(_line_at(raw, start)[0][:_MAX_HEAD_BYTES]).get("settings")
    return parse_all(head.get("resources", {})) if isinstance(head, dict) else {}


def _read(raw: Source, start: int, report: ImportReport) -> Iterator[tuple[str, Collection]]:
    if _EXPORT.match(raw, start):
        return _read_export(raw, start)
    return read_db_json(raw, start, report)


def _read_export(raw: Source, start: int) -> Iterator[tuple[str, Collection]]:
    """Yield the resources of an export; each one is filled until the next is yielded."""
    head, position = _line_at(raw, start)
    version = _parse_line(head[:_MAX_HEAD_BYTES]).get("version")
    if version not in READABLE_VERSIONS:
        raise BadRequestError(
            f"the export is of version {version!r:.40}; this LARST reads versions 1 and {VERSION}"
        )
    stop = _check_end(raw, start)
    current: Collection | None = None
    while position < stop:
        line, position = _line_at(raw, position)
        if line.startswith(_RECORD) and line.endswith(b"}") and current is not None:
            _add_exported(current, line[len(_RECORD) : -1])
        elif line.startswith(_RESOURCE):
            name, current = _collection(_parse_line(line), has_last_id=version == 1)
            yield name, current
        else:
            raise BadRequestError(_NOT_LARST)


def _check_end(raw: Source, start: int) -> int:
    """Return the offset of the last line, which holds the checksum of all bytes before it.

    Raises:
        BadRequestError: the last line is missing, or its checksum differs.
    """
    stop = len(raw)
    while raw[stop - 1 : stop] == b"\n":
        stop -= 1
    begin = raw.rfind(b"\n", start, stop) + 1
    end = _parse_line(bytes(raw[begin:stop])) if stop - begin <= _MAX_OUTER_LINE_BYTES else {}
    if begin <= start or not end.get("end"):
        raise BadRequestError("the export is cut short: its last line is missing")
    with memoryview(raw) as whole:
        digest = hashlib.sha256(whole[start:begin]).hexdigest()
    if end.get("sha256") != digest:
        raise BadRequestError("the export was changed since it was made: its checksum differs")
    return begin


def _line_at(raw: Source, position: int) -> tuple[bytes, int]:
    """Return the line that begins there, and the position of the next one."""
    end = raw.find(b"\n", position)
    end = len(raw) if end < 0 else end
    return bytes(raw[position:end]), end + 1


def _parse_line(line: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError as error:
        raise BadRequestError("a line of the export is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequestError(_NOT_LARST)
    return value


def _collection(entry: Mapping[str, Json], *, has_last_id: bool) -> tuple[str, Collection]:
    """Return the name and the empty collection that a line of an export describes."""
    name = validate_resource_name(entry["resource"])
    try:
        schema = decode_schema(entry["schema"])
        next_id = decode_next_id(entry, is_last=has_last_id)
    except (LookupError, TypeError, ValueError, BadRecordError) as error:
        raise BadRequestError(
            f"the line of the export that describes {name} is not as LARST writes it"
        ) from error
    collection = Collection(next_id=next_id)
    collection.set_schema(schema)
    return name, collection


def _add_exported(collection: Collection, line: bytes) -> None:
    record = validate_record(parse_json(line))
    identifier = validate_id(record)
    if identifier is None:
        raise BadRequestError(_NOT_LARST)
    add_record(collection, identifier, record)

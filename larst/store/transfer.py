"""A session as one stream, to be kept or moved: out as lines, in again as whole resources. Pure.

A stream is JSON a line: what it is; for each resource a line of its own and a line for each record;
and at the end how many there were, with the SHA-256 of all that came before. A json-server
`db.json` is taken as it is: an object of resources.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from larst.context import parse_json
from larst.errors import BadRecordError, BadRequestError
from larst.model import Json, Record
from larst.store.collection import Collection, number_in
from larst.store.records import checked, key_of, own_id, resource_name, with_id
from larst.store.schema import is_schema

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


def resources_of(raw: bytes, now: datetime) -> dict[str, Collection]:
    """Return the resources of an export, or of a `db.json`; each complete.

    Raises:
        BadRequestError: it is neither, is cut short, or is not what was exported.
        BadRecordError: an item can be no record.
    """
    first, _, _ = raw.lstrip().partition(b"\n")
    try:
        head = orjson.loads(first)
    except ValueError:
        head = None
    if isinstance(head, dict) and head.get("larst") == "session":
        resources = _exported(raw.lstrip(), head)
    else:
        resources = _json_server(raw)
    for collection in resources.values():
        collection.complete(now)
    return resources


def _chunks(resources: Mapping[str, Collection]) -> Iterator[bytes]:
    yield _line({"larst": "session", "version": VERSION})
    for name, collection in sorted(resources.items()):
        head = {"resource": name, "auto_id": collection.auto_id, "schema": collection.learned}
        yield _line(head)
        records = list(collection.records.values())
        for start in range(0, len(records), _RECORDS_A_CHUNK):
            page = records[start : start + _RECORDS_A_CHUNK]
            yield b"".join(_line({"record": record}) for record in page)


def _line(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _exported(raw: bytes, head: Mapping[str, Json]) -> dict[str, Collection]:
    if head.get("version") != VERSION:
        raise BadRequestError(f"the export is of version {head.get('version')}, not {VERSION}")
    body, _, last = raw.rstrip(b"\n").rpartition(b"\n")
    end = _parsed(last)
    if not isinstance(end, dict) or not end.get("end"):
        raise BadRequestError("the export is cut short: its last line is missing")
    if end.get("sha256") != hashlib.sha256(body + b"\n").hexdigest():
        raise BadRequestError("the export is not what was exported: its checksum differs")
    resources: dict[str, Collection] = {}
    current: Collection | None = None
    for line in body.splitlines()[1:]:
        entry = _parsed(line)
        try:
            if "resource" in entry:
                current = resources[resource_name(entry["resource"])] = _collection(entry)
            elif current is not None:
                _add(current, entry["record"])
        except (LookupError, TypeError, AttributeError) as error:
            raise BadRequestError("a line of the export is not as LARST writes it") from error
    return resources


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError as error:
        raise BadRequestError("a line of the export is no JSON") from error


def _collection(entry: Mapping[str, Json]) -> Collection:
    learned = entry["schema"]
    if learned is not None and not is_schema(learned.get("json_schema")):
        raise BadRequestError(f"the schema of {entry['resource']} is not as LARST writes it")
    fields = frozenset(learned["fields"]) if learned else frozenset[str]()
    return Collection(auto_id=entry["auto_id"], learned=learned, fields=fields)


def _json_server(raw: bytes) -> dict[str, Collection]:
    """Return the resources of a `db.json`; an object in it becomes a resource of one record.

    Raises:
        InvalidJsonError: it is no JSON, or holds numbers that cannot be kept exactly.
    """
    content = parse_json(raw)
    if not isinstance(content, dict):
        raise BadRequestError('a db.json is an object of resources: {"posts": [{…}, …], …}')
    # "$schema" and the like are for editors.
    named = {name: value for name, value in content.items() if not name.startswith("$")}
    return {resource_name(name): _listed(name, value) for name, value in named.items()}


def _listed(name: str, value: Json) -> Collection:
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise BadRequestError(f"{name[:80]!r} is neither a list of records nor one record")
    given = [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item]
    collection = Collection(auto_id=max(map(number_in, given), default=0))
    for item in items:
        _add(collection, item)
    return collection


def _add(collection: Collection, item: Json) -> None:
    """Take a record in; one without an id gets the next.

    Raises:
        BadRecordError: it is none, or its id is there already.
    """
    record: Record = checked(item)
    identifier = own_id(record)
    if identifier is None:
        identifier = collection.auto_id + 1
    key = key_of(identifier)
    collection.auto_id = max(collection.auto_id, number_in(key))
    if key in collection.records:
        raise BadRecordError(f"two records have the id {identifier!r:.80}")
    collection.records[key] = with_id(identifier, record)

"""A stream or a json-server `db.json` becomes whole resources; whatever is odd refuses all of it.

Meant for a thread: it goes from record to record, so that the lock of the interpreter is let go
between any two of them and other sessions go on. To parse a file of 60 MB at once held everybody up
for three seconds and a half (November 2026). Pure.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from larst.domain import Json, Record, RecordId
from larst.errors import BadRecordError, BadRequestError, InvalidJsonError
from larst.exact_json import parse_json
from larst.store.collection import Collection, numeric_id
from larst.store.disk.documents import auto_id_of, learned_of
from larst.store.records import (
    MAX_AUTO_ID,
    copy_with_id,
    key_of,
    validate_id,
    validate_record,
    validate_resource_name,
)
from larst.store.transfer.exporting import VERSION

MAX_RESOURCES = 10_000
"""Resources of one import: each is three files, and a turn of the event loop takes them all in."""

Source = bytes | bytearray

_EXPORT = re.compile(rb'\{\s*"larst"\s*:\s*"session"')
_MARKS = re.compile(b"(?:" + re.escape(codecs.BOM_UTF8) + rb")?\s*")
_SPACE = re.compile(r"[ \t\n\r]*")
_MAX_MARGIN_BYTES = 1000
_RECORD, _RESOURCE = b'{"record":', b'{"resource":'
_UNLIKE = "a line of the export is not as LARST writes it"


def resources_of(raw: Source, now: datetime) -> dict[str, Collection]:
    """Return the resources of an export, or of a `db.json`; each complete.

    Raises:
        BadRequestError: it is neither, is cut short, or is not what was exported.
        BadRecordError: an item can be no record.
    """
    marks = _MARKS.match(raw)
    start = marks.end() if marks else 0
    resources: dict[str, Collection] = {}
    found = _exported(raw, start) if _EXPORT.match(raw, start) else _json_server(raw, start)
    for name, collection in found:
        if name in resources:
            raise BadRequestError(f"the resource {name} is there twice")
        if len(resources) == MAX_RESOURCES:
            raise BadRequestError(f"an import may hold at most {MAX_RESOURCES} resources")
        resources[name] = collection
    for collection in resources.values():
        collection.derive_metadata(now)
    return resources


def _exported(raw: Source, start: int) -> Iterator[tuple[str, Collection]]:
    """Go through an export; a resource that is given out is filled until the next one is."""
    head, at = _line(raw, start)
    told = _parsed(head[:_MAX_MARGIN_BYTES])
    if told.get("version") != VERSION:
        raise BadRequestError(
            f"the export is of version {told.get('version')!r:.40}, not {VERSION}"
        )
    stop = _checked_end(raw, start)
    current: Collection | None = None
    while at < stop:
        line, at = _line(raw, at)
        if line.startswith(_RECORD) and line.endswith(b"}") and current is not None:
            _add_exported(current, line[len(_RECORD) : -1])
        elif line.startswith(_RESOURCE):
            name, current = _collection(_parsed(line))
            yield name, current
        else:
            raise BadRequestError(_UNLIKE)


def _checked_end(raw: Source, start: int) -> int:
    """Return where the last line begins, which says what came before it.

    Raises:
        BadRequestError: there is no such line, or something else came before it.
    """
    stop = len(raw)
    while raw[stop - 1 : stop] == b"\n":
        stop -= 1
    begin = raw.rfind(b"\n", start, stop) + 1
    end = _parsed(bytes(raw[begin:stop])) if stop - begin <= _MAX_MARGIN_BYTES else {}
    if begin <= start or not end.get("end"):
        raise BadRequestError("the export is cut short: its last line is missing")
    with memoryview(raw) as whole:
        digest = hashlib.sha256(whole[start:begin]).hexdigest()
    if end.get("sha256") != digest:
        raise BadRequestError("the export is not what was exported: its checksum differs")
    return begin


def _line(raw: Source, at: int) -> tuple[bytes, int]:
    """Return the line that begins there, and where the next one does."""
    end = raw.find(b"\n", at)
    end = len(raw) if end < 0 else end
    return bytes(raw[at:end]), end + 1


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError as error:
        raise BadRequestError("a line of the export is no JSON") from error
    if not isinstance(value, dict):
        raise BadRequestError(_UNLIKE)
    return value


def _collection(entry: Mapping[str, Json]) -> tuple[str, Collection]:
    name = validate_resource_name(entry["resource"])
    try:
        learned, auto_id = learned_of(entry["schema"]), auto_id_of(entry)
    except (LookupError, TypeError, ValueError, BadRecordError) as error:
        raise BadRequestError(
            f"what the export says of {name} is not as LARST writes it"
        ) from error
    collection = Collection(auto_id=auto_id)
    collection.set_schema(learned)
    return name, collection


def _add_exported(collection: Collection, line: bytes) -> None:
    record = validate_record(parse_json(line))
    identifier = validate_id(record)
    if identifier is None:
        raise BadRequestError(_UNLIKE)
    _add(collection, identifier, record)


def _json_server(raw: Source, start: int) -> Iterator[tuple[str, Collection]]:
    """Go through a `db.json`; an object in it becomes a resource of one record.

    Raises:
        InvalidJsonError: it is no JSON, or holds numbers that cannot be kept exactly.
    """
    try:
        text = _Text(raw[start:].decode() if start else raw.decode())
    except UnicodeDecodeError as error:
        raise InvalidJsonError("the import is not UTF-8 text") from error
    if text.next() not in "{":
        raise BadRequestError('a db.json is an object of resources: {"posts": [{…}, …], …}')
    for name in text.names():
        if name.startswith("$"):  # "$schema" and the like are for editors
            text.value()
        else:
            yield validate_resource_name(name), _listed(name, text)
    if text.next():
        raise text.unexpected("the end")


def _listed(name: str, text: _Text) -> Collection:
    if text.next() not in tuple("[{"):
        raise BadRequestError(f"{name[:80]!r} is neither a list of records nor one record")
    given: list[tuple[RecordId | None, Record]] = []
    for item in text.items() if text.next() == "[" else (text.value(),):
        record = validate_record(item)
        given.append((validate_id(record), record))
    known = (key_of(identifier) for identifier, _ in given if identifier is not None)
    collection = Collection(auto_id=max(map(numeric_id, known), default=0))
    for identifier, record in given:
        _add(collection, _next_id(collection) if identifier is None else identifier, record)
    return collection


def _next_id(collection: Collection) -> int:
    if collection.auto_id == MAX_AUTO_ID:
        raise BadRecordError("every number there is was given out; give each record an id")
    return collection.auto_id + 1


def _add(collection: Collection, identifier: RecordId, record: Record) -> None:
    """Take a record in.

    Raises:
        BadRecordError: its id is there already.
    """
    key = key_of(identifier)
    if key in collection.records:
        raise BadRecordError(f"two records have the id {identifier!r:.80}")
    collection.auto_id = max(collection.auto_id, numeric_id(key))
    collection.records[key] = copy_with_id(record, identifier)


class _Text:
    """JSON text that is gone through item by item, each parsed exactly as a request's body is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._extent_of = json.JSONDecoder().raw_decode

    def next(self) -> str:
        """Return the character that comes next, blanks left out; "" at the end."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def names(self) -> Iterator[str]:
        """Go through the names of an object; take each one's value before the next name."""
        for _ in self._places("{", "}"):
            if self.next() != '"':
                raise self.unexpected("a name in quotes")
            name = self.value()
            self._take(":")
            assert isinstance(name, str)  # noqa: S101 - it began with a quote
            yield name

    def items(self) -> Iterator[Json]:
        """Go through the items of a list."""
        for _ in self._places("[", "]"):
            yield self.value()

    def value(self) -> Json:
        """Take one value.

        Raises:
            InvalidJsonError: it is none, or cannot be kept exactly.
        """
        self.next()
        try:
            _, end = self._extent_of(self._text, self._at)
        except RecursionError as error:
            raise InvalidJsonError("a value nests too deep") from error
        except ValueError as error:
            raise InvalidJsonError(str(error)[:200]) from error
        taken, self._at = self._text[self._at : end], end
        return parse_json(taken.encode())

    def unexpected(self, wanted: str) -> InvalidJsonError:
        """Return the error that says what should have come next."""
        return InvalidJsonError(f"{wanted} was expected at character {self._at}")

    def _places(self, opening: str, closing: str) -> Iterator[None]:
        """Stand before each item that commas separate, between the two brackets."""
        self._take(opening)
        if self.next() == closing:
            self._take(closing)
            return
        while True:
            yield
            if self.next() == closing:
                self._take(closing)
                return
            self._take(",")

    def _take(self, wanted: str) -> None:
        if self.next() != wanted:
            raise self.unexpected(wanted)
        self._at += 1

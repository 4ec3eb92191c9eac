"""The documented files of SPEC section 7: their names, encoding and decoding. Pure.

::

    users.json                  records, one a line in a JSON list, in the order of their insertion
    .schemas/users.json         the learned schema, or null
    .schemas/users.meta.json    {"auto_id":9}, the next integer id to give out
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import orjson

from larst.domain import Record
from larst.errors import BadRequestError, BadResourceNameError
from larst.store.collection import Collection
from larst.store.disk.record_lists import generated_records, parse_list
from larst.store.records import (
    MAX_AUTO_ID,
    copy_with_id,
    is_hidden,
    key_of,
    validate_id,
    validate_record,
    validate_resource_name,
)
from larst.store.schema.learning import is_schema, is_string_list

SCHEMAS = ".schemas"
_META = ".meta"
_RECORDS_A_CHUNK = 500


class DocumentDamagedError(Exception):
    """A file does not hold what it should."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def resource_of(document: str) -> str | None:
    """Return the resource that a path belongs to; None if it is not a documented file."""
    stem = document.removeprefix(f"{SCHEMAS}/").removesuffix(".json")
    if stem == document or not document.endswith(".json"):
        return None
    name = stem.removesuffix(_META) if is_in_schemas(document) else stem
    try:
        return name if is_hidden(name) else validate_resource_name(name)
    except BadResourceNameError:
        return None


def is_in_schemas(document: str) -> bool:
    """Return whether the file describes records, instead of holding them."""
    return document.startswith(f"{SCHEMAS}/")


def document_names(resource: str) -> tuple[str, str, str]:
    """Return the paths of a resource's files: records, schema, meta."""
    return (
        f"{resource}.json",
        f"{SCHEMAS}/{resource}.json",
        f"{SCHEMAS}/{resource}{_META}.json",
    )


def digest_of(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 that identifies a file's content."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def encode_documents(resource: str, collection: Collection) -> Iterator[tuple[str, list[bytes]]]:
    """Return a resource's files: their paths, and their content in chunks.

    Without a learned schema the schema file holds null: an older one must not stay in its place.
    """
    records, schema, _ = document_names(resource)
    yield records, list(_record_lines(list(collection.records.values())))
    yield schema, [orjson.dumps(collection.schema, option=orjson.OPT_INDENT_2), b"\n"]
    yield encode_meta(resource, collection.next_id)


def encode_meta(resource: str, next_id: int) -> tuple[str, list[bytes]]:
    """Return a resource's meta file: its path, and its content in chunks."""
    return document_names(resource)[2], [orjson.dumps({"auto_id": next_id}), b"\n"]


def decode_next_id(value: Any, *, is_last: bool = False) -> int:
    """Return the next id to give out, from a meta file or an export.

    `is_last`: LARST 0.1 wrote it, so it holds the last id that was given out.

    Raises:
        LookupError, TypeError: it holds no such number.
    """
    auto_id = value["auto_id"]
    largest = MAX_AUTO_ID if is_last else MAX_AUTO_ID + 1
    if type(auto_id) is not int or not 0 <= auto_id <= largest:
        raise TypeError(f"auto_id must be a whole number from 0 to {largest}")
    return auto_id + 1 if is_last else max(1, auto_id)


def decode_schema(value: Any) -> dict[str, Any] | None:
    """Return the learned schema from a schema file or an export; None: nothing was learned yet.

    Raises:
        LookupError, TypeError, BadRecordError: it is not as LARST writes it.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or not is_schema(value["json_schema"]):
        raise TypeError("json_schema is not as LARST writes it")
    if "properties" not in value["json_schema"] or not isinstance(value["updated_at"], str):
        raise TypeError("json_schema must describe an object, and updated_at be a date")
    if not is_string_list(value["fields"]):
        raise TypeError("fields must be a list of names")
    validate_record(value["example"])
    validate_record({name: item for name, item in value.items() if name != "example"})
    return value


@dataclass(slots=True)
class DocumentReader:
    """Decodes the documented files of a session into collections, one file at a time.

    `is_ours`: LARST wrote or accepted the files before, so they are not validated again.
    """

    is_ours: bool
    collections: dict[str, Collection] = field(default_factory=dict)
    _highest_ids: dict[str, int] = field(default_factory=dict)
    """Of resources whose ids LARST generated, all of them."""
    _not_learned: set[str] = field(default_factory=set)
    """Schema files of the original program: without `json_schema`, they count as missing."""

    def decode(self, name: str, content: bytes, *, has_last_id: bool = False) -> None:
        """Add a file's content to its collection; ignore files that are not documented.

        `has_last_id`: a meta file as LARST 0.1 wrote it.

        Raises:
            DocumentDamagedError: it does not hold what it should; nothing of it was added.
        """
        if (resource := resource_of(name)) is None:
            return
        try:
            value = parse_list(content)
            collection = self.collections.setdefault(resource, Collection())
            if not is_in_schemas(name):
                collection.records = self._by_key(resource, value)
            elif name.endswith(f"{_META}.json"):
                collection.next_id = decode_next_id(value, is_last=has_last_id)
            elif isinstance(value, dict) and "json_schema" not in value:
                self._not_learned.add(name)
            else:
                collection.set_schema(decode_schema(value))
        except (LookupError, TypeError, ValueError, BadRequestError) as error:
            raise DocumentDamagedError(name, str(error)) from error

    def complete(self, names: Iterable[str], now: datetime) -> set[str]:
        """Derive from the records what no file says; return the resources that lack files.

        An id that a record has is never given out, whatever the meta file says.
        """
        present = set(names) - self._not_learned
        incomplete: set[str] = set()
        for resource, collection in self.collections.items():
            names_of_resource = document_names(resource)
            if not self.is_ours or not present.issuperset(names_of_resource):
                incomplete.add(resource)
            # LARST's own null may be newer than the records beside it, which the journal drops.
            learns = not (self.is_ours and names_of_resource[1] in present)
            if not learns and resource in self._highest_ids:
                highest_id = self._highest_ids[resource]
                collection.next_id = max(collection.next_id, highest_id + 1)
            else:
                collection.derive_metadata(now, learns=learns)
        return incomplete

    def _by_key(self, resource: str, value: Any) -> dict[str, Record]:
        """Return the records by key; those without an id get the lowest free numbers."""
        if not isinstance(value, list):
            raise TypeError("it must hold a list of objects")
        if self.is_ours and (generated := generated_records(value)) is not None:
            self._highest_ids[resource] = generated.highest_id
            return generated.records
        items = value if self.is_ours else [validate_record(item) for item in value]
        ids = [validate_id(item) for item in items]
        used = {key_of(identifier) for identifier in ids if identifier is not None}
        free = (number for number in count(1) if str(number) not in used)
        records: dict[str, Record] = {}
        for own_id, item in zip(ids, items, strict=True):
            identifier = next(free) if own_id is None else own_id
            key = key_of(identifier)
            if key in records:
                raise ValueError(f"the id {identifier!r:.80} is there twice")
            has_id_first = own_id is not None and next(iter(item)) == "id"
            records[key] = item if has_id_first else copy_with_id(item, identifier)
        return records


def decode_documents(
    documents: Mapping[str, bytes], last_id_files: Iterable[str], now: datetime, *, is_ours: bool
) -> tuple[dict[str, Collection], set[str]]:
    """Return the resources of those files, and the names of the resources that lack files.

    `last_id_files`: meta files as LARST 0.1 wrote them. `is_ours`: as for `DocumentReader`.

    Raises:
        DocumentDamagedError: a file does not hold what it should.
    """
    reader = DocumentReader(is_ours)
    old = set(last_id_files)
    for name, content in sorted(documents.items()):
        reader.decode(name, content, has_last_id=name in old)
    return reader.collections, reader.complete(documents, now)


def _record_lines(records: list[Record]) -> Iterator[bytes]:
    """Yield one record a line, in chunks, so that the interpreter lock is released in between."""
    if not records:
        yield b"[]\n"
        return
    for start in range(0, len(records), _RECORDS_A_CHUNK):
        lines = b",\n".join(map(orjson.dumps, records[start : start + _RECORDS_A_CHUNK]))
        yield (b"[\n" if start == 0 else b",\n") + lines
    yield b"\n]\n"

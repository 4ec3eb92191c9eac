"""The documented files of SPEC section 7: their names, and resources to bytes and back. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import orjson

from larst.domain import Record
from larst.errors import BadRequestError, BadResourceNameError
from larst.store.collection import Collection
from larst.store.records import (
    MAX_AUTO_ID,
    copy_with_id,
    key_of,
    validate_id,
    validate_record,
    validate_resource_name,
)
from larst.store.schema.learning import is_schema, is_string_list

SCHEMAS = ".schemas"
_META = ".meta"
_RECORDS_A_CHUNK = 500


def resource_of(document: str) -> str | None:
    """Return the resource that a file belongs to, by its path; None: it is no documented file."""
    stem = document.removeprefix(f"{SCHEMAS}/").removesuffix(".json")
    if stem == document or not document.endswith(".json"):
        return None
    try:
        return validate_resource_name(stem.removesuffix(_META) if is_in_schemas(document) else stem)
    except BadResourceNameError:
        return None


def is_in_schemas(document: str) -> bool:
    """Tell whether the file is one that tells of records, not one that holds them."""
    return document.startswith(f"{SCHEMAS}/")


def names_of(resource: str) -> tuple[str, str, str]:
    """Return the paths of a resource's files: records, schema, meta."""
    return (
        f"{resource}.json",
        f"{SCHEMAS}/{resource}.json",
        f"{SCHEMAS}/{resource}{_META}.json",
    )


def documents_of(resource: str, collection: Collection) -> Iterator[tuple[str, list[bytes]]]:
    """Return a resource's files: paths, and what they hold in chunks.

    Where nothing was learned the schema file holds null: an older one must not stay in its place.
    """
    records, schema, meta = names_of(resource)
    yield records, list(_lines(list(collection.records.values())))
    yield schema, [orjson.dumps(collection.schema, option=orjson.OPT_INDENT_2), b"\n"]
    yield meta, [orjson.dumps({"auto_id": collection.auto_id}), b"\n"]


def collections_of(
    documents: Mapping[str, bytes], now: datetime, *, is_ours: bool
) -> tuple[dict[str, Collection], set[str]]:
    """Return the resources of those files, and which of them were found incomplete.

    `is_ours`: the files were written, or accepted, by this room; they are not checked again.

    Raises:
        DocumentDamagedError: a file does not hold what it should.
    """
    collections: dict[str, Collection] = {}
    for name, content in sorted(documents.items()):
        read_into(collections, name, content, is_ours=is_ours)
    incomplete = {
        resource
        for resource in collections
        if not is_ours or not all(name in documents for name in names_of(resource))
    }
    for resource in incomplete:
        _, schema, _ = names_of(resource)
        # One of ours that says null may be newer than the records beside it, which are to go.
        collections[resource].derive_metadata(now, learns=not (is_ours and schema in documents))
    return collections, incomplete


def read_into(
    collections: dict[str, Collection], name: str, content: bytes, *, is_ours: bool
) -> None:
    """Take one file in: records, or what tells of them.

    Raises:
        DocumentDamagedError: it does not hold what it should; nothing of it was taken in.
    """
    try:
        _read_one(collections, name, orjson.loads(content), is_ours=is_ours)
    except (LookupError, TypeError, ValueError, BadRequestError) as error:
        raise DocumentDamagedError(name, str(error)) from error


def auto_id_of(value: Any) -> int:
    """Return the last id that was given out, as a meta file or an export says it.

    Raises:
        LookupError, TypeError: it does not say so.
    """
    auto_id = value["auto_id"]
    if type(auto_id) is not int or not 0 <= auto_id <= MAX_AUTO_ID:
        raise TypeError(f"auto_id must be a whole number from 0 to {MAX_AUTO_ID}")
    return auto_id


def learned_of(value: Any) -> dict[str, Any] | None:
    """Return what a schema file or an export says was learned; None: nothing yet.

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


class DocumentDamagedError(Exception):
    """A file does not hold what it should."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def digest_of(chunks: Iterable[bytes]) -> str:
    """Return what a file is known by."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _lines(records: list[Record]) -> Iterator[bytes]:
    """One record a line, some hundred a chunk: the lock of the interpreter is let go between."""
    if not records:
        yield b"[]\n"
        return
    for start in range(0, len(records), _RECORDS_A_CHUNK):
        lines = b",\n".join(map(orjson.dumps, records[start : start + _RECORDS_A_CHUNK]))
        yield (b"[\n" if start == 0 else b",\n") + lines
    yield b"\n]\n"


def _read_one(collections: dict[str, Collection], name: str, value: Any, *, is_ours: bool) -> None:
    if (resource := resource_of(name)) is None:
        return
    collection = collections.setdefault(resource, Collection())
    if not is_in_schemas(name):
        collection.records = _by_key(value, is_ours=is_ours)
    elif name.endswith(f"{_META}.json"):
        collection.auto_id = auto_id_of(value)
    else:
        collection.set_schema(learned_of(value))


def _by_key(value: Any, *, is_ours: bool) -> dict[str, Record]:
    """Return the records by key; those without an id get the first numbers that are free."""
    if not isinstance(value, list):
        raise TypeError("it must hold a list of objects")
    items = value if is_ours else [validate_record(item) for item in value]
    ids = [validate_id(item) for item in items]
    given = {key_of(identifier) for identifier in ids if identifier is not None}
    free = (number for number in count(1) if str(number) not in given)
    records: dict[str, Record] = {}
    for own, item in zip(ids, items, strict=True):
        identifier = next(free) if own is None else own
        key = key_of(identifier)
        if key in records:
            raise ValueError(f"the id {identifier!r:.80} is there twice")
        is_in_order = own is not None and next(iter(item)) == "id"
        records[key] = item if is_in_order else copy_with_id(item, identifier)
    return records

"""Reading a records file that a person edited: all of it is valid, or the reason is given. Pure.

Runs in a thread, record by record, so that the interpreter lock is released in between.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from larst.domain import Record
from larst.errors import BadRecordError, InvalidJsonError
from larst.store.records import key_of, validate_id, validate_record
from larst.store.transfer.json_text import JsonText


class BadEditError(Exception):
    """An edited file that cannot be taken in; the text is the reason."""


@dataclass(slots=True)
class EditedRecords:
    """The records of an edited file by key, and those without an id, in the order of the file."""

    records: dict[str, Record] = field(default_factory=dict)
    without_id: list[Record] = field(default_factory=list)


def read_records(content: bytes) -> EditedRecords:
    """Return the records of an edited file.

    Raises:
        BadEditError: it is not a list of records that can be stored.
    """
    try:
        text = JsonText(content.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise BadEditError(f"it is not UTF-8 text: byte {error.start} is damaged") from error
    if text.peek() != "[":
        reason = "it must hold a list of records" if text.peek() else "it is empty"
        raise BadEditError(f'{reason}, such as [{{"id": 1, "name": "Ann"}}]')
    edited = EditedRecords()
    try:
        for number, item in enumerate(text.items(), start=1):
            _add(edited, number, item)
        if text.peek():
            raise text.expected("the end")
    except InvalidJsonError as error:
        raise BadEditError(error.detail) from error
    return edited


def _add(edited: EditedRecords, number: int, item: object) -> None:
    try:
        record = validate_record(item)
        identifier = validate_id(record)
    except BadRecordError as error:
        raise BadEditError(f"record {number}: {error}") from error
    if identifier is None:
        edited.without_id.append(record)
        return
    key = key_of(identifier)
    if key in edited.records:
        raise BadEditError(f"record {number}: the id {identifier!r:.80} is there twice")
    edited.records[key] = record if next(iter(record)) == "id" else _id_first(record)


def _id_first(record: Record) -> Record:
    return {"id": record["id"], **record}

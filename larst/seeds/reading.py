"""Reads a file of any of the kinds, and returns what it shows as the text of a `db.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from larst.errors import BadRequestError, InvalidJsonError
from larst.seeds.collecting import Collected
from larst.seeds.exchange import Exchange, Unused
from larst.seeds.har import read_har
from larst.seeds.json_bodies import parse_loosely
from larst.seeds.kinds import Kind
from larst.seeds.openapi import read_openapi
from larst.seeds.postman import read_postman
from larst.store.transfer.db_json import ImportReport, shortened
from larst.store.transfer.json_text import JsonText

_PIECE_LEVEL = 3
"""How deep a document is taken apart: operations and schemas are parsed one by one, so that the
interpreter's lock is released in between."""


def as_db_json(raw: bytes | bytearray, kind: Kind, report: ImportReport) -> bytes:
    """Return the records that a file shows as a `db.json`; the report lists unused parts.

    Raises:
        InvalidJsonError: the file is not JSON.
        BadRequestError: it shows no record, or is too large to be looked through.
    """
    unused = Unused()
    collected = Collected(unused)
    for exchange in _exchanges(raw, kind, unused):
        collected.add(exchange)
    content = collected.db_json()
    if content == b"{}":
        reasons = "; ".join(shortened(unused.lines())) or "it has no requests"
        raise BadRequestError(f"no record in this {kind}: {reasons[:2000]}")
    report.warnings += unused.lines()
    return content


def _exchanges(raw: bytes | bytearray, kind: Kind, unused: Unused) -> Iterator[Exchange]:
    try:
        text = JsonText(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidJsonError("the import is not UTF-8 text") from error
    if kind == "HAR recording":
        return read_har(text, unused)
    read_document = read_postman if kind == "Postman collection" else read_openapi
    return read_document(_parsed(text, 0), unused)


def _parsed(text: JsonText, level: int) -> Any:
    opening = text.peek()
    if level == _PIECE_LEVEL or opening not in ("{", "["):
        return parse_loosely(text.span())
    if opening == "{":
        return {name: _parsed(text, level + 1) for name in text.names()}
    return [_parsed(text, level + 1) for _ in text.members("[", "]")]

"""Lists of records as CSV (RFC 4180) and as NDJSON, a JSON value a line. Pure.

Errors name the line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from larst.domain import Body, BodyKind, Json, Notation
from larst.errors import BadRequestError, BodyTooLargeError, InvalidJsonError
from larst.http.formats.json_bodies import MAX_FIELDS, check_value_count, read_json

MAX_RECORDS = 10_000
"""Records of one body: LARS_MAX_STORE_CALLS allows as many by default."""

MAX_CELLS = 100_000
"""Cells of one table: the session types them by its schema, while its other requests wait."""

MAX_LINE_CHARACTERS = 1_000_000
"""Characters of one line of CSV: its reader keeps all other threads waiting for as long."""

_JSON_PLACE = re.compile(r" at line 1 column (\d+)$")


def read_csv(raw: bytes) -> Body:
    """Return a table as a list of objects; its first row names the fields.

    Commas separate the cells; semicolons or tabs do where the first row has no comma.

    Raises:
        BodyTooLargeError: it has too many columns, rows or cells, or too long a line.
        BadRequestError: it is not such a table.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError("the CSV is not UTF-8; encode it as UTF-8") from error
    rows = _rows(text)
    _, names = next(rows, (1, []))
    _check_names(names)
    lines: list[int] = []
    records: list[Json] = []
    for line, cells in rows:
        if len(cells) != len(names):
            raise BadRequestError(
                f"line {line} of the CSV has {len(cells)} cells; the first row has {len(names)}"
            )
        _check_count(records)
        if len(names) * len(records) >= MAX_CELLS:
            raise BodyTooLargeError(
                f"the table has more than {MAX_CELLS} cells; send it in several requests"
            )
        lines.append(line)
        records.append(dict(zip(names, cells, strict=True)))
    return Body(BodyKind.LIST, json=records, notation=Notation.CSV, lines=tuple(lines))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the line where it begins."""
    header = text.partition("\n")[0]
    delimiter = "," if "," in header else next((c for c in ";\t" if c in header), ",")
    if header.count(delimiter) >= MAX_FIELDS:
        raise BodyTooLargeError(f"line 1 of the CSV has more than {MAX_FIELDS} columns")
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadRequestError(f"line {line} of the CSV cannot be read: {error}") from error


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise BodyTooLargeError(
                f"line {number} of the CSV has more than {MAX_LINE_CHARACTERS} characters"
            )
        yield line


def _check_names(names: list[str]) -> None:
    if not names or not all(names) or len(set(names)) < len(names):
        raise BadRequestError("line 1 of the CSV must name the fields, each of them once")


def read_ndjson(raw: bytes) -> Body:
    """Return JSON values, one a line, as a list; empty lines are skipped.

    Raises:
        InvalidJsonError: a line is not JSON.
        BodyTooLargeError: there are too many records or values.
    """
    lines: list[int] = []
    values: list[Json] = []
    check_value_count(raw)
    for number, line in enumerate(io.BytesIO(raw), start=1):
        if not line.strip():
            continue
        _check_count(values)
        lines.append(number)
        values.append(_value(line, number))
    return Body(BodyKind.LIST, json=values, notation=Notation.NDJSON, lines=tuple(lines))


def _value(line: bytes, number: int) -> Json:
    try:
        return read_json(line)
    except InvalidJsonError as error:
        reason = _JSON_PLACE.sub(r" at column \1", error.detail.removeprefix("Invalid JSON: "))
        raise InvalidJsonError(f"line {number}: {reason}") from error


def _check_count(records: list[Json]) -> None:
    if len(records) == MAX_RECORDS:
        raise BodyTooLargeError(
            f"the body has more than {MAX_RECORDS} records; send them in several requests"
        )

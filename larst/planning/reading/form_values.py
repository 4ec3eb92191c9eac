"""Texts of forms and tables as the values that the schema of their resource has. Pure.

`views=5` is 5 where the field only ever had numbers. Without a schema, texts stay texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from larst.domain import MERGE, Body, BodyKind, Json, Notation, Record
from larst.errors import BadRequestError, InvalidJsonError
from larst.exact_json import parse_json
from larst.planning.reading.fields import NUMERIC, Fields

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_BOOLEANS: Mapping[str, bool] = {
    "true": True, "on": True, "1": True, "false": False, "off": False, "0": False,
}  # fmt: skip
_WHOLE = frozenset({"integer"})
_FEW_DIGITS = 18
_MAX_DOTS = 20
"""Names with more dots stay names."""
_NESTED = frozenset({"object", "array"})


def with_nested_names(value: Record, fields: Fields) -> Record:
    """Return a form in which `author.name` is a part of `author`, where records have objects.

    Forms of Spring and ASP.NET write the parts of an object so.
    """
    if not any("." in name for name in value):
        return value
    record: Record = {}
    for name, item in value.items():
        head, dot, tail = name.partition(".")
        is_part = bool(dot) and name not in fields.names and "object" in fields.kinds(head)
        held = record.get(head, {})
        if is_part and tail and name.count(".") <= _MAX_DOTS and isinstance(held, dict):
            record[head] = _with_part(held, tail.split("."), item)
        else:
            record[name] = item
    return record


def merge_of_form(body: Body) -> Body:
    """Return a form that changes parts of objects as a merge: the other parts stay.

    A form has one entry a leaf, unlike JSON, whose objects are whole.
    """
    is_form = body.notation is Notation.FORM and body.kind is BodyKind.OBJECT
    if not is_form or not any(isinstance(item, dict) for item in body.json.values()):
        return body
    return Body(BodyKind.PATCH, json=[{"op": MERGE, "path": "", "value": body.json}])


class FormValues:
    """Types the texts of one body; what the schema says of a field is looked up once."""

    def __init__(self, fields: Fields, notation: Notation) -> None:
        self._fields = fields
        self._is_table = notation is Notation.CSV
        self._kinds: dict[str, frozenset[str]] = {}

    def table(self, rows: list[Record]) -> list[Record]:
        """Return the rows of a table with their cells typed.

        All rows have the same names. Hot code: what applies to a column is decided once.
        """
        kinds = {name: self._kinds_of(name) for name in rows[0]} if rows else {}
        plain = {name for name in kinds if kinds[name] == {"string"}}
        empty = {name for name in kinds if kinds[name] <= {"string", "null"}} - plain
        return [
            {
                name: text
                if name in plain
                else (text or None)
                if name in empty
                else self._text(text, name)
                for name, text in row.items()
            }
            for row in rows
        ]

    def typed(self, value: Json, path: str = "") -> Json:
        """Return the value with its texts typed; `path` leads to it from the record."""
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, list):
            return [self._item(item, path) for item in value]
        if isinstance(value, dict):
            prefix = f"{path}." if path else ""
            return {name: self.typed(item, prefix + name) for name, item in value.items()}
        return value

    def _item(self, value: Json, path: str) -> Json:
        if not isinstance(value, str):
            return self.typed(value, path)
        return _scalar(value, self._fields.value_kinds(path), path) if path else value

    def _text(self, text: str, path: str) -> Json:
        kinds = self._kinds_of(path)
        if not text and self._is_table:
            return text if kinds == {"string"} else None
        kinds = kinds - {"null"}
        if kinds and kinds <= _NESTED:
            return self._nested(text, kinds, path)
        return _scalar(text, kinds, path)

    def _kinds_of(self, path: str) -> frozenset[str]:
        if path not in self._kinds:
            kinds = self._fields.kinds(path)
            # The first records of a resource get numbers as ids, as if LARST had generated them.
            self._kinds[path] = kinds or (_WHOLE if path == "id" else kinds)
        return self._kinds[path]

    def _nested(self, text: str, kinds: frozenset[str], path: str) -> Json:
        """Return a list or an object that was written as JSON; a plain text is a list of one."""
        if text[:1] in ("{", "["):
            try:
                return parse_json(text.encode())
            except InvalidJsonError:
                return text
        return [self._item(text, path)] if kinds == {"array"} and text else text


def _with_part(held: Record, path: list[str], value: Json) -> Record:
    """Return an object with the value at the end of a path of names."""
    head, *tail = path
    inner = held.get(head)
    if tail:
        value = _with_part(inner if isinstance(inner, dict) else {}, tail, value)
    return {**held, head: value}


def _scalar(text: str, kinds: frozenset[str], path: str) -> Json:
    if kinds and kinds <= NUMERIC:
        if text.isdecimal() and text.isascii() and len(text) < _FEW_DIGITS and text[0] != "0":
            return int(text)  # most numbers
        if _NUMBER.fullmatch(text.strip()):
            return _number(text.strip(), path)
        return text or None
    if kinds == {"boolean"}:
        return _BOOLEANS.get(text.strip().lower(), text or None)
    return text


def _number(text: str, path: str) -> Json:
    """Return the number.

    Raises:
        BadRequestError: it cannot be kept exactly.
    """
    try:
        return parse_json(text.encode())
    except InvalidJsonError as error:
        reason = error.detail.removeprefix("Invalid JSON: ").partition("; ")[0]
        raise BadRequestError(f"{path[:80]}: {reason}") from error

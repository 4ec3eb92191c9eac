"""Notations inside the value of a filter: `gt.50`, `gt:50`, `>50`, `50..60`, `!x`, `a,b`, `A*`.

Pure. A value that some record has as it stands means itself, whatever it looks like. Requests that
change what matches take only notations that cannot be a plain value by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading import postgrest
from larst.planning.reading.asked import Condition, Node, all_of, any_of, negated
from larst.planning.reading.fields import NUMERIC, Fields
from larst.planning.reading.operators import COMPARISONS, condition, equals, operator_for
from larst.planning.reading.patterns import wildcard
from larst.planning.reading.spellings import SYMBOLS
from larst.planning.reading.texts import is_json, parse_json

MAX_NOTATIONS = 50
"""Values with a notation in one request: each may look at the records once."""

_COLON = re.compile(r"(?P<op>[A-Za-z_$]{2,24})(?::(?P<value>.*))?", re.DOTALL)
_CALL = re.compile(r"\(?(?P<op>[a-z]{2,7})[\s|,_(){}.-](?P<value>[^()]{1,60})\)?")
_SYMBOL = re.compile(r"(?P<op>>=|<=|!=|<>|==|!~|>|<|=|!|~)\s*(?P<value>[^\s].*)", re.DOTALL)
_BOUND = r"[+-]?\d[\dTZ:.+]{0,40}?(?:-\d\d-\d\d[\dTZ:.+ -]{0,40}?)?"
_RANGE = re.compile(
    rf"[\[(]?\s?(?P<low>{_BOUND})?\s?(?P<between>\.\.\.?|~|\bTO\b|\bto\b|/|\s-\s)\s?"
    rf"(?P<high>{_BOUND})?\s?[\])]?"
)
_HYPHEN = re.compile(r"(?P<low>\d{1,20}(?:\.\d{1,20})?)\s?[-:]\s?(?P<high>\d{1,20}(?:\.\d{1,20})?)")
_COMPARABLE = re.compile(r"[+-]?\d[\d.,:TZ+ \-]{0,60}([eE][+-]?\d{1,3})?", re.ASCII)
_TWO_DATES = re.compile(r"(?P<low>\d{4}-\d[^,]*),(?P<high>\d{4}-\d[^,]*)")
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?", re.ASCII)
_MAX_RANGE_CHARACTERS = 120
_SEPARATORS = ",|;"
_ORDERED = NUMERIC | {"boolean"}


@dataclass(slots=True)
class ValueReader:
    """Reads the values of one request. `is_change`: the request changes what matches.

    `matches_parts`: a text that no record has is contained, as Laravel's `filter[title]=part`.
    """

    fields: Fields
    is_change: bool = False
    matches_parts: bool = False
    notations: int = 0

    def read(self, field: str, values: list[str], key: str) -> Node:
        """Return the condition that a field's values stand for.

        Raises:
            QueryNotUnderstoodError: a notation could be meant, and a change must not guess.
        """
        nodes: list[Node] = []
        are_tests = []
        for text in values:
            node, is_test = self._notation(field, text, key)
            nodes.append(self._plain(field, text, key) if node is None else node)
            are_tests.append(is_test)
        # `views=gt.50&views=lt.90`: tests of one field narrow each other; values never do.
        return all_of(nodes) if nodes and all(are_tests) else _any_of_values(nodes)

    def _notation(self, field: str, text: str, key: str) -> tuple[Node | None, bool]:
        """Return the condition of a notation, and whether it is a test, not another value."""
        if not text or text.isalnum():
            return None, False
        node, is_test = postgrest.value_condition(field, text, self.fields, key), True
        if node is None and self.is_change:
            if _may_be_notation(field, text, self.fields):
                self._refuse_ambiguous(field, text, key)
            return None, False
        for reader in () if node is not None else _READERS:
            if (node := reader(field, text, self.fields, key)) is not None:
                is_test = reader not in _VALUE_READERS
                break
        if node is not None and self._is_stored(field, text, key):
            return Condition(field, "", text, key), False
        return node, is_test and node is not None

    def _is_stored(self, field: str, text: str, key: str) -> bool:
        """Return whether some record has the text as it stands."""
        self.notations += 1
        if self.notations > MAX_NOTATIONS:
            raise QueryNotUnderstoodError(f"{key[:80]}: more than {MAX_NOTATIONS} notations")
        return self.fields.has_value(field, text)

    def _refuse_ambiguous(self, field: str, text: str, key: str) -> None:
        """Refuse notations in a change: read as such they would take in more than the text."""
        if self._is_stored(field, text, key):
            return
        raise QueryNotUnderstoodError(
            f"{key[:80]}={text[:40]} may mean more than one thing, and this request changes what"
            f" matches; write an operator into the key, as in {field[:60]}_in=… or"
            f" {field[:60]}_gte=…, or the exact value"
        )

    def _plain(self, field: str, text: str, key: str) -> Node:
        if (node := self._listed(field, text, key)) is not None:
            return node
        if self.is_change and "*" in text and any(letter in text for letter in _SEPARATORS):
            self._refuse_ambiguous(field, text, key)  # one pattern, or a list of them
        node = wildcard(field, text, key)
        if self.matches_parts and self._is_part(field, text, key) and "*" not in text:
            return Condition(field, "icontains", text, key)
        return node

    def _is_part(self, field: str, text: str, key: str) -> bool:
        """Return whether a text can only be meant as a part of a field's texts."""
        if self.is_change or self.fields.kinds(field) - {"null"} != {"string"}:
            return False
        is_format = "format" in (self.fields.schema.get("properties", {}).get(field) or {})
        return not is_format and bool(text) and not self._is_stored(field, text, key)

    def _listed(self, field: str, text: str, key: str) -> Node | None:
        """Read `a,b` and `a|b` as a list where no record has the text as it stands."""
        separator = next((letter for letter in _SEPARATORS if letter in text), None)
        if separator is None:
            return None
        kinds = self.fields.value_kinds(field)
        items = text.strip("()" if kinds and kinds <= NUMERIC else "").split(separator)
        are_numbers = all(item.strip().isdecimal() for item in items if item)
        if kinds <= _ORDERED and (kinds or field == "id") and (are_numbers or not self.is_change):
            return equals(field, [item.strip() for item in items if item.strip()], key)
        if any(item != item.strip() or not item for item in items) or separator == ";":
            return None
        if self._is_stored(field, text, key):
            return None
        if self.is_change:
            self._refuse_ambiguous(field, text, key)
        if "*" in text:
            return any_of([wildcard(field, item, key) for item in items])
        return equals(field, list(items), key)


_Reader = Callable[[str, str, Fields, str], Node | None]


def _colon(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `gt:50`, `$btw:1,5`, `not:draft`, `$not:$in:a,b` and `$null`."""
    match = _COLON.fullmatch(text)
    if match is None or (match["value"] is None and not text.startswith("$")):
        return None
    operator = operator_for(match["op"], field, fields)
    if operator is None:
        return None
    value = match["value"] or ""
    if operator == "ne" and match["value"] is not None:
        inner = _colon(field, value, fields, key)
        return negated(inner) if inner is not None else condition(field, "ne", value, fields, key)
    if not value and operator not in ("null", "notnull", "exists", "blank", "notblank"):
        return None
    return condition(field, operator, value or "true", fields, key)


def _call(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `gt 50`, `gt|50`, `gt(50)` where the field holds numbers or dates only."""
    match = _CALL.fullmatch(text)
    if match is None or not (fields.is_numeric(field) or fields.is_date(field)):
        return None
    operator = operator_for(match["op"], field, fields)
    is_known = operator in COMPARISONS | {"", "ne", "in", "nin", "between"}
    if operator is None or not is_known or not _COMPARABLE.match(match["value"]):
        return None
    return condition(field, operator, match["value"], fields, key)


def _symbol(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `>50`, `!draft`, `=x`, `~part`, and `>50,<60`."""
    match = _SYMBOL.fullmatch(text)
    if match is None:
        return None
    operator, value = SYMBOLS[match["op"]], match["value"]
    if operator == "ne" and "*" in value:
        return negated(wildcard(field, value, key))
    if operator not in COMPARISONS:
        return condition(field, operator, value, fields, key)
    first, _, second = value.partition(",")
    if not _COMPARABLE.fullmatch(first):
        return None
    node = condition(field, operator, first.strip(), fields, key)
    further = _symbol(field, second.strip(), fields, key) if second else None
    return node if further is None else all_of([node, further])


def _minus(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `-draft`, as search languages negate, where the field holds texts only."""
    if text[0] != "-" or not text[1:2].isalpha() or fields.value_kinds(field) != {"string"}:
        return None
    return condition(field, "ne", text[1:], fields, key)


def _range(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `50..60`, `50..`, `[50 TO 60]`, `50~60`, and `50-60` where the field is a number."""
    match = _range_match(field, text, fields)
    if match is None or not (match["low"] or match["high"]):
        return None
    return all_of(
        [
            condition(field, operator, match[name].strip(), fields, key)
            for operator, name in (("gte", "low"), ("lte", "high"))
            if match[name]
        ]
    )


def _range_match(field: str, text: str, fields: Fields) -> re.Match[str] | None:
    if len(text) > _MAX_RANGE_CHARACTERS:
        return None
    is_numeric, is_date = fields.is_numeric(field), fields.is_date(field)
    match = _RANGE.fullmatch(text)
    if match is not None and (".." in match["between"] or is_numeric or is_date):
        return match
    if is_numeric:
        return _HYPHEN.fullmatch(text)
    return _TWO_DATES.fullmatch(text) if is_date else None


def _day(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `2025-01-31` as the whole day, and `2025-01` as the month, where a field holds times."""
    if not (_DAY.fullmatch(text) and fields.has_times(field)):
        return None
    if len(text) == 7:
        return Condition(field, "startswith", f"{text}-", key)
    return condition(field, "date", text, fields, key)


def _quoted(field: str, text: str, _fields: Fields, key: str) -> Node | None:
    """Read `"draft"` and `'draft'`."""
    if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'":
        return Condition(field, "", text[1:-1], key)
    return None


def _json(field: str, text: str, fields: Fields, key: str) -> Node | None:
    """Read `{"gt":50}` and `["a","b"]`."""
    if not is_json(text):
        return None
    try:
        value = parse_json(text, key)
    except QueryNotUnderstoodError:
        return None
    if isinstance(value, list):
        return equals(field, value, key) if value and not any(map(_is_nested, value)) else None
    nodes = [_json_entry(field, name, operand, fields, key) for name, operand in value.items()]
    if not nodes or None in nodes:
        return None
    return all_of([node for node in nodes if node is not None])


def _json_entry(field: str, name: str, operand: Json, fields: Fields, key: str) -> Node | None:
    path = f"{field}.{name}"
    if fields.has(path):
        return equals(path, operand, key)
    operator = operator_for(name, field, fields)
    return None if operator is None else condition(field, operator, operand, fields, key)


def _is_nested(value: Json) -> bool:
    return isinstance(value, dict | list)


_VALUE_READERS: tuple[_Reader, ...] = (_day, _quoted)
_READERS: tuple[_Reader, ...] = (_json, _colon, _symbol, _minus, _range, _call, _day, _quoted)


def _may_be_notation(field: str, text: str, fields: Fields) -> bool:
    """Return whether a text has the form of a notation, whatever value it holds."""
    if text == "*" or _SYMBOL.fullmatch(text) or _range_match(field, text, fields):
        return True
    if _DAY.fullmatch(text) and fields.has_times(field):
        return True
    if is_json(text) or (len(text) > 2 and text[0] == text[-1] and text[0] in "\"'"):
        return True
    match = _COLON.fullmatch(text)
    if match is not None and (match["value"] is not None or text.startswith("$")):
        return operator_for(match["op"], field, fields) is not None
    is_ordered = fields.is_numeric(field) or fields.is_date(field)
    return is_ordered and _CALL.fullmatch(text) is not None


def _any_of_values(nodes: list[Node]) -> Node:
    """Return the alternative of several values of one field; plain ones become one `in`."""
    plain = [node for node in nodes if isinstance(node, Condition) and node.operator == ""]
    if len(plain) == len(nodes) > 1:
        return equals(plain[0].field, [node.value for node in plain], plain[0].key)
    return any_of(nodes)

"""Comparisons of filter expressions: their operators in all languages, and their meaning. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Condition, Node, negated
from larst.planning.reading.operators import condition, equals, operator_for
from larst.planning.reading.patterns import like, wildcard
from larst.planning.reading.spellings import SYMBOLS, operator_of
from larst.planning.reading.values import ValueReader

HAS = ":"
"""The operator of AIP-160 and of search languages; its value may hold a notation: `views:>50`."""

PRESENT = "pr"
"""SCIM's operator without a value."""

_OPERATORS: Mapping[str, str] = {
    **SYMBOLS,
    "~": "like",
    "!~": "notlike",
    ":": HAS,
    "like": "like",
    "ilike": "like",
    "q": "like",
    "contains": "icontains",
    "has": "",
    "pr": PRESENT,
}
_NO_OPERATORS = frozenset({"and", "or", "not", "to", "by", "true", "false", "null"})
_NO_VALUE = frozenset({"null", "notnull", "blank", "notblank", "exists"})


@dataclass(frozen=True, slots=True)
class Path:
    """The left side of a comparison.

    `ignores_case` is for `tolower(name)`, `part` for `year(name)`.
    """

    name: str
    ignores_case: bool = False
    part: str = ""


def comparison_of(word: str) -> str | None:
    """Return the operator that a word or symbol of an expression names; None if none does."""
    text = word.lower()
    if len(text) > 2 and text[0] == text[-1] == "=":
        text = text.strip("=")  # RSQL: =gt=
    elif len(text) > 1 and text[0] == "?":
        text = text[1:]  # PocketBase: any of the values
    if text in _OPERATORS:
        return _OPERATORS[text]
    return None if text in _NO_OPERATORS else operator_of(text)


def takes_no_value(operator: str) -> bool:
    """Return whether an operator stands without a value: `status isnull`."""
    return operator in _NO_VALUE or operator == PRESENT


def compare(path: Path, operator: str, value: Json, values: ValueReader) -> Node:
    """Return the condition of a comparison.

    Raises:
        QueryNotUnderstoodError: the value makes no sense for the operator.
    """
    name = values.fields.resolve(path.name) or path.name
    if path.part:
        return _compare_part(name, path.part, operator, value, values)
    if operator == PRESENT:
        return condition(name, "notnull", True, values.fields, name)
    if operator == HAS:
        return _has(name, value, values)
    if operator in ("like", "notlike"):
        node = like(name, str(value), name, ignores_case=True)
        return negated(node) if operator == "notlike" else node
    if operator in ("", "ne"):
        node = _equal(name, value, ignores_case=path.ignores_case)
        return negated(node) if operator == "ne" else node
    if value is None:
        return equals(name, None, name)
    operator = operator_for(operator, name, values.fields) or operator
    if path.ignores_case and operator in ("contains", "startswith", "endswith"):
        operator = f"i{operator}"
    return condition(name, operator, value, values.fields, name)


def _compare_part(name: str, part: str, operator: str, value: Json, values: ValueReader) -> Node:
    if operator == "ne":
        return negated(_compare_part(name, part, "", value, values))
    if operator not in ("", "gt", "gte", "lt", "lte"):
        raise QueryNotUnderstoodError(f"{part}({name[:60]}) takes eq, ne, gt, ge, lt or le")
    return condition(name, f"{part}_{operator}" if operator else part, value, values.fields, name)


def _has(name: str, value: Json, values: ValueReader) -> Node:
    if not isinstance(value, str):
        return equals(name, value, name)
    return replace(values, matches_parts=True).read(name, [value], name)


def _equal(name: str, value: Json, *, ignores_case: bool) -> Node:
    if isinstance(value, str) and "*" in value:
        return wildcard(name, value, name)
    if isinstance(value, str) and ignores_case:
        return Condition(name, "iexact", value, name)
    return equals(name, value, name)

"""Operators of queries, rewritten as conditions that the store can test. Pure.

To add an operator, add its spellings to spellings.py, and its rewriting here if the store has no
such operator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NoReturn

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    NEVER,
    Condition,
    Node,
    all_of,
    any_of,
    negated,
)
from larst.planning.reading.fields import Fields
from larst.planning.reading.patterns import is_regex, like, regex
from larst.planning.reading.spellings import BOUNDS, operator_of
from larst.planning.reading.texts import is_json, parse_json, split_quoted
from larst.planning.reading.vocabulary import FALSE, TRUE

MAX_CHOICES = 1000
"""Values of one `in`."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMPARISONS = frozenset({"gt", "gte", "lt", "lte"})

_TEXT_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith iexact".split()
)
_ENCLOSED = {"(": ")", "{": "}", "[": "]"}
_RANGE_SEPARATORS = ("..", "|", " to ", "~", "/", ";", ":")


def condition(field: str, operator: str, value: Json, fields: Fields, key: str = "") -> Node:
    """Return the condition `field operator value`; `value` is text, a JSON value or a list.

    Raises:
        QueryNotUnderstoodError: the value makes no sense for the operator or the field.
    """
    key = key or field
    if (rewrite := _REWRITES.get(operator)) is not None:
        return rewrite(field, value, fields, key)
    if operator in COMPARISONS:
        bound = _single(value, key)
        _check_comparable(field, bound, fields, key)
        return Condition(field, operator, bound, key)
    if operator in _TEXT_OPERATORS:
        values = value if isinstance(value, list) else [value]
        return any_of([Condition(field, operator, _text(item, key), key) for item in values])
    if operator == "ne":
        return negated(_listed(field, value, fields, key))
    return equals(field, value, key)


def operator_for(spelling: str, field: str, fields: Fields) -> str | None:
    """Return the operator that a spelling names for a field; None if none does."""
    if spelling in BOUNDS and (fields.is_numeric(field) or fields.is_date(field)):
        return BOUNDS[spelling]
    return operator_of(spelling)


def equals(field: str, value: Json, key: str = "") -> Node:
    """Return equality with a value, or with one of a list."""
    if value is None:
        return is_null(field, key)
    if not isinstance(value, list):
        return Condition(field, "", value, key)
    if len(value) == 1:
        return equals(field, value[0], key)
    if len(value) > MAX_CHOICES:
        raise QueryNotUnderstoodError(f"{key[:80]} has {len(value)} values; at most {MAX_CHOICES}")
    return Condition(field, "in", value, key)


def is_null(field: str, key: str) -> Node:
    """Return that a field is null or missing."""
    return any_of([Condition(field, "", None, key), Condition(field, "exists", False, key)])


def boolean_of(value: Json, key: str) -> bool:
    """Return the boolean that a value stands for.

    Raises:
        QueryNotUnderstoodError: it stands for none.
    """
    if isinstance(value, bool):
        return value
    word = str(_single(value, key)).lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise QueryNotUnderstoodError(f"{key[:80]} takes true or false, not {str(value)[:40]!r}")


def split_list(value: Json) -> list[Json]:
    """Return the items of a list: a JSON list, repeated values, or text such as `a,b` or `(a,b)`."""
    if isinstance(value, list):
        return list(value)
    if not isinstance(value, str):
        return [value]
    text = value.strip()
    if text[:1] == "[" and is_json(text):
        try:
            items = parse_json(text, "list")
        except QueryNotUnderstoodError:
            items = None
        if isinstance(items, list):
            return items
    if text[:1] in _ENCLOSED and text[-1:] == _ENCLOSED[text[0]]:
        text = text[1:-1]
    separator = next((letter for letter in ",|;" if letter in text), ",")
    return [_without_single_quotes(item) for item in split_quoted(text, separator)]


def any_value(values: Sequence[str]) -> Json:
    """Return the values of a repeated key as one value or a list."""
    return values[0] if len(values) == 1 else list(values)


def _without_single_quotes(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text


def _listed(field: str, value: Json, fields: Fields, key: str) -> Node:
    """Return equality; text with commas is a list, unless some record has it literally."""
    if not isinstance(value, str) or "," not in value or fields.has_value(field, value):
        return equals(field, value, key)
    return equals(field, [item for item in split_list(value) if item != ""], key)


def _in(field: str, value: Json, _fields: Fields, key: str) -> Node:
    items = split_list(value)
    if len(items) > MAX_CHOICES:
        raise QueryNotUnderstoodError(f"{key[:80]} has {len(items)} values; at most {MAX_CHOICES}")
    if not items:
        return NEVER
    return equals(field, items, key)


def _not_in(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(_in(field, value, fields, key)) if split_list(value) else ALWAYS


def _like(field: str, value: Json, _fields: Fields, key: str) -> Node:
    values = value if isinstance(value, list) else [value]
    return any_of([_like_one(field, str(_text(item, key)), key) for item in values])


def _like_one(field: str, text: str, key: str) -> Node:
    """Return the match of a text with stars, or of a plain regular expression (json-server)."""
    if is_regex(text):
        return regex(field, text, key, ignores_case=True)
    return like(field, text, key, ignores_case=True)


def _not_contains(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(_like(field, value, fields, key))


def _not_starting(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(condition(field, "istartswith", value, fields, key))


def _not_ending(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(condition(field, "iendswith", value, fields, key))


def _exists(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return Condition(field, "exists", boolean_of(value, key), key)


def _null(field: str, value: Json, _fields: Fields, key: str) -> Node:
    node = is_null(field, key)
    return node if _is_on(value, key) else negated(node)


def _not_null(field: str, value: Json, _fields: Fields, key: str) -> Node:
    node = is_null(field, key)
    return negated(node) if _is_on(value, key) else node


def _blank(field: str, value: Json, _fields: Fields, key: str) -> Node:
    node = _is_blank(field, key)
    return node if _is_on(value, key) else negated(node)


def _not_blank(field: str, value: Json, _fields: Fields, key: str) -> Node:
    node = _is_blank(field, key)
    return negated(node) if _is_on(value, key) else node


def _is_blank(field: str, key: str) -> Node:
    empty = [Condition(field, "", "", key), Condition(field, "", [], key)]
    return any_of([is_null(field, key), *empty])


def _is_on(value: Json, key: str) -> bool:
    """Return the boolean of an operator that may come without a value: `?tags_isnull`."""
    return value in ("", [""], None) or boolean_of(value, key)


def _true(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return Condition(field, "", _is_on(value, key), key)


def _false(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return Condition(field, "", not _is_on(value, key), key)


def _between(field: str, value: Json, fields: Fields, key: str) -> Node:
    low, high = _bounds(value, key)
    for bound in (low, high):
        _check_comparable(field, bound, fields, key)
    return all_of([Condition(field, "gte", low, key), Condition(field, "lte", high, key)])


def _bounds(value: Json, key: str) -> tuple[Json, Json]:
    bounds = split_list(value)
    if len(bounds) == 1 and isinstance(bounds[0], str):
        separator = next((text for text in _RANGE_SEPARATORS if text in bounds[0]), ",")
        bounds = [part.strip() for part in bounds[0].split(separator)]
    if len(bounds) != 2 or "" in bounds:
        raise QueryNotUnderstoodError(f"{key[:80]} takes two values, as in {key[:80]}=1,5")
    return bounds[0], bounds[1]


def _not_between(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(_between(field, value, fields, key))


def _all(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return all_of([equals(field, item, key) for item in split_list(value)] or [NEVER])


def _regex(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return regex(field, str(_single(value, key)), key, ignores_case=False)


def _iregex(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return regex(field, str(_single(value, key)), key, ignores_case=True)


def _unsupported(_field: str, _value: Json, _fields: Fields, key: str) -> NoReturn:
    raise QueryNotUnderstoodError(
        f"{key[:80]}: sizes, lengths and parts of dates cannot be compared, except year and date"
    )


def _day(operator: str) -> _Rewrite:
    """Return the rewriting of a comparison of days, for a field that holds times."""

    def rewrite(field: str, value: Json, _fields: Fields, key: str) -> Node:
        low, high = _bounds(value, key) if operator == "between" else (value, value)
        first, last = _date(low, key), _date(high, key)
        return _period(field, operator, (first, last + timedelta(days=1)), key)

    return rewrite


def _year(operator: str) -> _Rewrite:
    """Return the rewriting of a comparison of years."""

    def rewrite(field: str, value: Json, _fields: Fields, key: str) -> Node:
        text = str(_single(value, key))
        if not (text.isascii() and text.isdigit() and 0 < int(text[:5]) < 9999):
            raise QueryNotUnderstoodError(f"{key[:80]} takes a year, not {text[:40]!r}")
        year = int(text)
        return _period(field, operator, (date(year, 1, 1), date(year + 1, 1, 1)), key)

    return rewrite


def _period(field: str, operator: str, period: tuple[date, date], key: str) -> Node:
    """Return the comparison of times with a period from its first day to the day behind it."""
    begin, end = (day.isoformat() for day in period)
    tests = {
        "gte": [("gte", begin)],
        "gt": [("gte", end)],
        "lt": [("lt", begin)],
        "lte": [("lt", end)],
    }
    bounds = tests.get(operator, [("gte", begin), ("lt", end)])
    return all_of([Condition(field, bound, day, key) for bound, day in bounds])


def _date(value: Json, key: str) -> date:
    text = str(_single(value, key))
    try:
        day = date.fromisoformat(text[:10])
        return min(day, date.max - timedelta(days=1))  # the day behind it must exist
    except ValueError as error:
        raise QueryNotUnderstoodError(
            f"{key[:80]} takes a date such as 2025-01-31, not {text[:40]!r}"
        ) from error


def _single(value: Json, key: str) -> Json:
    if isinstance(value, list):
        if len(value) != 1:
            raise QueryNotUnderstoodError(f"{key[:80]} takes one value, not {len(value)}")
        return value[0]
    return value


def _text(value: Json, key: str) -> Json:
    if isinstance(value, dict | list) or value is None:
        raise QueryNotUnderstoodError(f"{key[:80]} takes a text, not {str(value)[:40]}")
    return value


def _check_comparable(field: str, value: Json, fields: Fields, key: str) -> None:
    """Refuse a bound that no value of the field can be compared with."""
    if value is None or value == "" or isinstance(value, bool | dict | list):
        raise QueryNotUnderstoodError(f"{key[:80]} needs a value to compare with")
    if isinstance(value, str) and fields.is_numeric(field) and not NUMBER.fullmatch(value):
        raise QueryNotUnderstoodError(
            f"{key[:80]} compares numbers; {value[:40]!r} is not a number"
        )


_Rewrite = Callable[[str, Json, Fields, str], Node]
_REWRITES: Mapping[str, _Rewrite] = {
    "in": _in,
    "overlap": _in,
    "nin": _not_in,
    "like": _like,
    "ilike": _like,
    "notcontains": _not_contains,
    "nstartswith": _not_starting,
    "nendswith": _not_ending,
    "exists": _exists,
    "null": _null,
    "notnull": _not_null,
    "blank": _blank,
    "notblank": _not_blank,
    "true": _true,
    "false": _false,
    "between": _between,
    "notbetween": _not_between,
    "all": _all,
    "regex": _regex,
    "iregex": _iregex,
    "size": _unsupported,
    "date": _day(""),
    "date_gt": _day("gt"),
    "date_gte": _day("gte"),
    "date_lt": _day("lt"),
    "date_lte": _day("lte"),
    "date_between": _day("between"),
    "year": _year(""),
    "year_gt": _year("gt"),
    "year_gte": _year("gte"),
    "year_lt": _year("lt"),
    "year_lte": _year("lte"),
}

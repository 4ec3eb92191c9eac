"""Operators of queries, rewritten as conditions that the store can test. Pure.

To add an operator, add its spellings to spellings.py, and its rewriting here if the store has no
such operator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.arguments import (
    boolean_of,
    bounds_of,
    single_value,
    split_list,
    text_value,
)
from larst.planning.reading.asked import (
    ALWAYS,
    NEVER,
    Condition,
    Node,
    all_of,
    any_of,
    negated,
)
from larst.planning.reading.dates import Rewrite, day, year_of
from larst.planning.reading.fields import Fields
from larst.planning.reading.patterns import is_regex, like, regex
from larst.planning.reading.spellings import BOUNDS, operator_of

MAX_CHOICES = 1000
"""Values of one `in`."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMPARISONS = frozenset({"gt", "gte", "lt", "lte"})

_TEXT_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith iexact".split()
)


def condition(field: str, operator: str, value: Json, fields: Fields, key: str = "") -> Node:
    """Return the condition `field operator value`; `value` is text, a JSON value or a list.

    Raises:
        QueryNotUnderstoodError: the value makes no sense for the operator or the field.
    """
    key = key or field
    if (rewrite := _REWRITES.get(operator)) is not None:
        return rewrite(field, value, fields, key)
    if operator in COMPARISONS:
        bound = single_value(value, key)
        _check_comparable(field, bound, fields, key)
        return Condition(field, operator, bound, key)
    if operator in _TEXT_OPERATORS:
        values = value if isinstance(value, list) else [value]
        return any_of([Condition(field, operator, text_value(item, key), key) for item in values])
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
    return any_of([_like_one(field, str(text_value(item, key)), key) for item in values])


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
    low, high = bounds_of(value, key)
    for bound in (low, high):
        _check_comparable(field, bound, fields, key)
    return all_of([Condition(field, "gte", low, key), Condition(field, "lte", high, key)])


def _not_between(field: str, value: Json, fields: Fields, key: str) -> Node:
    return negated(_between(field, value, fields, key))


def _all(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return all_of([equals(field, item, key) for item in split_list(value)] or [NEVER])


def _regex(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return regex(field, str(single_value(value, key)), key, ignores_case=False)


def _iregex(field: str, value: Json, _fields: Fields, key: str) -> Node:
    return regex(field, str(single_value(value, key)), key, ignores_case=True)


def _unsupported(_field: str, _value: Json, _fields: Fields, key: str) -> NoReturn:
    raise QueryNotUnderstoodError(
        f"{key[:80]}: sizes, lengths and parts of dates cannot be compared, except year and date"
    )


def _check_comparable(field: str, value: Json, fields: Fields, key: str) -> None:
    """Refuse a bound that no value of the field can be compared with."""
    if value is None or value == "" or isinstance(value, bool | dict | list):
        raise QueryNotUnderstoodError(f"{key[:80]} needs a value to compare with")
    if isinstance(value, str) and fields.is_numeric(field) and not NUMBER.fullmatch(value):
        raise QueryNotUnderstoodError(
            f"{key[:80]} compares numbers; {value[:40]!r} is not a number"
        )


_REWRITES: Mapping[str, Rewrite] = {
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
    "date": day(""),
    "date_gt": day("gt"),
    "date_gte": day("gte"),
    "date_lt": day("lt"),
    "date_lte": day("lte"),
    "date_between": day("between"),
    "year": year_of(""),
    "year_gt": year_of("gt"),
    "year_gte": year_of("gte"),
    "year_lt": year_of("lt"),
    "year_lte": year_of("lte"),
}

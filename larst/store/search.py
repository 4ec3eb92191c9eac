"""Criteria to a predicate: which records a search means. Pure.

Query text meets stored numbers and booleans as what they are; JSON values given by a program
compare by their JSON type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from larst.errors import ProgramFailedError
from larst.model import CRITERIA_OPERATORS, Criteria, Json, Record

Predicate = Callable[[Record], bool]
Test = Callable[[Json], bool]

_MISSING: Any = object()


def compile_criteria(criteria: Criteria) -> Predicate:
    """Return the test of a record against all criteria.

    Raises:
        ProgramFailedError: the criteria are no object, or an operator's value makes no sense.
    """
    if not isinstance(criteria, Mapping):
        raise ProgramFailedError("criteria must be a dict of field to value")
    tests = [_compile_one(str(key), wanted) for key, wanted in criteria.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda record: all(test(record) for test in tests)


def value_at(record: Json, path: str) -> Json:
    """Return what a field holds, `_MISSING` where there is none; dots reach into objects."""
    if isinstance(record, dict) and path in record:
        return record[path]
    value = record
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


def is_missing(value: Json) -> bool:
    """Tell whether `value_at` found nothing."""
    return value is _MISSING


def equals(stored: Json, wanted: Json) -> bool:
    """Tell whether a stored value is the one wanted, or a list that holds it."""
    if isinstance(stored, list):
        return _same(stored, wanted) or any(_same(item, wanted) for item in stored)
    return _same(stored, wanted)


def _compile_one(key: str, wanted: Json) -> Predicate:
    field, _, operator = key.rpartition("__")
    if not field or operator not in CRITERIA_OPERATORS:
        return lambda record: equals(value_at(record, key), wanted)
    if field == "*":
        return _any_field(_text_test(operator, wanted))
    test = _operator_test(operator, wanted)

    def matches(record: Record) -> bool:
        # A field that is really called `a__gt` means itself.
        if key in record:
            return equals(record[key], wanted)
        return test(value_at(record, field))

    return matches


def _operator_test(operator: str, wanted: Json) -> Test:
    if operator == "exists":
        is_wanted = str(wanted).lower() not in {"false", "0", "no", "none", ""}
        return lambda stored: (stored is not _MISSING) is is_wanted
    if operator == "ne":
        return lambda stored: not equals(stored, wanted)
    if operator == "in":
        choices = wanted.split(",") if isinstance(wanted, str) else wanted
        if not isinstance(choices, list):
            raise ProgramFailedError("__in needs a list, or text with commas")
        return lambda stored: any(equals(stored, choice) for choice in choices)
    if operator in ("gt", "gte", "lt", "lte"):
        return _each(_order_test(operator, wanted))
    return _each(_text_test(operator, wanted))


def _each(test: Test) -> Test:
    """Have a list pass where one of its items does; a missing field never does."""

    def passes(stored: Json) -> bool:
        if isinstance(stored, list):
            return any(test(item) for item in stored)
        return stored is not _MISSING and test(stored)

    return passes


def _order_test(operator: str, wanted: Json) -> Test:
    number = _number(wanted)
    text = wanted if isinstance(wanted, str) else None

    def passes(stored: Json) -> bool:
        if _is_number(stored):
            return number is not None and _ordered(operator, stored, number)
        return isinstance(stored, str) and text is not None and _ordered(operator, stored, text)

    return passes


def _ordered(operator: str, stored: Any, wanted: Any) -> bool:
    match operator:
        case "gt":
            return bool(stored > wanted)
        case "gte":
            return bool(stored >= wanted)
        case "lt":
            return bool(stored < wanted)
        case _:
            return bool(stored <= wanted)


def _text_test(operator: str, wanted: Json) -> Test:
    needles = [_text(item) for item in (wanted if isinstance(wanted, list) else [wanted])]
    ignores_case = operator.startswith("i") and operator != "in"
    if ignores_case:
        operator, needles = operator[1:], [needle.casefold() for needle in needles]

    def passes(stored: Json) -> bool:
        if isinstance(stored, dict | list):
            return False
        text = _text(stored).casefold() if ignores_case else _text(stored)
        if operator == "startswith":
            return any(text.startswith(needle) for needle in needles)
        if operator == "endswith":
            return any(text.endswith(needle) for needle in needles)
        return any(needle in text for needle in needles)

    return passes


def _any_field(test: Test) -> Predicate:
    """Full text: some text or number of the record, however deep, passes."""

    def matches(record: Record) -> bool:
        return any(test(value) for value in _leaves(record) if not isinstance(value, bool | None))

    return matches


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _same(stored: Json, wanted: Json) -> bool:
    if isinstance(stored, bool) or isinstance(wanted, bool):
        return stored is wanted or (
            isinstance(stored, bool) and isinstance(wanted, str) and wanted.lower() == _text(stored)
        )
    if _is_number(stored):
        return bool(stored == _number(wanted))
    if stored is None:
        return wanted is None or wanted == "null"
    if type(stored) is not type(wanted):
        return False
    if isinstance(stored, list):
        return len(stored) == len(wanted) and all(map(_same, stored, wanted))
    if isinstance(stored, dict):
        return stored.keys() == wanted.keys() and all(
            _same(item, wanted[name]) for name, item in stored.items()
        )
    return bool(stored == wanted)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(wanted: Json) -> int | float | None:
    """Return the number that is wanted, written as one or as text; None where it is none."""
    if isinstance(wanted, str):
        if len(wanted) > 40 or "_" in wanted:
            return None
        try:
            return int(wanted)
        except ValueError:
            pass
        try:
            number = float(wanted)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return wanted if _is_number(wanted) else None


def _text(value: Json) -> str:
    """Return a value as the text that JSON writes for it, without quotes."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits, asked for by a program
        return str(value)

"""The operators of search criteria (SPEC section 6): tests of one stored value. Pure.

A list passes a test if one of its items does. Must never take long for any operand or value that
a client chose: a pattern is searched once, from left to right, and where a value is long, a test
looks at the time as it goes.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from larst.domain import Json
from larst.errors import ProgramFailedError
from larst.store.query.comparing import MISSING, equality_test, is_number, json_text, parse_number
from larst.store.query.instants import instant_of

Test = Callable[[Json], bool]

Look = Callable[[], None]
"""Looks at the time; raises if the work takes too long where it is."""

LONG_CHARACTERS = 1024
LONG_ITEMS = 64
"""From here on a text, or a list, is long: thousands of tests of it take too long for one turn."""

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operators.gt,
    "gte": operators.ge,
    "lt": operators.lt,
    "lte": operators.le,
}


TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": operators.eq,
    "contains": operators.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def no_look() -> None:
    """Let the work go on: its operands and values are few, or it may take any time."""


def looked_at(items: Collection[Json], look: Look) -> Iterator[Json]:
    """Yield the items of a long list, and look at the time between them."""
    remaining = iter(items)
    while part := tuple(islice(remaining, LONG_ITEMS)):
        look()
        yield from part


def operator_test(field: str, operator: str, operand: Json, look: Look = no_look) -> Test:
    """Return the test for an operator; a missing field passes only `ne` and `exists=false`."""
    match operator:
        case "exists":
            must_exist = json_text(operand).lower() not in {"false", "0", "no", "none", "null", ""}
            return lambda stored: (stored is not MISSING) is must_exist
        case "ne":
            is_equal = each_equals(equality_for(field, operand, look), look)
            return lambda stored: not is_equal(stored)
        case "in":
            return _membership_test(field, operand, look)
        case "gt" | "gte" | "lt" | "lte":
            return each(_order_test(_ORDERS[operator], operand), look)
        case "like" | "ilike":
            ignores_case = operator == "ilike"
            return each(_pattern_test(json_text(operand), look, ignores_case=ignores_case), look)
        case _:
            return each(text_test(operator, operand, look), look)


def each_equals(test: Test, look: Look = no_look) -> Test:
    """Return a test that a list passes if it equals the operand, or one of its items does."""
    one_passes = each(test, look)

    def passes(stored: Json) -> bool:
        if type(stored) is list:
            return test(stored) or one_passes(stored)
        return test(stored)

    return passes


def each(test: Test, look: Look = no_look) -> Test:
    """Return a test that a list passes if one of its items does."""

    def passes(stored: Json) -> bool:
        if type(stored) is list:
            is_long = len(stored) > LONG_ITEMS
            return any(map(test, looked_at(stored, look) if is_long else stored))
        return test(stored)

    return passes


def equality_for(field: str, operand: Json, look: Look = no_look) -> Test:
    """Return the equality test for a field; for ids, `1` and `"1"` are equal."""
    if field == "id" and isinstance(operand, int) and not isinstance(operand, bool):
        by_number, text = equality_test(operand), json_text(operand)
        return lambda stored: by_number(stored) or stored == text
    if isinstance(operand, list | tuple | dict):
        return _after(look, equality_test(operand))
    return equality_test(operand)


def _after(look: Look, test: Test) -> Test:
    def passes(stored: Json) -> bool:
        look()
        return test(stored)

    return passes


def _membership_test(field: str, operand: Json, look: Look) -> Test:
    choices = operand.split(",") if isinstance(operand, str) else operand
    if not isinstance(choices, list | tuple):
        raise ProgramFailedError("__in needs a list, or a string with commas")
    return each_equals(one_of(field, choices, look), look)


def one_of(field: str, choices: Sequence[Json], look: Look = no_look) -> Test:
    """Return a test of whether a value equals one of many, at the cost of a single comparison."""
    texts: set[str] = set()
    instants: set[str] = set()
    plain: set[tuple[type, Json]] = set()
    complex_tests: list[Test] = []
    for choice in choices:
        if isinstance(choice, list | tuple | dict):
            complex_tests.append(_after(look, equality_test(choice)))
            continue
        if isinstance(choice, str):
            texts.add(choice)
            instants.update(filter(None, [instant_of(choice)]))
        elif field == "id" and is_number(choice):
            texts.add(json_text(choice))
        plain.update(_plain_keys(choice))

    def passes(stored: Json) -> bool:
        kind = type(stored)
        if kind is str:
            return stored in texts or (bool(instants) and instant_of(stored) in instants)
        if kind is list or kind is dict:
            return any(test(stored) for test in complex_tests)
        return (float if kind is int else kind, stored) in plain

    return passes


def _plain_keys(choice: Json) -> Iterator[tuple[type, Json]]:
    """Yield the type and value of each number, boolean and null that equals the choice."""
    if not isinstance(choice, str):
        yield float if is_number(choice) else type(choice), choice
        return
    if (number := parse_number(choice)) is not None:
        yield float, number
    if choice.lower() in ("true", "false"):
        yield bool, choice.lower() == "true"
    if choice == "null":
        yield type(None), None


def _order_test(compare: Callable[[Any, Any], bool], operand: Json) -> Test:
    """Return a comparison: numbers by number, also in strings, instants by time, other text."""
    number = parse_number(operand)
    text = operand if isinstance(operand, str) else None
    instant = None if text is None else instant_of(text)

    def passes(stored: Json) -> bool:
        if is_number(stored):
            return number is not None and compare(stored, number)
        if not isinstance(stored, str):
            return False
        if number is not None and (parsed := parse_number(stored)) is not None:
            return compare(parsed, number)
        if instant is not None and (moment := instant_of(stored)) is not None:
            return compare(moment, instant)
        return text is not None and compare(stored, text)

    return passes


def _pattern_test(pattern: str, look: Look, *, ignores_case: bool) -> Test:
    """Return a test of strings against a pattern in which `*` and `%` stand for any text.

    Each part is searched once, from left to right, so that no pattern takes long.
    """
    text = pattern.casefold() if ignores_case else pattern
    first, *parts = text.replace("%", "*").split("*")

    def passes(stored: Json) -> bool:
        if type(stored) is not str:
            if not is_number(stored):
                return False
            stored = json_text(stored)
        if len(stored) > LONG_CHARACTERS:
            look()
        if ignores_case:
            stored = _folded(stored)
        return stored == first if not parts else _matches_parts(stored, first, parts)

    return passes


def _matches_parts(text: str, first: str, parts: list[str]) -> bool:
    last = parts[-1]
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    place = len(first)
    for part in parts[:-1]:
        index = text.find(part, place)
        if index < 0:
            return False
        place = index + len(part)
    return text.endswith(last) and len(text) - len(last) >= place


def text_test(operator: str, operand: Json, look: Look = no_look) -> Test:
    """Return a test of strings and of the JSON text of numbers; a list of needles means any."""
    needles = [json_text(item) for item in (operand if isinstance(operand, list) else [operand])]
    ignores_case = operator not in TEXT_TESTS
    if ignores_case:
        operator, needles = operator[1:], [needle.casefold() for needle in needles]
    contains = TEXT_TESTS[operator]

    def passes(stored: Json) -> bool:
        if type(stored) is not str:
            if not is_number(stored):
                return False
            stored = json_text(stored)
        is_long = len(stored) > LONG_CHARACTERS
        if ignores_case:
            stored = _folded(stored)
        for needle in looked_at(needles, look) if is_long else needles:
            if contains(stored, needle):
                return True
        return False

    return passes


def _folded(text: str) -> str:
    """Return a text without case. For ASCII, `lower` equals `casefold`, in a third of the time."""
    return text.lower() if text.isascii() else text.casefold()

"""Typed comparison of stored values with the operands of criteria. Pure.

An operand that is a string usually comes from a URL's query, so it is converted to the type of the
stored value; any other operand comes from a program and compares by its JSON type.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from larst.domain import Json
from larst.store.query.instants import instant_of

MISSING: Any = object()
"""The value of a field that a record does not have; it equals no JSON value."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER_CHARACTERS = 400


def equality_test(operand: Json) -> Callable[[Json], bool]:
    """Return a test of whether a stored value equals the operand."""
    if not isinstance(operand, str):
        return lambda stored: is_equal(stored, operand)
    number = parse_number(operand)
    boolean = {"true": True, "false": False}.get(operand.lower())
    instant = instant_of(operand)

    def passes(stored: Json) -> bool:
        kind = type(stored)
        if kind is str:
            if instant is not None:
                return stored == operand or instant_of(stored) == instant
            return bool(stored == operand)
        if kind is int or kind is float:
            return number is not None and bool(stored == number)
        if kind is bool:
            return stored is boolean
        return stored is None and operand == "null"

    return passes


def is_equal(stored: Json, operand: Json) -> bool:
    """Return whether both are the same JSON value: 1 equals 1.0, but neither true nor "1"."""
    if is_number(stored):
        return is_number(operand) and bool(stored == operand)
    if isinstance(stored, list):
        return (
            isinstance(operand, list | tuple)
            and len(stored) == len(operand)
            and all(map(is_equal, stored, operand))
        )
    if isinstance(stored, dict):
        return (
            isinstance(operand, dict)
            and stored.keys() == operand.keys()
            and all(is_equal(item, operand[name]) for name, item in stored.items())
        )
    return type(stored) is type(operand) and bool(stored == operand)


def is_number(value: Json) -> bool:
    """Return whether the value is a JSON number; booleans are not."""
    kind = type(value)
    return kind is int or kind is float


def parse_number(operand: Json) -> int | float | None:
    """Return the operand as a number, parsing strings; None if it is not a finite number."""
    if not isinstance(operand, str):
        return operand if is_number(operand) else None
    if len(operand) > _MAX_NUMBER_CHARACTERS or not (match := _NUMBER.fullmatch(operand)):
        return None
    if match[2] is None and match[3] is None and "." not in operand:
        return int(operand)
    number = float(operand)
    return number if math.isfinite(number) else None


def json_text(value: Json) -> str:
    """Return the JSON text of a value; a string is returned without quotes."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # not JSON, so no stored value can have this text
        return "\0"

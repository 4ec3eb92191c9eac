"""What stored values and wanted ones have to do with each other, by their types. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from larst.domain import Json

MISSING: Any = object()
"""Stands for the value of a field that a record does not have; equal to nothing."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER_CHARACTERS = 400


def equality_test(wanted: Json) -> Callable[[Json], bool]:
    """Return the test whether a stored value is the one wanted.

    Wanted text, which is how queries say everything, is read as the stored value's type.
    """
    if not isinstance(wanted, str):
        return lambda stored: is_equal(stored, wanted)
    number, word = parse_number(wanted), wanted.lower()
    boolean = {"true": True, "false": False}.get(word)

    def passes(stored: Json) -> bool:
        kind = type(stored)
        if kind is str:
            return bool(stored == wanted)
        if kind is int or kind is float:
            return number is not None and bool(stored == number)
        if kind is bool:
            return stored is boolean
        return stored is None and wanted == "null"

    return passes


def is_equal(stored: Json, wanted: Json) -> bool:
    """Tell whether both are the same JSON value: 1 is 1.0, but neither is true or "1"."""
    if is_number(stored):
        return is_number(wanted) and bool(stored == wanted)
    if isinstance(stored, list):
        return (
            isinstance(wanted, list | tuple)
            and len(stored) == len(wanted)
            and all(map(is_equal, stored, wanted))
        )
    if isinstance(stored, dict):
        return (
            isinstance(wanted, dict)
            and stored.keys() == wanted.keys()
            and all(is_equal(item, wanted[name]) for name, item in stored.items())
        )
    return type(stored) is type(wanted) and bool(stored == wanted)


def is_number(value: Json) -> bool:
    """Tell whether it is a number; true and false are none."""
    kind = type(value)
    return kind is int or kind is float


def parse_number(wanted: Json) -> int | float | None:
    """Return the number that is wanted, written as one or as text; None where it is none."""
    if not isinstance(wanted, str):
        return wanted if is_number(wanted) else None
    if len(wanted) > _MAX_NUMBER_CHARACTERS or not (found := _NUMBER.fullmatch(wanted)):
        return None
    if found[2] is None and found[3] is None and "." not in wanted:
        return int(wanted)
    number = float(wanted)
    return number if math.isfinite(number) else None


def json_text(value: Json) -> str:
    """Return a value as the text that JSON writes for it; text without its quotes."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # no JSON: nothing that is stored has this text
        return "\0"

"""An exact JSON reader: keeps every number as it was sent, or refuses it.

Must never change a value silently.
"""

from __future__ import annotations

import math

from pydantic_core import from_json

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json
from larst.errors import InvalidJsonError

_CLASSES = bytes(
    ord("0") if byte in b"0123456789" else ord("e") if byte in b"eE" else ord(" ")
    for byte in range(256)
)
"""Digits, the letters of exponents, and all other bytes: a pattern takes ten times as long."""

_LONG_NUMBER, _EXPONENT = b"0" * 19, b"0e"
_OVERLAP_BYTES = 18

_SLICE_BYTES = 64 * 1024
"""One search through ten megabytes would keep all other threads waiting."""


def parse_json(raw: bytes) -> Json:
    """Return the JSON value, with every number exactly as it was sent.

    Raises:
        InvalidJsonError: not valid JSON, nested deeper than 200 levels, or contains a number that
            cannot be kept exactly.
    """
    try:
        value = from_json(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise InvalidJsonError(str(error)) from error
    if may_be_inexact(raw):
        _refuse_inexact(value)
    return value


def may_be_inexact(raw: bytes) -> bool:
    """Return whether JSON may have a number that some reader, or writer, would change.

    False: it has neither an exponent nor an integer that needs more than 63 bits.
    """
    for start in range(0, len(raw), _SLICE_BYTES):
        part = raw[start : start + _SLICE_BYTES + _OVERLAP_BYTES].translate(_CLASSES)
        if _EXPONENT in part or _LONG_NUMBER in part:
            return True
    return False


def _refuse_inexact(value: Json) -> None:
    """Refuse numbers that other JSON readers or the files would return with another value."""
    if isinstance(value, dict):
        for item in value.values():
            _refuse_inexact(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_inexact(item)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidJsonError("a number is too large for a 64-bit float; send it as text")
    elif isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise InvalidJsonError(
            f"the integer {str(value)[:40]} needs more than 64 bits and cannot be kept exactly;"
            " send it as text"
        )

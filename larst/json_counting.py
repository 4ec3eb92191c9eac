"""How many values a JSON text has, before it is parsed. Pure.

A parser keeps all other threads waiting, and makes an object for each value: five bytes of `[[]],`
cost as much as a long text. Must never take long, nor count the commas of a text.
"""

from __future__ import annotations

import re

_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,1000}', re.DOTALL)
"""A part of a string: bounded, since a match keeps all other threads waiting."""

_MARKS = (b",", b"[", b"{")


def has_more_values(raw: bytes, limit: int) -> bool:
    """Return whether JSON has more values than the limit; each text, number and list is one.

    The outermost value is not counted, and an empty list or object counts twice. Of text
    that a parser refuses, the number means nothing.

    >>> has_more_values(b'[1, ",,,", {}]', 5)
    False
    >>> has_more_values(b'[1, ",,,", {}, []]', 5)
    True
    """
    return _marks(raw, 0, len(raw)) > limit and _has_more_marks(raw, limit)


def _marks(raw: bytes, start: int, end: int) -> int:
    """Return how many values may begin in a part of the text: one at each comma and bracket."""
    return sum(raw.count(mark, start, end) for mark in _MARKS)


def _has_more_marks(raw: bytes, limit: int) -> bool:
    """Return whether there are more marks than the limit, not counting those in texts.

    Stops at the first that is too many, so that many short texts take no longer.
    """
    total = position = 0
    while total <= limit:
        quote = raw.find(b'"', position)
        if quote < 0:
            return total + _marks(raw, position, len(raw)) > limit
        total += _marks(raw, position, quote)
        position = _end_of_string(raw, quote + 1)
    return True


def _end_of_string(raw: bytes, position: int) -> int:
    while match := _STRING.match(raw, position):
        position = match.end()
        if raw[position : position + 1] != b"\\" or position + 1 == len(raw):
            break
    return position + 1

"""Lists and quotes inside the text of a parameter. Pure, and linear in its length."""

from __future__ import annotations

import json
from typing import NoReturn

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError

_OPENING = {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}


def unquoted(text: str) -> str:
    """Return a text without the double quotes around it."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return text


def split_quoted(text: str, separator: str = ",") -> list[str]:
    """Return the items of a list; a separator inside quotes or parentheses does not separate."""
    items: list[str] = []
    start = depth = 0
    is_quoted = is_escaped = False
    for place, letter in enumerate(text):
        if is_escaped or letter == "\\":
            is_escaped = not is_escaped
        elif letter == '"':
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += _OPENING.get(letter, 0)
            if letter == separator and depth == 0:
                items.append(unquoted(text[start:place].strip()))
                start = place + 1
    last = text[start:].strip()
    return [*items, unquoted(last)] if last or items else []


def is_json(text: str) -> bool:
    """Return whether a text begins as a JSON object or list does."""
    return text.lstrip()[:1] in ("{", "[")


def parse_json(text: str, key: str) -> Json:
    """Return the JSON value of a query parameter.

    Raises:
        QueryNotUnderstoodError: it is not JSON, or has a number that JSON cannot hold.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise QueryNotUnderstoodError(f"{key[:40]} is not JSON: {text[:80]}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)

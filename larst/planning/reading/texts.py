"""Lists and quotes inside the text of a parameter. Pure, and linear in its length."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json
from larst.errors import QueryNotUnderstoodError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 20
"""Of the integers that JSON bodies may have, with a sign."""

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
        QueryNotUnderstoodError: it is not JSON, or has a number or a text that no record can have.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)
        if _SURROGATE.search(text) is not None:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise QueryNotUnderstoodError(
            f"{key[:40]} has half of a surrogate pair, which is not a character: {text[:80]}"
        ) from error
    except OverflowError as error:
        raise QueryNotUnderstoodError(f"{key[:40]} has {error}: {text[:80]}") from error
    except (ValueError, RecursionError) as error:
        raise QueryNotUnderstoodError(f"{key[:40]} is not JSON: {text[:80]}") from error
    return value


def _integer(digits: str) -> int:
    if len(digits) <= _MAX_DIGITS and INTEGER_MIN <= (number := int(digits)) <= INTEGER_MAX:
        return number
    raise OverflowError("an integer of more than 64 bits")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)

"""The values of operators: lists, bounds, booleans, single values. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.texts import is_json, parse_json, split_quoted
from larst.planning.reading.vocabulary import FALSE, TRUE

_ENCLOSED = {"(": ")", "{": "}", "[": "]"}
_RANGE_SEPARATORS = ("..", "|", " to ", "~", "/", ";", ":")


def boolean_of(value: Json, key: str) -> bool:
    """Return the boolean that a value stands for.

    Raises:
        QueryNotUnderstoodError: it stands for none.
    """
    if isinstance(value, bool):
        return value
    word = str(single_value(value, key)).lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise QueryNotUnderstoodError(f"{key[:80]} takes true or false, not {str(value)[:40]!r}")


def split_list(value: Json) -> list[Json]:
    """Return the items of a list: a JSON list, repeated values, or text as `a,b` or `(a,b)`."""
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


def bounds_of(value: Json, key: str) -> tuple[Json, Json]:
    """Return the two values of a range: a list, or text such as `1,5`, `1..5` or `1|5`.

    Raises:
        QueryNotUnderstoodError: they are not two.
    """
    bounds = split_list(value)
    if len(bounds) == 1 and isinstance(bounds[0], str):
        separator = next((text for text in _RANGE_SEPARATORS if text in bounds[0]), ",")
        bounds = [part.strip() for part in bounds[0].split(separator)]
    if len(bounds) != 2 or "" in bounds:
        raise QueryNotUnderstoodError(f"{key[:80]} takes two values, as in {key[:80]}=1,5")
    return bounds[0], bounds[1]


def single_value(value: Json, key: str) -> Json:
    """Return the only value of an operator that takes one.

    Raises:
        QueryNotUnderstoodError: there are several, or none.
    """
    if isinstance(value, list):
        if len(value) != 1:
            raise QueryNotUnderstoodError(f"{key[:80]} takes one value, not {len(value)}")
        return value[0]
    return value


def text_value(value: Json, key: str) -> Json:
    """Return the value of an operator on texts: a text, a number or a boolean.

    Raises:
        QueryNotUnderstoodError: it is another JSON value.
    """
    if isinstance(value, dict | list) or value is None:
        raise QueryNotUnderstoodError(f"{key[:80]} takes a text, not {str(value)[:40]}")
    return value


def _without_single_quotes(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text

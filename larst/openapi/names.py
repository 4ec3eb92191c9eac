"""Names that code generators can use, each given out once. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import inflection

from larst.planning.reading.plurals import UNCOUNTABLE
from larst.planning.shapes import singular

_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_MAX_CHARACTERS = 200

_ACRONYMS = re.compile(r"(?<![A-Z])[A-Z]{2,}s(?![a-z])")
"""The plural of an acronym, `URLs`, is one word."""

_TAKES_AN = re.compile(
    r"(?!eu|one\b|uni|ur[il]|us[aeiou]|ut[ei]|uuid)[aeiou]|heir|honou?r|hour", re.IGNORECASE
)


class Names:
    """One namespace. Case does not distinguish names: generators make files of them."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in reserved}

    def claim(self, name: str, forms: Iterable[str] = ("{}",)) -> str:
        """Return the name, with a number appended if the name or one of its forms is taken."""
        for number in itertools.count(1):
            candidate = name if number == 1 else f"{name}{number}"
            claimed = {form.format(candidate).lower() for form in forms}
            if not claimed & self._taken:
                break
        self._taken |= claimed
        return candidate


def singular_name(resource: str) -> str:
    """Return the name of a single record in snake case: `order_line` for `order-lines`."""
    return snake_case(singular(resource) or resource)


def snake_case(text: str) -> str:
    """Return a text as words joined by underscores; `thing` if it has no letter or digit.

    Of a long text, the beginning: the time that `inflection` takes grows with its square.
    """
    text = _ACRONYMS.sub(lambda match: f"_{match[0].lower()}", text[:_MAX_CHARACTERS])
    joined = _SEPARATORS.sub("_", inflection.underscore(text)).strip("_") or "thing"
    return f"n{joined}" if joined[0].isdigit() else joined


def type_name(text: str) -> str:
    """Return a text as the name of a type: `OrderLine`."""
    return inflection.camelize(snake_case(text))


def operation_name(text: str) -> str:
    """Return a text as the id of an operation: `createOrderLine`."""
    return inflection.camelize(text, uppercase_first_letter=False)


def words(name: str) -> str:
    """Return a snake-case name as words: `order lines`."""
    return name.replace("_", " ")


def with_article(name: str) -> str:
    """Return a snake-case name as English words with an article: `an order line`."""
    article = "an" if _TAKES_AN.match(name) else "a"
    record = " record" if name.rpartition("_")[2] in UNCOUNTABLE else ""
    return f"{article} {words(name)}{record}"

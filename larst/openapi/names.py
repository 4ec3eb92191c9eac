"""Names that generators can make code of, none of them twice. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import inflection

from larst.planning.shapes.rest_path import singular

_ODD = re.compile(r"[^A-Za-z0-9]+")


class Names:
    """Gives out names in one namespace; one that is taken gets a number behind it."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def free(self, wanted: str, derived: Iterable[str] = ("{}",)) -> str:
        """Return the name, or the first one that begins like it and is free in all its forms."""
        for number in itertools.count(1):
            name = wanted if number == 1 else f"{wanted}{number}"
            forms = {form.format(name).lower() for form in derived}
            if not forms & self._taken:
                break
        self._taken |= forms
        return name


def one_of(resource: str) -> str:
    """Return what one record is called, in words joined by underscores: `order_line`."""
    return words(singular(resource) or resource)


def words(text: str) -> str:
    """Return a text as words joined by underscores; one that has none is `thing`."""
    joined = _ODD.sub("_", inflection.underscore(text)).strip("_") or "thing"
    return f"n{joined}" if joined[0].isdigit() else joined


def type_name(text: str) -> str:
    """Return words as the name of a type: `OrderLine`."""
    return inflection.camelize(words(text))

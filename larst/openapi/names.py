"""Names that generators can make code of, none of them twice. Pure."""

from __future__ import annotations

import re

import inflection

from larst.planning.reading import singular

_ODD = re.compile(r"[^A-Za-z0-9]+")


class Names:
    """Gives out names in one namespace; one that is taken gets a number behind it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, wanted: str) -> str:
        """Return the name, or the first free one that begins like it."""
        name, number = wanted, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name.lower())
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

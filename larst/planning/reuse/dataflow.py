"""Where a value in a program may come from, and what becomes of that on its way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

ITEMS = "[]"
"""The step into the items of a list, or the values of an object whose keys the program takes as
they come."""

MAX_STEPS = 8
"""How deep into a body a path is followed."""

Path: TypeAlias = tuple[str, ...]
"""Steps from the body's root: names of fields, and `ITEMS`."""

Origin: TypeAlias = tuple[str, ...]
"""Where a value comes from: ("body", *steps), ("record", resource), ("text", literal), …; and
("of", *origin) for a collection that the program has made of such values."""

Origins: TypeAlias = frozenset[Origin]
"""All the places that a value may come from."""

NOTHING: Origins = frozenset()


def union(several: Iterable[Origins]) -> Origins:
    """Return the origins of a value that is one of several."""
    return NOTHING.union(*several)


def children(origins: Origins) -> Origins:
    """Return what iterating, or an index, gives: items of the body, records, texts."""
    found = set()
    for origin in origins:
        if origin[0] == "of":
            found.add(origin[1:])
        elif origin[0] == "body" and len(origin) <= MAX_STEPS:
            found.add((*origin, ITEMS))
        elif origin[0] in ("record", "text"):
            found.add(origin)
    return frozenset(found)


def held(origins: Origins) -> Origins:
    """Return the origins of a collection that holds such values."""
    return frozenset(("of", *origin) for origin in origins if len(origin) <= MAX_STEPS)


def unpacked(origins: Origins) -> Origins:
    """Return what each name of `a, b = …` may get."""
    return frozenset(origin[1:] if origin[0] == "of" else origin for origin in origins)


def wholes(origins: Origins) -> Origins:
    """Return what such values are the items of."""
    return frozenset(
        origin[:-1] for origin in origins if origin[0] == "body" and origin[-1] == ITEMS
    )


def texts(origins: Origins) -> frozenset[str]:
    """Return the texts that a value may be, where it is a literal."""
    return frozenset(origin[1] for origin in origins if origin[0] == "text")

"""Abstract values for the data-flow analysis of a program: where a value may come from. Pure.

The analysis interprets a program with sets of sources in place of values. It needs three facts
about a value: which part of the request's body it is, which resource's record it is, and which
string constant it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

ITEMS = "[]"
"""The path step to an item of a list, or to a value of an object under a computed key."""

MAX_STEPS = 8
"""How deep paths are followed; the bound makes the analysis terminate."""

Path: TypeAlias = tuple[str, ...]
"""Steps from the root of the body: field names and `ITEMS`."""

Source: TypeAlias = tuple[str, ...]
"""One possible source of a value: ("body", *path), ("record", resource), ("text", constant), …

("of", *source) is a collection that the program builds from values of that source.
"""

AbstractValue: TypeAlias = frozenset[Source]
"""All possible sources of a value."""

BOTTOM: AbstractValue = frozenset()
"""A value without a tracked source."""


def join(values: Iterable[AbstractValue]) -> AbstractValue:
    """Return the least value that covers all of `values`."""
    return BOTTOM.union(*values)


def elements(value: AbstractValue) -> AbstractValue:
    """Return the result of iterating over or indexing the value."""
    sources = set()
    for source in value:
        if source[0] == "of":
            sources.add(source[1:])
        elif source[0] == "body" and len(source) <= MAX_STEPS:
            sources.add((*source, ITEMS))
        elif source[0] in ("record", "text"):
            sources.add(source)
    return frozenset(sources)


def collection_of(value: AbstractValue) -> AbstractValue:
    """Return a collection that contains the value."""
    return frozenset(("of", *source) for source in value if len(source) <= MAX_STEPS)


def unpack(value: AbstractValue) -> AbstractValue:
    """Return the value of each target in `a, b = …`."""
    return frozenset(source[1:] if source[0] == "of" else source for source in value)


def containers(value: AbstractValue) -> AbstractValue:
    """Return the parts of the body that contain the value as an item."""
    return frozenset(source[:-1] for source in value if source[0] == "body" and source[-1] == ITEMS)


def constants(value: AbstractValue) -> frozenset[str]:
    """Return the string constants that the value may be."""
    return frozenset(source[1] for source in value if source[0] == "text")

"""Frames of runs, and the size of forms. Data, and pure functions of it.

A closure takes the frame of a run: a list of the variables' values, with the run itself in front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from larst.direct.methods import CHANGING
from larst.domain import total

Frame: TypeAlias = list[Any]
Evaluate: TypeAlias = Callable[[Frame], Any]
Fill: TypeAlias = Callable[[Frame, Any], None]
"""Assigns a value to a target."""

UNSET: Any = object()
"""The value of a variable before its first assignment."""

FIRST_PLACE = 1
"""Where variables begin in a frame; the run is in front of them."""


def changes_containers(body: total.Block) -> bool:
    """Return whether a program changes any list or dict: only then is noted what it made."""
    return any(_changes(node) for node in _walk(body))


def size_of(node: object) -> int:
    """Return how many parts a form has: what one pass through it costs."""
    return sum(hasattr(part, "__dataclass_fields__") for part in _walk(node))


def _changes(node: object) -> bool:
    is_change = isinstance(node, total.Method) and node.name in CHANGING
    return is_change or isinstance(node, total.SetItem)


def _walk(node: object) -> Iterator[object]:
    yield node
    children: Any = ()
    if isinstance(node, tuple | list):
        children = node
    elif isinstance(node, Mapping):
        children = node.values()
    elif hasattr(node, "__dataclass_fields__"):
        children = [getattr(node, name) for name in node.__dataclass_fields__]
    for child in children:
        yield from _walk(child)

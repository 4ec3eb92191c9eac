"""Bracketed query keys to a tree: `filters[title][$contains]`, `id[]`, `page[number]`. Pure.

The notation of qs, PHP, Rails, Strapi, LoopBack, Feathers and JSON:API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError

Tree: TypeAlias = "dict[str, Tree | list[str]]"
"""Keys to further keys, or to the values given for a key."""

Parts: TypeAlias = tuple[str, ...]
"""A key in its parts: `("filters", "title", "$contains")`."""

MAX_LEVELS = 20

_KEY = re.compile(r"(?P<root>[^\[\]]+)(?P<tail>(?:\[[^\[\]]*\])+)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parts_of(key: str) -> Parts:
    """Return the parts of a key; a plain key is one part.

    Raises:
        QueryNotUnderstoodError: it has too many parts.
    """
    if "[" not in key or (match := _KEY.fullmatch(key)) is None:
        return (key,)
    parts = (match["root"], *_PART.findall(match["tail"]))
    if len(parts) > MAX_LEVELS:
        raise QueryNotUnderstoodError(f"{key[:80]} has more than {MAX_LEVELS} brackets")
    return parts


def tree_of(pairs: Iterable[tuple[Parts, Iterable[str]]]) -> Tree:
    """Return the tree of keys, given as their parts, with their values.

    A list index is a key too; `values_of` reads a list from either notation.
    """
    root: Tree = {}
    for parts, values in pairs:
        insert(root, parts, values)
    return root


def insert(root: Tree, parts: Parts, values: Iterable[str]) -> None:
    """Put the values of one key into a tree."""
    node = root
    for part in parts[:-1]:
        child = node.get(part)
        if not isinstance(child, dict):
            # `a=1&a[b]=2`: the plain value stands beside the keys below it.
            child = node[part] = {} if child is None else {"": child}
        node = child
    leaf = node.get(parts[-1])
    if isinstance(leaf, dict):
        insert(leaf, ("",), values)
    else:
        node[parts[-1]] = [*(leaf or ()), *values]


def values_of(node: Tree | list[str]) -> list[str] | None:
    """Return the values of a list in any notation (`[]`, `[0]`, repeated); None for an object."""
    if isinstance(node, list):
        return node
    if not is_list(node):
        return None
    values: list[str] = []
    for child in items_of(node):
        if not isinstance(child, list):
            return None
        values += child
    return values


def is_list(node: Tree) -> bool:
    """Return whether all keys are indexes."""
    return all(key == "" or (key.isascii() and key.isdecimal()) for key in node)


def items_of(node: Tree) -> Iterator[Tree | list[str]]:
    """Return the children of a list in the order of their indexes: `$or[0][id]=1`."""
    yield from (node[key] for key in sorted(node, key=_index))


def plain(node: Tree | list[str]) -> Json:
    """Return a tree as a JSON value: lists in any notation, single values as text."""
    if isinstance(node, list):
        return node[0] if len(node) == 1 else list(node)
    if (values := values_of(node)) is not None:
        return list(values)
    if is_list(node):
        return [plain(child) for child in items_of(node)]
    return {key: plain(child) for key, child in node.items()}


def _index(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdecimal() and len(key) < 10 else (10**9, key)

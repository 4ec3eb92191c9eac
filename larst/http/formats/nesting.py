"""Names with brackets to nested values: `metadata[plan]`, `tags[]`, `items[0][price]`. Pure.

The notation of PHP, Rails, qs and Stripe. A name such as `__proto__` is a field like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from larst.domain import Json
from larst.errors import BadRequestError, BodyTooLargeError

MAX_LEVELS = 20
"""Brackets in one name; forms of people have three or four."""

MAX_FIELDS = 10_000
"""Fields of one form."""

MAX_BRACKETS = 20_000
"""Brackets of all names in one form: each may create an object."""

_NAME = re.compile(r"(?P<root>[^\[\]]+)(?P<tail>(?:\[[^\[\]]*\])+)")
_PART = re.compile(r"\[([^\[\]]*)\]")


class _Branch(dict[str, "_Branch | list[Json]"]):
    """Values by the parts of their names; a leaf lists all values of its name."""


def nested(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    """Return the fields of a form as an object.

    >>> nested([("plan", "pro"), ("tags[]", "a"), ("items[0][price]", "9")])
    {'plan': 'pro', 'tags': ['a'], 'items': [{'price': '9'}]}

    Raises:
        BodyTooLargeError: one name, or all names together, have too many brackets.
        BadRequestError: a name has both a value and further names.
    """
    root = _Branch()
    brackets = 0
    for name, value in pairs:
        parts = _parts(name)
        if (brackets := brackets + len(parts) - 1) > MAX_BRACKETS:
            raise BodyTooLargeError(f"the names of the form have more than {MAX_BRACKETS} brackets")
        _insert(root, name, parts, value)
    return {name: _json(child) for name, child in root.items()}


def _parts(name: str) -> list[str]:
    if (brackets := name.count("[")) > MAX_LEVELS:
        raise BodyTooLargeError(f"the field {name[:80]} has more than {MAX_LEVELS} brackets")
    if not brackets or (match := _NAME.fullmatch(name)) is None:
        return [name]
    return [match["root"], *_PART.findall(match["tail"])]


def _insert(branch: _Branch, name: str, parts: list[str], value: Json) -> None:
    for index, part in enumerate(parts[:-1]):
        key = part or _index(branch, parts[index + 1])
        child = branch.setdefault(key, _Branch())
        if not isinstance(child, _Branch):
            raise _mixed(name)
        branch = child
    key = parts[-1] if parts[-1] or len(parts) == 1 else str(len(branch))
    leaf = branch.setdefault(key, [])
    if isinstance(leaf, _Branch):
        raise _mixed(name)
    leaf.append(value)


def _index(branch: _Branch, next_part: str) -> str:
    """Return the index of `[]`: Rails begins the next item when a name comes again."""
    last = str(len(branch) - 1)
    item = branch.get(last)
    is_open = isinstance(item, _Branch) and next_part != "" and next_part not in item
    return last if is_open else str(len(branch))


def _json(node: _Branch | list[Json]) -> Json:
    if isinstance(node, list):
        return node[0] if len(node) == 1 else node
    if all(key.isascii() and key.isdecimal() and len(key) <= MAX_LEVELS for key in node):
        return [_json(node[key]) for key in sorted(node, key=int)]
    return {key: _json(child) for key, child in node.items()}


def _mixed(name: str) -> BadRequestError:
    return BadRequestError(f"the field {name[:80]} has a value of its own and names within it")

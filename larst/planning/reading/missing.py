"""Texts that programs send instead of a value they did not have: `null`, `undefined`, `NaN`. Pure.

`null` means the text where a record has it, else the missing value. A change does not guess.
"""

from __future__ import annotations

from dataclasses import replace

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Condition, Node, any_of, negated
from larst.planning.reading.fields import Fields
from larst.planning.reading.vocabulary import NOT_VALUES

_NULL = "null"
_ALWAYS_MISSING = frozenset({"undefined", "NaN"})
_COMPARING = frozenset({"", "ne", "in", "gt", "gte", "lt", "lte"})
_EQUALITY = frozenset({"", "ne", "in"})


def without_missing(node: Condition, fields: Fields, *, is_change: bool) -> Node:
    """Return a condition in which `null` is either the text or the missing value.

    Raises:
        QueryNotUnderstoodError: a change names such a text, and no record has it. Negated, it
            would select every record.
    """
    texts = [text for text in _items(node.value) if isinstance(text, str) and text in NOT_VALUES]
    if not texts:
        return node
    stored = {text for text in texts if fields.has_value(node.field, text)}
    if is_change:
        refused = NOT_VALUES if node.operator in _COMPARING else _ALWAYS_MISSING
        _refuse(node, next((text for text in texts if text in refused - stored), None))
    if node.operator not in _EQUALITY or _NULL not in texts:
        return node
    return _as_text(node) if _NULL in stored else _as_null(node)


def _refuse(node: Condition, text: str | None) -> None:
    if text is None:
        return
    cure = f"; for records without a value, send {node.field[:60]}_null=true"
    raise QueryNotUnderstoodError(
        f"{(node.key or node.field)[:80]}: {text} looks like a missing value of a program, and no"
        f" record has that text{cure if node.field != '*' else ''}"
    )


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _as_null(node: Condition) -> Condition:
    """Return the condition with the value null in place of its text."""
    if not isinstance(node.value, list):
        return replace(node, value=None)
    return replace(node, value=[None if item == _NULL else item for item in node.value])


def _as_text(node: Condition) -> Node:
    """Return the condition so that `null` equals the text alone: as a pattern without a star."""
    text = Condition(node.field, "like", _NULL, node.key)
    if node.operator == "ne":
        return negated(text)
    others = [item for item in _items(node.value) if item != _NULL]
    return any_of([replace(node, value=others), text]) if others else text

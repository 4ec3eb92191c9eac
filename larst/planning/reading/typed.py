"""The last pass over a tree of conditions: types, relations, and fields that never were. Pure.

After it, every spelling of a condition is the same: `"50"` and 50 are 50 where the field is a
number, and the order in which conditions were written means nothing. A condition on a field that no
record ever had holds for no record, also when it is negated: `nope_ne=1` must not match everything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    ALWAYS,
    ANY_FIELD,
    NEVER,
    AllOf,
    AnyOf,
    Condition,
    Node,
    Not,
    Related,
    all_of,
    any_of,
    negated,
)
from larst.planning.reading.fields import Fields
from larst.planning.reading.missing import without_missing
from larst.planning.reading.operators import COMPARISONS, NUMBER
from larst.planning.reading.vocabulary import FALSE, TRUE

MAX_DIGITS = 400

_TYPED_OPERATORS = COMPARISONS | {"", "ne", "in"}


def typed(node: Node, fields: Fields, *, is_change: bool, is_negated: bool = False) -> Node:
    """Return the tree with typed values; see the module.

    Raises:
        QueryNotUnderstoodError: in a change, the value for a boolean field is not true or false,
            or looks like a missing one.
    """
    match node:
        case Condition():
            return _typed_condition(node, fields, is_change=is_change, is_negated=is_negated)
        case Related(relation, inner):
            further = fields.related(relation) or Fields()
            return Related(
                relation, typed(inner, further, is_change=is_change, is_negated=is_negated)
            )
        case Not(inner):
            return negated(typed(inner, fields, is_change=is_change, is_negated=not is_negated))
        case AllOf(nodes):
            join = all_of
        case AnyOf(nodes):
            join = any_of
    children = [typed(child, fields, is_change=is_change, is_negated=is_negated) for child in nodes]
    return join(sorted(children, key=_rank))


def _rank(node: Node) -> tuple[int, str, str]:
    """Return the place of a node among its siblings, so that the order of keys means nothing."""
    match node:
        case Condition(name, operator):
            return 0, name, operator
        case Related(relation):
            return 1, relation, ""
    return 2, "", ""


def unknown_names(node: Node, fields: Fields) -> list[str]:
    """Return the fields in a tree that no record ever had, also those of related records."""
    match node:
        case Condition(name):
            return _unknown_name(name, fields)
        case Related(relation, inner):
            further = fields.related(relation) or Fields()
            return [f"{relation}.{name}" for name in unknown_names(inner, further)]
        case Not(inner):
            return unknown_names(inner, fields)
    return [name for child in node.nodes for name in unknown_names(child, fields)]


def _unknown_name(name: str, fields: Fields) -> list[str]:
    if not fields.names or name == ANY_FIELD or fields.is_relation(name):
        return []
    if (path := fields.relation_of(name)) is not None:
        relation, tail = path
        further = fields.related(relation) or Fields()
        is_known = further.resolve(tail) is not None or not further.names or further.knows(tail)
        return [] if is_known else [name]
    return [] if fields.knows(name) else [name]


def _typed_condition(node: Condition, fields: Fields, *, is_change: bool, is_negated: bool) -> Node:
    if node.operator == "exists" and fields.is_relation(node.field):
        related = Related(node.field, ALWAYS)
        return related if node.value else negated(related)
    if (path := fields.relation_of(node.field)) is not None:
        relation, name = path
        further = fields.related(relation) or Fields()
        inner = Condition(further.resolve(name) or name, node.operator, node.value, node.key)
        return Related(relation, typed(inner, further, is_change=is_change, is_negated=is_negated))
    if not fields.may_have(node.field):
        if is_negated:
            return ALWAYS
        is_absence = node.operator == "ne" or node.value is False or node.value is None
        return NEVER if is_absence else node
    value = _typed_value(node, fields, is_change=is_change)
    typed_node = Condition(node.field, node.operator, value, node.key)
    return without_missing(typed_node, fields, is_change=is_change)


def _typed_value(node: Condition, fields: Fields, *, is_change: bool) -> Json:
    if node.operator == "exists":
        return node.value
    if node.operator not in _TYPED_OPERATORS or node.field == ANY_FIELD:
        return _texts(node.value)
    kinds = fields.value_kinds(node.field)
    if kinds == {"boolean"}:
        return _each(node.value, lambda item: _boolean(item, node.key, is_change=is_change))
    if fields.is_numeric(node.field):
        return _each(node.value, _number)
    if kinds == {"string"}:
        return _texts(node.value)
    return node.value


def _each(value: Json, convert: Callable[[Json], Json]) -> Json:
    return [convert(item) for item in value] if isinstance(value, list) else convert(value)


def _number(value: Json) -> Json:
    """Return the number that a text is, as the store reads it; any other value as it is."""
    if not isinstance(value, str) or len(value) > MAX_DIGITS or not NUMBER.fullmatch(value):
        return value
    if value.lstrip("+-").isdigit():
        number = int(value)  # the store reads longer ones itself, and programs cannot hold them
        return number if INTEGER_MIN <= number <= INTEGER_MAX else value
    fraction = float(value)
    return fraction if math.isfinite(fraction) else value


def _boolean(value: Json, key: str, *, is_change: bool) -> Json:
    word = str(value).lower()
    if isinstance(value, bool) or word in ("true", "false"):
        return word == "true"
    if value is None or (word not in TRUE | FALSE and not is_change):
        return value
    if is_change:
        raise QueryNotUnderstoodError(f"{key[:80]} takes true or false, not {str(value)[:40]!r}")
    return word in TRUE


def _texts(value: Json) -> Json:
    return _each(value, _text)


def _text(value: Json) -> Json:
    is_scalar = isinstance(value, int | float)
    return json.dumps(value) if is_scalar else value

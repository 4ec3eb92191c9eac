"""The record fields that the arguments of a store call name: criteria, sort keys, groups. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from larst.domain import AND, CRITERIA_OPERATORS, LINKED, NOT

_POSITIONAL = {"search": ("criteria",), "count": ("criteria",), "aggregate": ("op", "field", "by")}
"""The names of positional arguments, by method."""

_NOT_FIELDS = frozenset({"", "id", "*", AND, LINKED, NOT})
"""`id` is a field of every record; the other names are operators of criteria."""


def fields_in_call(
    call: ast.Call, method: str, constants_of: Callable[[ast.expr], frozenset[str]]
) -> Iterator[str]:
    """Return the fields that a call of `store.<method>` names.

    `constants_of` returns the string constants that an expression may evaluate to.
    """
    arguments = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    arguments |= dict(zip(_POSITIONAL.get(method, ()), call.args, strict=False))
    names = [*_dict_keys(arguments.get("criteria"))]
    for argument in ("sort", "field", "by"):
        if (expression := arguments.get(argument)) is not None:
            names += [part for text in constants_of(expression) for part in text.split(",")]
    return (field for field in map(field_of_criterion, names) if is_field(field))


def is_field(name: str) -> bool:
    """Return whether the name is that of a field that records may lack."""
    return name not in _NOT_FIELDS


def field_of_criterion(criterion: str) -> str:
    """Return the top-level field of a criterion or a sort key.

    >>> field_of_criterion("address.city__gte"), field_of_criterion("-price")
    ('address', 'price')
    """
    text = criterion.strip().removeprefix("-")
    name, _, operator = text.rpartition("__")
    field = name if operator in CRITERIA_OPERATORS and name else text
    return field.partition(".")[0]


def _dict_keys(node: ast.expr | None) -> Iterator[str]:
    """Return the keys of all dict displays in the expression, including nested ones."""
    if node is None:
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            for key in inner.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value

"""The words of the total form: functions, methods, operators and types of bounded cost. Data."""

from __future__ import annotations

import ast
from collections.abc import Mapping

BUILTINS: Mapping[str, tuple[int, int, frozenset[str]]] = {
    "len": (1, 1, frozenset()),
    "str": (1, 1, frozenset()),
    "int": (1, 1, frozenset()),
    "float": (1, 1, frozenset()),
    "bool": (1, 1, frozenset()),
    "abs": (1, 1, frozenset()),
    "round": (1, 2, frozenset()),
    "min": (1, 16, frozenset({"default"})),
    "max": (1, 16, frozenset({"default"})),
    "sum": (1, 1, frozenset()),
    "sorted": (1, 1, frozenset({"reverse"})),
    "any": (1, 1, frozenset()),
    "all": (1, 1, frozenset()),
}
"""Built-in functions of bounded cost: the least and most arguments, and the options."""

VIEWS: Mapping[str, tuple[int, int]] = {
    "enumerate": (1, 2),
    "reversed": (1, 1),
    "zip": (1, 8),
    "range": (1, 3),
}
"""Built-in functions whose result can only be looped over, or made a list."""

METHODS: Mapping[str, tuple[int, int]] = {
    "append": (1, 1),
    "capitalize": (0, 0),
    "copy": (0, 0),
    "count": (1, 1),
    "endswith": (1, 1),
    "extend": (1, 1),
    "get": (1, 2),
    "index": (1, 1),
    "insert": (2, 2),
    "isdigit": (0, 0),
    "join": (1, 1),
    "lower": (0, 0),
    "lstrip": (0, 1),
    "pop": (0, 2),
    "replace": (2, 2),
    "rstrip": (0, 1),
    "setdefault": (2, 2),
    "split": (0, 2),
    "startswith": (1, 1),
    "strip": (0, 1),
    "title": (0, 0),
    "update": (1, 1),
    "upper": (0, 0),
}
"""Methods of strings, lists and dicts, with the least and most arguments."""

TYPES = frozenset({"str", "int", "float", "bool", "list", "dict", "tuple"})
DICT_VIEWS = frozenset({"items", "keys", "values"})
OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
UNARY: Mapping[type[ast.unaryop], str] = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
LOOPING = frozenset({"min", "max", "sum", "sorted", "any", "all"})
"""Functions that loop over their only argument, which may be a view or a generator."""


class NotTotalError(Exception):
    """A construct that the total form does not have."""

    def __init__(self, node: ast.AST, reason: str) -> None:
        super().__init__(reason)
        self.line: int = getattr(node, "lineno", 0)
        self.reason = reason


def check_count(
    node: ast.AST, name: str, arguments: list[ast.expr], bounds: tuple[int, int]
) -> None:
    """Refuse a call with hidden arguments, or with too few or too many."""
    least, most = bounds
    is_hidden = any(isinstance(item, ast.Starred) for item in arguments)
    if is_hidden or not least <= len(arguments) <= most:
        raise NotTotalError(node, f"these arguments of {name}() need the interpreter")

"""Translates the expressions of a program into the total form. Pure."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from larst.domain import total
from larst.policy.total_calls import call
from larst.policy.total_words import (
    COMPARISONS,
    DICT_VIEWS,
    OPERATORS,
    UNARY,
    VIEWS,
    NotTotalError,
    check_count,
)


class Translator:
    """Translates expressions; gives each variable a place, and each comprehension a scope.

    `names` are the variables of the program, and `stores` those of them that only ever hold the
    store of a resource.
    """

    def __init__(self, stores: Set[str], names: Set[str]) -> None:
        self.stores = stores
        self.size = 0
        self.scope = {name: self._new_place() for name in sorted(names)}

    def place(self, name: str) -> int:
        """Return the place of a variable."""
        return self.scope[name]

    def target(self, node: ast.expr) -> total.Target:
        """Return the places that an assignment or a loop fills."""
        match node:
            case ast.Name(id=name) if name not in self.stores:
                return self.place(name)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tuple(self.target(item) for item in items)
        raise NotTotalError(node, "this assignment needs the interpreter")

    def operator(self, node: ast.AST, operator: ast.operator) -> str:
        """Return the symbol of an arithmetic operator."""
        symbol = OPERATORS.get(type(operator))
        if symbol is None:
            raise NotTotalError(node, f"{type(operator).__name__} can make a value of any size")
        return symbol

    def expression(self, node: ast.expr) -> total.Expression:
        """Return the form of an expression."""
        translate = _BY_NODE.get(type(node))
        if translate is None:
            raise NotTotalError(node, f"{type(node).__name__} needs the interpreter")
        return translate(self, node)

    def iterated(self, node: ast.expr) -> total.Iterated:
        """Return what a loop runs over."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in VIEWS:
                check_count(node, name, arguments, VIEWS[name])
                return total.Iterated(name, tuple(map(self.expression, arguments)))
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=[], keywords=[]) if (
                name in DICT_VIEWS
            ):
                return total.Iterated(name, (self.expression(value),))
        return total.Iterated("", (self.expression(node),))

    def resource(self, node: ast.expr) -> total.Receiver:
        """Return the store that `session_store.resource(…)` is."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="session_store"), attr="resource"),
                args=[name],
                keywords=[],
            ):
                return total.ResourceOf(self.expression(name))
        raise NotTotalError(node, "this way to get a resource needs the interpreter")

    def items(self, node: ast.expr) -> total.Iterated:
        """Return what a function loops over, which may be a generator."""
        if isinstance(node, ast.GeneratorExp):
            return total.Iterated("", (self.comprehension(node.elt, node.generators),))
        return self.iterated(node)

    def listed(self, node: ast.expr) -> total.Expression:
        """Return an argument that a function loops over once."""
        items = self.items(node)
        return items.arguments[0] if not items.view else total.Sequence((total.Spread(items),))

    def _new_place(self) -> int:
        self.size += 1
        return self.size - 1

    def _optional(self, node: ast.expr | None) -> total.Expression | None:
        return None if node is None else self.expression(node)

    def expressions(self, nodes: Iterable[ast.expr]) -> tuple[total.Expression, ...]:
        """Return the forms of several expressions."""
        return tuple(map(self.expression, nodes))

    def _constant(self, node: ast.Constant) -> total.Expression:
        value = node.value
        # A literal can have thousands of digits, and each operation on it takes long.
        is_long = isinstance(value, int) and not -(2**63) <= value < 2**63
        if is_long or (isinstance(value, float) and not math.isfinite(value)):
            raise NotTotalError(node, "a number of more than 64 bits needs the interpreter")
        if value is None or isinstance(value, str | int | float):
            return total.Constant(value)
        raise NotTotalError(node, f"{type(value).__name__} needs the interpreter")

    def _sequence(self, node: ast.List | ast.Tuple) -> total.Expression:
        return total.Sequence(
            tuple(map(self._element, node.elts)), is_tuple=isinstance(node, ast.Tuple)
        )

    def _dict(self, node: ast.Dict) -> total.Expression:
        entries = zip(node.keys, node.values, strict=True)
        return total.Mapped(
            tuple((self._optional(key), self.expression(value)) for key, value in entries)
        )

    def _joined(self, node: ast.JoinedStr) -> total.Expression:
        return total.Text(tuple(map(self._text_part, node.values)))

    def _unary(self, node: ast.UnaryOp) -> total.Expression:
        symbol = UNARY.get(type(node.op))
        if symbol is None:
            raise NotTotalError(node, f"{type(node.op).__name__} needs the interpreter")
        return total.Unary(symbol, self.expression(node.operand))

    def _binary(self, node: ast.BinOp) -> total.Expression:
        symbol = self.operator(node, node.op)
        return total.Binary(symbol, self.expression(node.left), self.expression(node.right))

    def _logic(self, node: ast.BoolOp) -> total.Expression:
        return total.Logic(isinstance(node.op, ast.And), self.expressions(node.values))

    def _choice(self, node: ast.IfExp) -> total.Expression:
        return total.Choice(*self.expressions((node.test, node.body, node.orelse)))

    def _subscript(self, node: ast.Subscript) -> total.Expression:
        if not isinstance(node.slice, ast.Slice):
            return total.Item(self.expression(node.value), self.expression(node.slice))
        part = node.slice
        if part.step is not None:
            raise NotTotalError(node, "a slice with a step needs the interpreter")
        bounds = self._optional(part.lower), self._optional(part.upper)
        return total.Part(self.expression(node.value), *bounds)

    def _name(self, node: ast.Name) -> total.Expression:
        name = node.id
        if name in self.stores or name in ("store", "session_store"):
            raise NotTotalError(node, f"{name} is used as a value")
        if name in self.scope:
            return total.Load(self.scope[name])
        raise NotTotalError(node, f"{name} needs the interpreter")

    def _element(self, node: ast.expr) -> total.Expression | total.Spread:
        if isinstance(node, ast.Starred):
            return total.Spread(self.iterated(node.value))
        return self.expression(node)

    def _text_part(self, node: ast.expr) -> total.Expression:
        match node:
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.expression(value)
            case ast.Constant():
                return self.expression(node)
        raise NotTotalError(node, "a format in an f-string needs the interpreter")

    def _comparison(self, node: ast.Compare) -> total.Expression:
        chain: list[tuple[str, total.Expression]] = []
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            symbol = COMPARISONS[type(operator)]
            if symbol in ("is", "is not") and not _is_singleton(operand):
                raise NotTotalError(operand, "`is` with this operand needs the interpreter")
            chain.append((symbol, self.expression(operand)))
        return total.Comparison(self.expression(node.left), tuple(chain))

    def _listed_loops(self, node: ast.ListComp) -> total.Expression:
        return self.comprehension(node.elt, node.generators)

    def _mapped_loops(self, node: ast.DictComp) -> total.Expression:
        return self.comprehension(node.value, node.generators, node.key)

    def comprehension(
        self, element: ast.expr, loops: list[ast.comprehension], key: ast.expr | None = None
    ) -> total.Comprehension:
        """Return the form of a comprehension or a generator, in a scope of its own."""
        outer = self.scope
        forms: list[total.Loop] = []
        for loop in loops:
            items = self.iterated(loop.iter)
            # Each loop has variables of its own, which hide those of the same name outside.
            names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            self.scope = {**self.scope, **{name: self._new_place() for name in sorted(names)}}
            target = self.target(loop.target)
            forms.append(total.Loop(target, items, tuple(map(self.expression, loop.ifs))))
        key_form = None if key is None else self.expression(key)
        form = total.Comprehension(self.expression(element), tuple(forms), key_form)
        self.scope = outer
        return form


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


_BY_NODE: Mapping[type[ast.expr], Callable[[Translator, Any], total.Expression]] = {
    ast.BinOp: Translator._binary,
    ast.BoolOp: Translator._logic,
    ast.Call: lambda translator, node: call(node, translator),
    ast.Compare: Translator._comparison,
    ast.Constant: Translator._constant,
    ast.Dict: Translator._dict,
    ast.DictComp: Translator._mapped_loops,
    ast.IfExp: Translator._choice,
    ast.JoinedStr: Translator._joined,
    ast.List: Translator._sequence,
    ast.ListComp: Translator._listed_loops,
    ast.Name: Translator._name,
    ast.Subscript: Translator._subscript,
    ast.Tuple: Translator._sequence,
    ast.UnaryOp: Translator._unary,
}
"""The translation of each kind of expression; all others need the interpreter."""

"""Translates a program into the total form, or says which line needs the sandbox. Pure.

A program is total if it has no `while`, calls only functions whose cost is bounded by their
arguments, and loops only over values that it has. How much it may do and build is a budget of the
run; that it ends at all is decided here. Must never accept a construct that it does not know.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from larst.domain import total
from larst.policy.names import assigned_names, resource_names
from larst.policy.total_expressions import Translator
from larst.policy.total_words import NotTotalError

_MESSAGES: Mapping[type[ast.stmt], str] = {
    ast.While: "a while loop may not end",
    ast.Raise: "raise needs the interpreter",
}


def translate(tree: ast.Module) -> total.TotalProgram | total.NotTotal:
    """Return the program in the total form, or why it has none.

    The policy has accepted the program.

        >>> import ast
        >>> translate(ast.parse("while True: pass"))
        NotTotal(line=1, reason='a while loop may not end')
    """
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = assigned_names(tree) | (used & {"ctx", "plan"})
    translator = Translator(resource_names(tree), names)
    try:
        body = _block(tree.body, translator)
    except NotTotalError as error:
        return total.NotTotal(error.line, error.reason)
    places = translator.scope
    return total.TotalProgram(
        body,
        places=translator.size,
        ctx=places.get("ctx"),
        plan=places.get("plan"),
        reply=places["REPLY"],
    )


def _block(statements: list[ast.stmt], translator: Translator) -> total.Block:
    return tuple(form for node in statements for form in _statement(node, translator))


def _statement(node: ast.stmt, translator: Translator) -> list[total.Statement]:
    translate_statement = _BY_NODE.get(type(node))
    if translate_statement is None:
        reason = _MESSAGES.get(type(node), f"{type(node).__name__} needs the interpreter")
        raise NotTotalError(node, reason)
    return translate_statement(node, translator)


def _assign(node: ast.Assign, translator: Translator) -> list[total.Statement]:
    return _assignment(node.targets, node.value, translator)


def _annotated(node: ast.AnnAssign, translator: Translator) -> list[total.Statement]:
    if node.value is None or not isinstance(node.target, ast.Name):
        raise NotTotalError(node, "this annotation needs the interpreter")
    return _assignment([node.target], node.value, translator)


def _evaluate(node: ast.Expr, translator: Translator) -> list[total.Statement]:
    return [total.Evaluate(translator.expression(node.value))]


def _if(node: ast.If, translator: Translator) -> list[total.Statement]:
    test = translator.expression(node.test)
    return [total.If(test, _block(node.body, translator), _block(node.orelse, translator))]


def _for(node: ast.For, translator: Translator) -> list[total.Statement]:
    items, target = translator.iterated(node.iter), translator.target(node.target)
    body, other = _block(node.body, translator), _block(node.orelse, translator)
    return [total.For(target, items, body, other)]


def _assignment(
    targets: list[ast.expr], value: ast.expr, translator: Translator
) -> list[total.Statement]:
    first, *others = targets
    if isinstance(first, ast.Name) and first.id in translator.stores:
        return [total.AssignStore(translator.place(first.id), translator.resource(value))]
    form = translator.expression(value)
    if isinstance(first, ast.Subscript) and not others:
        return [_set_item(first, form, translator)]
    statements: list[total.Statement] = [total.Assign(translator.target(first), form)]
    for target in others:
        if not (isinstance(target, ast.Name) and isinstance(first, ast.Name)):
            raise NotTotalError(target, "a chain of assignments needs the interpreter")
        source = total.Load(translator.place(first.id))
        statements.append(total.Assign(translator.target(target), source))
    return statements


def _set_item(
    target: ast.Subscript, value: total.Expression, translator: Translator
) -> total.SetItem:
    if isinstance(target.slice, ast.Slice):
        raise NotTotalError(target, "assigning a slice needs the interpreter")
    container, key = translator.expression(target.value), translator.expression(target.slice)
    return total.SetItem(container, key, value)


def _augmented(node: ast.AugAssign, translator: Translator) -> list[total.Statement]:
    target, symbol = node.target, translator.operator(node, node.op)
    symbol = "+=" if symbol == "+" else symbol  # it extends a list in place
    operand = translator.expression(node.value)
    if isinstance(target, ast.Name):
        place = translator.target(target)
        if not isinstance(place, int):
            raise NotTotalError(target, "this assignment needs the interpreter")
        return [total.Assign(place, total.Binary(symbol, total.Load(place), operand))]
    if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
        container, key = translator.expression(target.value), translator.expression(target.slice)
        simple = (total.Load, total.Constant)
        if isinstance(container, simple) and isinstance(key, simple):
            current = total.Item(container, key)
            return [total.SetItem(container, key, total.Binary(symbol, current, operand))]
    raise NotTotalError(target, "this assignment needs the interpreter")


_BY_NODE: Mapping[type[ast.stmt], Callable[[Any, Translator], list[total.Statement]]] = {
    ast.AnnAssign: _annotated,
    ast.Assign: _assign,
    ast.AugAssign: _augmented,
    ast.Break: lambda _node, _translator: [total.Break()],
    ast.Continue: lambda _node, _translator: [total.Continue()],
    ast.Expr: _evaluate,
    ast.For: _for,
    ast.If: _if,
    ast.Pass: lambda _node, _translator: [],
}
"""The translation of each kind of statement."""

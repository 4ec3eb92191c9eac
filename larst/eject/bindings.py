"""The variables that a program assigns, and the declarations that their types need. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Yield the variables that statements and `:=` bind; comprehensions have their own scopes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension):
            continue
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.NamedExpr | ast.For):
            targets = [node.target]
        for target in targets:
            names = (node for node in ast.walk(target) if isinstance(node, ast.Name))
            yield from (name.id for name in names if isinstance(name.ctx, ast.Store))


def target_of(statement: ast.stmt) -> str:
    """Return the only variable that a statement assigns; "" if it is another statement."""
    match statement:
        case ast.Assign(targets=[ast.Name(name)]):
            return name
    return ""


def declared(
    statements: Sequence[ast.stmt], assigned: Mapping[str, int], tree: ast.Module
) -> list[ast.stmt]:
    """Return the statements with declarations of the variables that need a type.

    A variable needs one if it may hold values of several types, or begins as an empty container.
    """
    pending, bare = _untyped(assigned, tree), set[str]()
    result: list[ast.stmt] = []
    for statement in statements:
        name = target_of(statement)
        bare |= pending & _names_in(statement) - {name}
        pending -= bare
        if name in pending and isinstance(statement, ast.Assign):
            annotation = _annotation(statement.value) if assigned[name] == 1 else "Any"
            target, kind = ast.Name(name, ast.Store()), ast.Name(annotation, ast.Load())
            result.append(ast.AnnAssign(target, kind, statement.value, 1))
            pending.discard(name)
        else:
            result.append(statement)
    undeclared = [
        ast.AnnAssign(ast.Name(name, ast.Store()), ast.Name("Any", ast.Load()), None, 1)
        for name in sorted(bare)
    ]
    return [*undeclared, *result]


def _untyped(assigned: Mapping[str, int], tree: ast.Module) -> set[str]:
    tested = {
        node.left.id if isinstance(node, ast.Compare) else node.operand.id  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if (isinstance(node, ast.Compare) and isinstance(node.left, ast.Name))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name))
    }
    untyped = {name for name, count in assigned.items() if count > 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            name = target_of(node)
            if _is_empty(node.value) or (_may_be_none(node.value) and name not in tested):
                untyped.add(name)
    return untyped - {"REPLY", ""}


def _names_in(statement: ast.stmt) -> set[str]:
    return set(bound_names(statement))


def _may_be_none(value: ast.expr) -> bool:
    """Return whether a value is a record that may be missing."""
    match value:
        case ast.Call(func=ast.Attribute(attr="get" | "update" | "replace"), args=[_, *_]):
            return True
        case ast.ListComp(elt=elt):
            return _may_be_none(elt)
    return False


def _annotation(value: ast.expr) -> str:
    match value:
        case ast.List() | ast.ListComp():
            return "list[Any]"
        case ast.Dict():
            return "dict[Any, Any]"
    return "Any"


def _is_empty(value: ast.expr) -> bool:
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]) | ast.Constant(None):
            return True
        case ast.Call(func=ast.Name("list" | "dict" | "set"), args=[]):
            return True
    return False

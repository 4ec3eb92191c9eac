"""Programs that return: functions and `return` statements as programs that assign REPLY. Pure."""

from __future__ import annotations

import ast
from collections.abc import Sequence

_GIVEN = frozenset({"ctx", "plan", "store", "session_store", "make_response", "request", "context"})
_MAX_STATEMENTS = 500


class TooComplexError(ValueError):
    """A return inside a loop, or in too many places: it has no simple equivalent."""


def has_return(node: ast.AST) -> bool:
    """Return whether a statement contains a `return` that is not in a function of its own."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return isinstance(node, ast.Return) or any(map(has_return, ast.iter_child_nodes(node)))


def returns_to_replies(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements with `REPLY = x` in place of `return x`.

    What follows an `if` that returns goes into its other branch, so that it does not run after it.

    Raises:
        TooComplexError: a loop returns.
    """
    result: list[ast.stmt] = []
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.Return):
            value = statement.value or ast.Constant(None)
            return [*result, ast.Assign([ast.Name("REPLY", ast.Store())], value, lineno=1)]
        if not has_return(statement):
            result.append(statement)
            continue
        if not isinstance(statement, ast.If):
            raise TooComplexError
        following = list(statements[index + 1 :])
        return [*result, _branches(statement, following)]
    return result


def _branches(statement: ast.If, following: list[ast.stmt]) -> ast.If:
    """Return an `if` whose branches end the program; only one of them needs `following`."""
    body_ends, else_ends = _always_returns(statement.body), _always_returns(statement.orelse)
    if not following:
        body, orelse = statement.body, statement.orelse
    elif body_ends:
        body, orelse = statement.body, [*statement.orelse, *following]
    elif else_ends:
        body, orelse = [*statement.body, *following], statement.orelse
    else:
        raise TooComplexError
    return ast.If(statement.test, returns_to_replies(body), returns_to_replies(orelse))


def _always_returns(statements: Sequence[ast.stmt]) -> bool:
    for statement in statements:
        if isinstance(statement, ast.Return):
            return True
        if (
            isinstance(statement, ast.If)
            and _always_returns(statement.body)
            and _always_returns(statement.orelse)
        ):
            return True
    return False


def inlined_function(tree: ast.Module) -> list[ast.stmt] | None:
    """Return the body of the only function, if the program is that function and a call of it.

    Raises:
        TooComplexError: a loop of the function returns.
    """
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef)]
    if len(functions) != 1 or len(list(ast.walk(tree))) > 10 * _MAX_STATEMENTS:
        return None
    function = functions[0]
    other_statements = [
        item for item in tree.body if item is not function and not _is_docstring(item)
    ]
    parameters = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    # Only the caller knows the value of any other parameter.
    if parameters & used - _GIVEN or {"request", "context"} & parameters & used:
        return None
    if (
        function.decorator_list
        or function.name in used
        or not all(_is_call_of(item, function.name) for item in other_statements)
    ):
        return None
    body = [item for item in function.body if not _is_docstring(item)]
    if not any(map(has_return, body)):
        return None
    return returns_to_replies(body)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_call_of(statement: ast.stmt, name: str) -> bool:
    """Return whether a statement is `handler(…)`, `REPLY = handler(…)` or `return handler(…)`."""
    value = getattr(statement, "value", None)
    if isinstance(statement, ast.Assign) and not (
        len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "REPLY"
    ):
        return False
    return (
        isinstance(statement, ast.Expr | ast.Assign | ast.Return)
        and isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == name
    )

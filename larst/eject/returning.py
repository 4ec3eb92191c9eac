"""Puts `return` and `raise` in the place of a program's assignments to REPLY. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from larst.eject.bindings import bound_names, target_of
from larst.eject.replies import reply_of, reply_parts


def returning(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements with `return` and `raise` in place of assignments to REPLY."""
    if not _ends_with_reply(statements):
        replies = _assignments(statements)
        final = ast.parse("return respond(*reply)").body
        return [*replies, *final]
    return list(_in_tail(statements))


def _ends_with_reply(statements: Sequence[ast.stmt]) -> bool:
    """Return whether REPLY is assigned by the last statement of every branch, and only there."""
    if not statements:
        return False
    *before, last = statements
    if any(_assigns_reply(statement) for statement in before):
        return False
    match last:
        case ast.Assign(targets=[ast.Name("REPLY")]):
            return True
        case ast.If():
            return _ends_with_reply(last.body) and _ends_with_reply(last.orelse)
    return False


def _assigns_reply(statement: ast.stmt) -> bool:
    return "REPLY" in bound_names(statement)


def _in_tail(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    *before, last = statements
    yield from before
    if isinstance(last, ast.If):
        yield ast.If(last.test, list(_in_tail(last.body)), [])
        yield from _in_tail(last.orelse)
    elif isinstance(last, ast.Assign):
        yield from reply_of(last.value)


class _Pending(ast.NodeTransformer):
    """Assigns the parts of a reply to `reply` instead."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        if target_of(node) != "REPLY":
            return node
        return ast.Assign([ast.Name("reply", ast.Store())], reply_parts(node.value))


def _assignments(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    declaration = ast.parse("reply: Any").body
    return [*declaration, *(_Pending().visit(statement) for statement in statements)]

"""The reply of a program as `return` or `raise`. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_FIRST_ERROR = 400


class UntranslatableError(Exception):
    """A program uses something that the project does not have; the text names it."""


def reply_of(value: ast.expr) -> Iterator[ast.stmt]:
    """Yield the statements that end a function with a reply."""
    match value:
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.If(test, list(reply_of(body)), [])
            yield from reply_of(orelse)
        case ast.Call(func=ast.Name("make_response")):
            yield _ending(*_parts(value))
        case _:
            raise UntranslatableError("its reply is not made by make_response alone")


def _parts(call: ast.Call) -> tuple[ast.expr, ast.expr | None, ast.expr | None]:
    names = dict(zip(("status", "body", "headers"), call.args, strict=False))
    names |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return names["status"], names.get("body"), names.get("headers")


def _ending(status: ast.expr, body: ast.expr | None, headers: ast.expr | None) -> ast.stmt:
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        if status.value >= _FIRST_ERROR and headers is None:
            return ast.Raise(_error(status, body))
        if status.value == 200 and headers is None and not _is_nothing(body):
            return ast.Return(body)
    arguments = [status]
    if body is not None or headers is not None:
        arguments.append(body or ast.Constant(None))
    if headers is not None:
        arguments.append(headers)
    return ast.Return(_call("respond", arguments))


def _error(status: ast.Constant, body: ast.expr | None) -> ast.expr:
    match body:
        case ast.Dict(keys=[ast.Constant("error")], values=[ast.Constant("not found")]) if (
            status.value == 404
        ):
            return _call("not_found", [])
        case ast.Dict(keys=[ast.Constant("error")], values=[ast.Constant(str()) as error]):
            return _call("ApiError", [status, error])
        case ast.Dict(
            keys=[ast.Constant("error"), ast.Constant("detail")],
            values=[ast.Constant(str()) as error, detail],
        ):
            return _call("ApiError", [status, error, detail])
    return _call("ApiError", [status, body or ast.Constant(None)])


def _is_nothing(body: ast.expr | None) -> bool:
    return body is None or (isinstance(body, ast.Constant) and body.value is None)


def reply_parts(value: ast.expr) -> ast.expr:
    """Return status, body and headers of a reply as a tuple, for a reply that may still change."""
    match value:
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(test, reply_parts(body), reply_parts(orelse))
        case ast.Call(func=ast.Name("make_response")):
            parts = [part or ast.Constant(None) for part in _parts(value)]
            return ast.Tuple(parts, ast.Load())
    raise UntranslatableError("its reply is not made by make_response alone")


def _call(name: str, arguments: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])

"""Replies without a status, or with status and body in the other order. Pure."""

from __future__ import annotations

import ast

_REPLY_KEYS = frozenset({"status", "body", "headers"})
_DATA = ast.List | ast.ListComp | ast.DictComp | ast.JoinedStr | ast.BinOp | ast.Compare
_VALUE_FUNCTIONS = frozenset({"len", "sum", "sorted", "list", "round", "min", "max", "dict"})
_VALUE_METHODS = frozenset({"search", "count", "aggregate"})


def replies_assigned(tree: ast.Module) -> ast.Module | None:
    """Return the program with complete replies, or None if they are complete."""
    rewriter = _Replies(_values(tree))
    changed: ast.Module = rewriter.visit(tree)
    return changed if rewriter.has_changed else None


def _values(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the value of each name that is assigned once."""
    values: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            values.setdefault(node.id, []).append(None)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    # Each assignment adds its name and its value.
    return {
        name: found[-1] or found[0]  # type: ignore[misc] # one of the two is the value
        for name, found in values.items()
        if len(found) == 2 and any(found)
    }


class _Replies(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.has_changed = False
        self._values = values

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "REPLY":
            node.value = self._reply(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Put the status of `make_response` first."""
        self.generic_visit(node)
        is_response = isinstance(node.func, ast.Name) and node.func.id == "make_response"
        if not is_response or not node.args or node.keywords:
            return node
        if len(node.args) >= 2 and _is_status(node.args[1]) and not _may_be_status(node.args[0]):
            node.args[0], node.args[1] = node.args[1], node.args[0]
            self.has_changed = True
        elif len(node.args) == 1 and self._is_data(node.args[0]):
            node.args.insert(0, ast.Constant(200))
            self.has_changed = True
        return node

    def _reply(self, value: ast.expr) -> ast.expr:
        match value:
            case ast.IfExp(test, body, orelse):
                return ast.IfExp(test, self._reply(body), self._reply(orelse))
            case ast.Tuple([body, status]) if _is_status(status):
                return self._response(status, body)
            case ast.Tuple([status, body]) if _is_status(status):
                return self._response(status, body)
        return self._response(ast.Constant(200), value) if self._is_data(value) else value

    def _response(self, status: ast.expr, body: ast.expr) -> ast.expr:
        self.has_changed = True
        return ast.Call(ast.Name("make_response", ast.Load()), [status, body], [])

    def _is_data(self, value: ast.expr) -> bool:
        """Return whether an expression is certainly a body, not a reply and not a missing one."""
        match value:
            case ast.Name(id=name) if name in self._values:
                return not isinstance(self._values[name], ast.Name) and self._is_data(
                    self._values[name]
                )
            case ast.Dict(keys=keys):
                return not _is_reply(keys)
            case ast.Constant(value=constant):
                return isinstance(constant, str)
            case ast.Call(func=ast.Name(id=name)):
                return name in _VALUE_FUNCTIONS
            case ast.Call(func=ast.Attribute(attr=name)):
                return name in _VALUE_METHODS
        return isinstance(value, _DATA)


def _is_reply(keys: list[ast.expr | None]) -> bool:
    """Return whether a dict with these keys may be a reply: it has a status, and only its keys."""
    names = {key.value for key in keys if isinstance(key, ast.Constant)}
    return len(names) < len(keys) or (names <= _REPLY_KEYS and bool(names))


def _is_status(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Constant) and type(value.value) is int and 200 <= value.value <= 599
    )


def _may_be_status(value: ast.expr) -> bool:
    """Return whether an expression may be a status, so that the order may be right."""
    if isinstance(value, ast.Name):
        return "status" in value.id.lower() or "code" in value.id.lower()
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return not (is_text or isinstance(value, ast.Dict | ast.List | ast.ListComp))

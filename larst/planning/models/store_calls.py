"""Slips in the use of stores and records: keywords for fields, attributes for keys. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from larst.domain import STORE_METHODS
from larst.planning.models.rewriter import Rewriter

_CONTEXT_KEYS = frozenset(
    "method path segments query headers body_json body_text client session request_id".split()
)
_PLAN_KEYS = frozenset(
    "identifier parents criteria payload limit offset sort select exclude embed".split()
)
_DICT_METHODS = frozenset(dir(dict))
_PAGING = frozenset({"limit", "offset", "sort"})
_NOT_RESOURCES = frozenset({"resource", "names"})


def take_items(tree: ast.Module) -> ast.Module | None:
    """Take the records of `store.list()`, where it is used as if it returned no total."""
    return _Items(tree).apply(tree)


def name_resources(tree: ast.Module) -> ast.Module | None:
    """Make `session_store.resource("users")` of `session_store.users` and `["users"]`."""
    return _Resources().apply(tree)


def index_keys(tree: ast.Module) -> ast.Module | None:
    """Make `plan["payload"]` of `plan.payload`, and the same of `ctx` and of records."""
    return _Keys(_record_names(tree)).apply(tree)


def pass_keywords_as_dict(tree: ast.Module) -> ast.Module | None:
    """Make one dict of `store.update(id, status="open")` and `store.search(status="open")`."""
    return _StoreCalls().apply(tree)


class _StoreCalls(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, ast.Attribute) or function.attr not in STORE_METHODS:
            return node
        fields = [word for word in node.keywords if _is_field(word.arg, function.attr)]
        unpacked = [word for word in node.keywords if word.arg is None]
        positions = len(node.args)
        expected = _DICT_POSITIONS.get(function.attr)
        if expected is None or positions != expected or not (fields or unpacked):
            return node
        self.has_changed = True
        record = ast.Dict(
            [
                None if word.arg is None else ast.Constant(word.arg)
                for word in node.keywords
                if word in fields or word in unpacked
            ],
            [word.value for word in node.keywords if word in fields or word in unpacked],
        )
        node.args.append(record)
        node.keywords = [
            word for word in node.keywords if word not in fields and word not in unpacked
        ]
        return node


_DICT_POSITIONS = {"insert": 0, "search": 0, "count": 0, "update": 1, "replace": 1}
"""The position of the argument that is a dict of fields."""


def _is_field(name: str | None, method: str) -> bool:
    if name is None or name in ("criteria", "changes", "record", "obj", "id", "identifier"):
        return False
    return method in ("insert", "update", "replace") or name not in _PAGING


class _Keys(Rewriter):
    def __init__(self, records: frozenset[str]) -> None:
        super().__init__()
        self._records = records

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        keys = {"plan": _PLAN_KEYS, "ctx": _CONTEXT_KEYS}
        if not isinstance(node.value, ast.Name):
            return node
        name = node.value.id
        is_field = name in self._records and node.attr not in _DICT_METHODS
        if is_field or node.attr in keys.get(name, ()):
            self.has_changed = True
            return ast.Subscript(node.value, ast.Constant(node.attr), node.ctx)
        return node


class _Resources(Rewriter):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        name = node.attr
        is_resource = name not in STORE_METHODS and name not in _NOT_RESOURCES
        return self._resource(node, name) if is_resource and not name.startswith("_") else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        key = node.slice
        is_name = isinstance(key, ast.Constant) and isinstance(key.value, str)
        return self._resource(node, key.value) if is_name else node  # type: ignore[attr-defined] # is_name

    def _resource(self, node: ast.Attribute | ast.Subscript, name: str) -> ast.expr:
        if not isinstance(node.value, ast.Name) or node.value.id != "session_store":
            return node
        self.has_changed = True
        resource = ast.Attribute(node.value, "resource", ast.Load())
        return ast.Call(resource, [ast.Constant(name)], [])


class _Items(Rewriter):
    """Adds `[0]` to `list()` of a store, where its result is used as a list of records."""

    def __init__(self, tree: ast.Module) -> None:
        super().__init__()
        self._pairs = _names_used_as_pairs(tree)

    def visit_For(self, node: ast.For) -> ast.stmt:
        node.iter = self._items(node.iter)
        self.generic_visit(node)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter = self._items(node.iter)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id not in self._pairs:
            node.value = self._items(node.value)
        self.generic_visit(node)
        return node

    def _items(self, value: ast.expr) -> ast.expr:
        is_list = (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr == "list"
            and _is_store(value.func.value)
        )
        if not is_list:
            return value
        self.has_changed = True
        return ast.Subscript(value, ast.Constant(0), ast.Load())


def _record_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that hold nothing but a record of a store."""
    holds: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            holds[name] = holds.get(name, True) and _is_record(node.value)
        elif isinstance(node, ast.For | ast.comprehension | ast.NamedExpr):
            targets = ast.walk(node.target)
            holds |= {part.id: False for part in targets if isinstance(part, ast.Name)}
    return frozenset(name for name, is_record in holds.items() if is_record)


def _is_record(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in ("get", "insert", "update", "replace")
        and _is_store(value.func.value)
    )


def _is_store(value: ast.expr) -> bool:
    if isinstance(value, ast.Name):
        return value.id == "store"
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "resource"
    )


def _names_used_as_pairs(tree: ast.Module) -> frozenset[str]:
    """Return the names that are unpacked or indexed by a number: they may hold `(items, total)`."""
    return frozenset(_pair_names(tree))


def _pair_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            if isinstance(node.slice, ast.Constant | ast.UnaryOp | ast.Slice):
                yield node.value.id
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            yield node.value.id

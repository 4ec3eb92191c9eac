"""Slips of models: small mistakes in programs, corrected without another call. Pure.

Each correction in `CORRECTIONS` rewrites one mistake that has one possible meaning. The policy
checks the result like any program. Must never change what a correct program does, and never guess
which record or field a program means.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from larst.domain import STORE_METHODS
from larst.planning.models.replies import replies_assigned
from larst.planning.models.returns import (
    TooComplexError,
    has_return,
    inlined_function,
    returns_to_replies,
)

NOTE = "# Corrected by LARST: "
"""Begins the first line of a corrected program; a person who reads the plan sees what changed."""

MAX_BYTES = 16 * 1024
"""Longer programs are refused anyway, and take long to parse."""

_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(?P<code>.*?)\n?```", re.DOTALL | re.IGNORECASE)
_MODULES = ("math", "re", "json", "datetime")
_CONTEXT_KEYS = frozenset(
    "method path segments query headers body_json body_text client session request_id".split()
)
_PLAN_KEYS = frozenset(
    "identifier parents criteria payload limit offset sort select exclude embed".split()
)
_PAGING = frozenset({"limit", "offset", "sort"})
_NOT_RESOURCES = frozenset({"resource", "names"})

Correction: TypeAlias = Callable[[ast.Module], ast.Module | None]
"""Returns the corrected program, or None if it does not have the mistake. May change its input."""


def corrected(block: str) -> tuple[str, tuple[str, ...]]:
    r"""Return the program without slips, and what was corrected; an unknown text is unchanged.

    >>> print(corrected("import math\nmake_response(200, math.pi)")[0])
    # Corrected by LARST: import removed; reply assigned
    REPLY = make_response(200, math.pi)
    """
    if len(block.encode(errors="replace")) > MAX_BYTES:
        return block, ()
    source, slips = _without_fence(block)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (source, slips) if slips else (block, ())
    for name, correct in CORRECTIONS:
        try:
            result = correct(tree)
        except TooComplexError:
            result = None
        if result is not None:
            tree, slips = result, (*slips, name)
    if not slips:
        return block, ()
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
    except (RecursionError, ValueError):
        return block, ()
    return f"{NOTE}{'; '.join(slips)}\n{text}", slips


def _without_fence(block: str) -> tuple[str, tuple[str, ...]]:
    """Return the only fenced code in the block, without the prose around it."""
    found = _FENCED.findall(block)
    return (found[0], ("code fence removed",)) if len(found) == 1 else (block, ())


def _remove_imports(tree: ast.Module) -> ast.Module | None:
    """Remove `import math` and `from datetime import date`: the modules are there already."""
    names: dict[str, ast.expr] = {}
    imports: list[ast.stmt] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        known = _imported_names(node)
        if known is None:
            return None
        names |= known
        imports.append(node)
    if not imports:
        return None
    tree = _Removed(imports).visit(tree)
    return _Renamed(names).visit(tree) if names else tree


def _imported_names(node: ast.Import | ast.ImportFrom) -> dict[str, ast.expr] | None:
    """Return the meaning of each name that an import binds; None if a module is unknown."""
    if isinstance(node, ast.Import):
        if any(alias.name not in _MODULES for alias in node.names):
            return None
        return {
            alias.asname: ast.Name(alias.name, ast.Load()) for alias in node.names if alias.asname
        }
    if node.module not in _MODULES or node.level or any(a.name == "*" for a in node.names):
        return None
    module = str(node.module)
    return {
        alias.asname or alias.name: ast.Attribute(
            ast.Name(module, ast.Load()), alias.name, ast.Load()
        )
        for alias in node.names
    }


def _inline_handler(tree: ast.Module) -> ast.Module | None:
    """Replace the only function, if it is the whole program, with its body."""
    body = inlined_function(tree)
    return None if body is None else ast.Module(body, [])


def _assign_returns(tree: ast.Module) -> ast.Module | None:
    """Make `return x` an assignment to REPLY, with the statements after it in an `else`."""
    if not any(has_return(statement) for statement in tree.body):
        return None
    return ast.Module(returns_to_replies(tree.body), [])


def _assign_expressions(tree: ast.Module) -> ast.Module | None:
    """Assign replies that the program makes without assigning them."""
    has_reply = "REPLY" in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return _Assigned(has_reply).apply(tree)


def _complete_replies(tree: ast.Module) -> ast.Module | None:
    """Make a reply of `REPLY = {"total": 5}`, `{…}, 404` and `make_response({…}, 404)`."""
    return replies_assigned(tree)


def _pass_keywords_as_dict(tree: ast.Module) -> ast.Module | None:
    """Make one dict of `store.update(id, status="open")` and `store.search(status="open")`."""
    return _StoreCalls().apply(tree)


def _index_keys(tree: ast.Module) -> ast.Module | None:
    """Make `plan["payload"]` of `plan.payload`, and the same of `ctx`."""
    return _Keys().apply(tree)


def _name_resources(tree: ast.Module) -> ast.Module | None:
    """Make `session_store.resource("users")` of `session_store.users` and `["users"]`."""
    return _Resources().apply(tree)


def _take_items(tree: ast.Module) -> ast.Module | None:
    """Take the records of `store.list()`, where it is used as if it returned no total."""
    return _Items(tree).apply(tree)


CORRECTIONS: Sequence[tuple[str, Correction]] = (
    ("import removed", _remove_imports),
    ("function replaced with its body", _inline_handler),
    ("return replaced with REPLY", _assign_returns),
    ("reply assigned", _assign_expressions),
    ("reply completed", _complete_replies),
    ("keywords passed as a dict", _pass_keywords_as_dict),
    ("keys in brackets", _index_keys),
    ("resource named", _name_resources),
    ("records taken from list()", _take_items),
)
"""Every correction, in the order in which they apply, by what a person reads of it."""


class _Rewriter(ast.NodeTransformer):
    """A transformer that knows whether it has changed anything."""

    def __init__(self) -> None:
        self.has_changed = False

    def apply(self, tree: ast.Module) -> ast.Module | None:
        changed: ast.Module = self.visit(tree)
        return changed if self.has_changed else None


class _Removed(ast.NodeTransformer):
    def __init__(self, statements: Sequence[ast.stmt]) -> None:
        self._statements = statements

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and any(item in self._statements for item in value):
                remaining = [item for item in value if item not in self._statements]
                setattr(
                    node, name, remaining or ([] if isinstance(node, ast.Module) else [ast.Pass()])
                )
        return super().generic_visit(node)


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.expr]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        # A name that the program assigns itself is no longer what was imported.
        return self._names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


class _Assigned(_Rewriter):
    """Assigns `make_response(…)` that stands alone; without any, the last expression."""

    def __init__(self, has_reply: bool) -> None:
        super().__init__()
        self._has_reply = has_reply

    def apply(self, tree: ast.Module) -> ast.Module | None:
        changed = super().apply(tree)
        if changed is not None or self._has_reply or not tree.body:
            return changed
        last = tree.body[-1]
        if isinstance(last, ast.Expr) and not _changes_records(last.value):
            tree.body[-1] = _reply(_printed(last.value))
            return tree
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if _is_call(_printed(node.value), "make_response"):
            self.has_changed = True
            return _reply(_printed(node.value))
        return node


class _StoreCalls(_Rewriter):
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


class _Keys(_Rewriter):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        keys = {"plan": _PLAN_KEYS, "ctx": _CONTEXT_KEYS}
        if isinstance(node.value, ast.Name) and node.attr in keys.get(node.value.id, ()):
            self.has_changed = True
            return ast.Subscript(node.value, ast.Constant(node.attr), node.ctx)
        return node


class _Resources(_Rewriter):
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


class _Items(_Rewriter):
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


def _printed(value: ast.expr) -> ast.expr:
    """Return the argument of `print(…)`, or the expression itself."""
    if _is_call(value, "print") and isinstance(value, ast.Call) and len(value.args) == 1:
        return value.args[0]
    return value


def _is_call(value: ast.expr, name: str) -> bool:
    return (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name
    )


def _changes_records(value: ast.expr) -> bool:
    """Return whether an expression is a call that a program makes for its effect."""
    return isinstance(value, ast.Call) and not (
        isinstance(value.func, ast.Name) or value.func.attr in ("search", "count", "aggregate")  # type: ignore[attr-defined] # a method
    )


def _reply(value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name("REPLY", ast.Store())], value, lineno=1)

"""Slips of models: small mistakes in programs, corrected without another call. Pure.

Each correction in `CORRECTIONS` rewrites one mistake that has one possible meaning. The policy
checks the result like any program. Must never change what a correct program does, and never guess
which record or field a program means.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from larst.planning.models.replies import replies_assigned
from larst.planning.models.returns import (
    TooComplexError,
    has_return,
    inlined_function,
    returns_to_replies,
)
from larst.planning.models.rewriter import Rewriter
from larst.planning.models.store_calls import (
    index_keys,
    name_resources,
    pass_keywords_as_dict,
    take_items,
)

NOTE = "# Corrected by LARST: "
"""Begins the first line of a corrected program; a person who reads the plan sees what changed."""

MAX_BYTES = 16 * 1024
"""Longer programs are refused anyway, and take long to parse."""

_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(?P<code>.*?)\n?```", re.DOTALL | re.IGNORECASE)
_MODULES = ("math", "re", "json", "datetime")
Correction: TypeAlias = Callable[[ast.Module], ast.Module | None]
"""Returns the corrected program, or None if it does not have the mistake. May change its input."""


def corrected(block: str) -> tuple[str, tuple[str, ...]]:
    r"""Return the program without slips, and the corrections; an unknown text is unchanged.

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
    blocks = _FENCED.findall(block)
    return (blocks[0], ("code fence removed",)) if len(blocks) == 1 else (block, ())


def _remove_imports(tree: ast.Module) -> ast.Module | None:
    """Remove `import math` and `from datetime import date`: the modules are there already."""
    names: dict[str, ast.expr] = {}
    imports: list[ast.stmt] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        imported_names = _imported_names(node)
        if imported_names is None:
            return None
        names |= imported_names
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


CORRECTIONS: Sequence[tuple[str, Correction]] = (
    ("import removed", _remove_imports),
    ("function replaced with its body", _inline_handler),
    ("return replaced with REPLY", _assign_returns),
    ("reply assigned", _assign_expressions),
    ("reply completed", _complete_replies),
    ("keywords passed as a dict", pass_keywords_as_dict),
    ("keys in brackets", index_keys),
    ("resource named", name_resources),
    ("records taken from list()", take_items),
)
"""Every correction, in the order in which they apply, by what a person reads of it."""


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
        # A name that the program assigns itself keeps its own meaning.
        return self._names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


class _Assigned(Rewriter):
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

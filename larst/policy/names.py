"""The policy on names: all of them exist, none is private, and predefined names stay bound. Pure.

A program has one scope, and each comprehension adds one for its targets.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, ResourceStore, SessionView, Violation
from larst.policy.language import (
    BUILTINS,
    CALL_ONLY_METHODS,
    FORBIDDEN_ATTRIBUTES,
    FORBIDDEN_NAMES,
    MODULES,
    PREDEFINED_NAMES,
)

_FIXED_NAMES = PREDEFINED_NAMES | MODULES.keys() | BUILTINS
_SIGNATURES: Mapping[str, inspect.Signature] = {
    **{name: inspect.signature(getattr(ResourceStore, name)) for name in STORE_METHODS},
    **{name: inspect.signature(getattr(SessionView, name)) for name in SESSION_STORE_METHODS},
}
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def name_violations(tree: ast.Module) -> Iterator[Violation]:
    """Return the violations by the program's names, attributes and store calls."""
    assigned = assigned_names(tree)
    if "REPLY" not in assigned:
        yield Violation(0, "the program never assigns REPLY; end with REPLY = make_response(…)")
    yield from _NameChecker(store_names={"store"} | resource_names(tree)).check(tree, assigned)


def assigned_names(tree: ast.Module) -> frozenset[str]:
    """Return the names of the program's scope, without the targets of comprehensions."""
    targets = {
        id(name)
        for node in ast.walk(tree)
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
    }
    return frozenset(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and id(node) not in targets
    )


def resource_names(tree: ast.Module) -> set[str]:
    """Return the names whose every assignment is `session_store.resource(…)`."""
    assigned: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                is_resource = _is_resource_call(node.value)
                assigned[target.id] = assigned.get(target.id, True) and is_resource
    return {name for name, is_resource in assigned.items() if is_resource}


def _is_resource_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "resource"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "session_store"
    )


class _NameChecker:
    """Walks the tree with the names in scope at each node."""

    def __init__(self, store_names: set[str]) -> None:
        self._store_names = store_names

    def check(self, node: ast.AST, scope: frozenset[str]) -> Iterator[Violation]:
        match node:
            case ast.Name():
                yield from self._check_name(node, scope)
            case ast.Attribute():
                yield from self._check_attribute(node, is_called=False)
            case ast.Call():
                yield from self._check_call(node)
            case ast.keyword(arg=str(name)) if name.startswith("_"):
                yield _private(node.value, repr(name))
        for child, child_scope in self._children(node, scope):
            yield from self.check(child, child_scope)

    def _children(
        self, node: ast.AST, scope: frozenset[str]
    ) -> Iterator[tuple[ast.AST, frozenset[str]]]:
        if isinstance(node, _Comprehension):
            scope |= {
                name.id
                for generator in node.generators
                for name in ast.walk(generator.target)
                if isinstance(name, ast.Name)
            }
        for child in ast.iter_child_nodes(node):
            if (
                isinstance(node, ast.Call)
                and child is node.func
                and isinstance(child, ast.Attribute)
            ):
                yield child.value, scope  # the call has checked the attribute
            else:
                yield child, scope

    def _check_name(self, node: ast.Name, scope: frozenset[str]) -> Iterator[Violation]:
        name = node.id
        if name in FORBIDDEN_NAMES:
            yield Violation(node.lineno, f"{name} is not available")
        elif name.startswith("_"):
            yield _private(node, repr(name))
        elif not isinstance(node.ctx, ast.Load):
            if name in _FIXED_NAMES:
                yield Violation(node.lineno, f"{name!r} is predefined; use another name")
        elif name not in scope and name not in _FIXED_NAMES:
            yield Violation(node.lineno, f"unknown name {name!r}")

    def _check_attribute(self, node: ast.Attribute, *, is_called: bool) -> Iterator[Violation]:
        attribute, line = node.attr, node.lineno
        if not isinstance(node.ctx, ast.Load):
            yield Violation(line, f"attributes cannot be assigned (.{attribute}); use dict keys")
        if attribute.startswith("_"):
            yield _private(node, f".{attribute}")
        elif attribute in FORBIDDEN_ATTRIBUTES:
            yield Violation(line, f".{attribute} is not allowed; {FORBIDDEN_ATTRIBUTES[attribute]}")
        elif (methods := self._methods_of(node.value)) is not None:
            yield from _check_store_attribute(node, methods, is_called=is_called)
        elif isinstance(node.value, ast.Name) and node.value.id in MODULES:
            if attribute not in MODULES[node.value.id]:
                yield Violation(line, f"{node.value.id}.{attribute} is not available")
        elif attribute in CALL_ONLY_METHODS and not is_called:
            yield Violation(
                line, f".{attribute} cannot be used as a value; call it in a comprehension"
            )

    def _check_call(self, node: ast.Call) -> Iterator[Violation]:
        if isinstance(node.func, ast.Attribute):
            yield from self._check_attribute(node.func, is_called=True)
            if (methods := self._methods_of(node.func.value)) and node.func.attr in methods:
                yield from _check_arguments(node, node.func.attr)
        elif (
            isinstance(node.func, ast.Name)
            and node.func.id == "next"
            and node.args
            and isinstance(node.args[0], ast.GeneratorExp)
        ):
            yield Violation(
                node.lineno, "next() does not accept a generator; write next(iter([…]), …)"
            )

    def _methods_of(self, node: ast.expr) -> frozenset[str] | None:
        """Return the methods of a store expression; None for any other expression."""
        if isinstance(node, ast.Name) and node.id == "session_store":
            return SESSION_STORE_METHODS
        if (isinstance(node, ast.Name) and node.id in self._store_names) or _is_resource_call(node):
            return STORE_METHODS
        return None


def _private(node: ast.expr, name: str) -> Violation:
    return Violation(node.lineno, f"{name} begins with an underscore, which is not allowed")


def _check_store_attribute(
    node: ast.Attribute, methods: frozenset[str], *, is_called: bool
) -> Iterator[Violation]:
    if node.attr not in methods:
        choices = ", ".join(sorted(methods))
        yield Violation(node.lineno, f"unknown method .{node.attr}; use one of {choices}")
    elif not is_called:
        yield Violation(node.lineno, f".{node.attr} must be called")


def _check_arguments(node: ast.Call, method: str) -> Iterator[Violation]:
    """Compare a store call with the signature of the method, unless `*` or `**` hides arguments."""
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return
    if any(keyword.arg is None for keyword in node.keywords):
        return
    try:
        _SIGNATURES[method].bind(
            None, *node.args, **{str(keyword.arg): keyword.value for keyword in node.keywords}
        )
    except TypeError as error:
        yield Violation(node.lineno, f".{method}(): {error}")

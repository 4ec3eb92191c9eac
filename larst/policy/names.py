"""The policy on names: every one exists, none is private, and none that is given is rebound.

Pure. A program has one scope, and each comprehension one more for its own targets.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, ResourceStore, SessionView, Violation
from larst.policy.language import (
    BUILTINS,
    FORBIDDEN_ATTRIBUTES,
    FORBIDDEN_NAMES,
    GIVEN_NAMES,
    MODULES,
    UNCALLED_METHODS,
)

_FIXED_NAMES = GIVEN_NAMES | MODULES.keys() | BUILTINS
_SIGNATURES: Mapping[str, inspect.Signature] = {
    **{name: inspect.signature(getattr(ResourceStore, name)) for name in STORE_METHODS},
    **{name: inspect.signature(getattr(SessionView, name)) for name in SESSION_STORE_METHODS},
}
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def violations_of_names(tree: ast.Module) -> Iterator[Violation]:
    """Return what is wrong with the program's names, attributes and store calls."""
    assigned = _assigned_names(tree)
    if "REPLY" not in assigned:
        yield Violation(0, "the program never assigns REPLY; end with REPLY = make_response(…)")
    stores = {"store"} | _names_of_resources(tree)
    yield from _Reader(stores).read(tree, assigned)


def _assigned_names(tree: ast.Module) -> frozenset[str]:
    """Return the names of the program's own scope; targets of comprehensions are not."""
    own_targets = {
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
        and id(node) not in own_targets
    )


def _names_of_resources(tree: ast.Module) -> set[str]:
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


class _Reader:
    """Walks the tree with the names that are known at each place."""

    def __init__(self, stores: set[str]) -> None:
        self._stores = stores

    def read(self, node: ast.AST, known: frozenset[str]) -> Iterator[Violation]:
        match node:
            case ast.Name():
                yield from self._name(node, known)
            case ast.Attribute():
                yield from self._attribute(node, is_called=False)
            case ast.Call():
                yield from self._call(node)
            case ast.keyword(arg=str(name)) if name.startswith("_"):
                yield Violation(node.value.lineno, f"{name!r} begins with an underscore")
        for child, inner in self._children(node, known):
            yield from self.read(child, inner)

    def _children(
        self, node: ast.AST, known: frozenset[str]
    ) -> Iterator[tuple[ast.AST, frozenset[str]]]:
        if isinstance(node, _Comprehension):
            known |= {
                name.id
                for part in node.generators
                for name in ast.walk(part.target)
                if isinstance(name, ast.Name)
            }
        for child in ast.iter_child_nodes(node):
            if (
                isinstance(node, ast.Call)
                and child is node.func
                and isinstance(child, ast.Attribute)
            ):
                yield child.value, known  # the attribute itself was read with the call
            else:
                yield child, known

    def _name(self, node: ast.Name, known: frozenset[str]) -> Iterator[Violation]:
        name = node.id
        if name in FORBIDDEN_NAMES:
            yield Violation(node.lineno, f"{name} is not available")
        elif name.startswith("_"):
            yield Violation(node.lineno, f"{name!r} begins with an underscore")
        elif not isinstance(node.ctx, ast.Load):
            if name in _FIXED_NAMES:
                yield Violation(node.lineno, f"{name} must not be given another value")
        elif name not in known and name not in _FIXED_NAMES:
            yield Violation(node.lineno, f"unknown name {name!r}")

    def _attribute(self, node: ast.Attribute, *, is_called: bool) -> Iterator[Violation]:
        attribute, line = node.attr, node.lineno
        if not isinstance(node.ctx, ast.Load):
            yield Violation(line, f"attributes cannot be assigned (.{attribute}); use dict keys")
        if attribute.startswith("_"):
            yield Violation(line, f".{attribute} begins with an underscore")
        elif attribute in FORBIDDEN_ATTRIBUTES:
            yield Violation(line, f".{attribute} is not allowed; {FORBIDDEN_ATTRIBUTES[attribute]}")
        elif (methods := self._methods_of(node.value)) is not None:
            yield from _store_attribute(node, methods, is_called=is_called)
        elif isinstance(node.value, ast.Name) and node.value.id in MODULES:
            if attribute not in MODULES[node.value.id]:
                yield Violation(line, f"{node.value.id} has no {attribute!r} here")
        elif attribute in UNCALLED_METHODS and not is_called:
            yield Violation(
                line, f".{attribute} cannot be used as a value; call it in a comprehension"
            )

    def _call(self, node: ast.Call) -> Iterator[Violation]:
        if isinstance(node.func, ast.Attribute):
            yield from self._attribute(node.func, is_called=True)
            if (methods := self._methods_of(node.func.value)) and node.func.attr in methods:
                yield from _wrong_arguments(node, node.func.attr)
        elif (
            isinstance(node.func, ast.Name)
            and node.func.id == "next"
            and node.args
            and isinstance(node.args[0], ast.GeneratorExp)
        ):
            yield Violation(node.lineno, "next() takes no generator here; write next(iter([…]), …)")

    def _methods_of(self, node: ast.expr) -> frozenset[str] | None:
        """Return the methods of the store that the expression is, or None: it is none."""
        if isinstance(node, ast.Name) and node.id == "session_store":
            return SESSION_STORE_METHODS
        if (isinstance(node, ast.Name) and node.id in self._stores) or _is_resource_call(node):
            return STORE_METHODS
        return None


def _store_attribute(
    node: ast.Attribute, methods: frozenset[str], *, is_called: bool
) -> Iterator[Violation]:
    if node.attr not in methods:
        listed = ", ".join(sorted(methods))
        yield Violation(node.lineno, f"there is no method .{node.attr}; there are {listed}")
    elif not is_called:
        yield Violation(node.lineno, f".{node.attr} must be called")


def _wrong_arguments(node: ast.Call, method: str) -> Iterator[Violation]:
    """Hold a store call against the method's signature, where its arguments can be counted."""
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

"""What a program reads by name: fields of the request's body, and fields of records. Pure.

A static reading of the program's syntax tree, so that a plan is only used where what it reads is
there. It errs towards reading more: a field too many costs a plan, one too few a wrong answer.
Must never run anything.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from larst.domain import CRITERIA_OPERATORS, CheckedProgram
from larst.planning.reuse.dataflow import (
    MAX_STEPS,
    NOTHING,
    Origin,
    Origins,
    Path,
    children,
    held,
    texts,
    union,
    unpacked,
    wholes,
)

_RECORD_CALLS = frozenset({"insert", "get", "replace", "update", "list", "search"})
_KEYED_CALLS = frozenset({"get", "pop", "setdefault"})
_COLLECTING = frozenset(
    "dict list sorted reversed tuple set frozenset enumerate zip iter filter map".split()
)
_CHOOSING = frozenset({"next", "min", "max"})
_ADDING = frozenset({"append", "add", "insert", "extend", "update"})
_PLACES = {"search": ("criteria",), "count": ("criteria",), "aggregate": ("op", "field", "by")}
"""The names of the arguments that may be given by place."""

_MAX_PASSES = 10
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """`body`: paths into the request's body. `fields`: (resource, field) of stored records."""

    body: frozenset[Path]
    fields: frozenset[tuple[str, str]]


def field_access_of(program: CheckedProgram, resource: str | None) -> FieldAccess:
    """Return what the program reads; `resource` is what its `store` is."""
    reader = _Reader(resource)
    tree = program.tree
    for _pass in range(_MAX_PASSES):
        before = reader.size()
        for statement in tree.body:
            reader.visit(statement)
        if reader.size() == before:
            break
    return FieldAccess(frozenset(reader.body), frozenset(reader.fields))


class _Reader:
    """Follows values from name to name, until nothing new is found."""

    def __init__(self, resource: str | None) -> None:
        self.body: set[Path] = set()
        self.fields: set[tuple[str, str]] = set()
        self._names: dict[str, Origins] = {
            "ctx": frozenset({("ctx",)}),
            "plan": frozenset({("plan",)}),
            "session_store": frozenset({("session",)}),
            "store": frozenset({("store", resource)}) if resource else NOTHING,
        }

    def size(self) -> int:
        """Return a number that grows with everything found."""
        return len(self.body) + len(self.fields) + sum(map(len, self._names.values()))

    def visit(self, node: ast.AST) -> None:
        """Read a statement and all within it."""
        match node:
            case ast.Assign():
                value = self._value(node.value)
                for target in node.targets:
                    self._bind(target, value)
            case ast.AugAssign() | ast.AnnAssign() if node.value is not None:
                self._bind(node.target, self._value(node.value))
            case ast.For():
                self._bind(node.target, children(self._value(node.iter)))
                for statement in (*node.body, *node.orelse):
                    self.visit(statement)
            case ast.expr():
                self._value(node)
            case _:
                for child in ast.iter_child_nodes(node):
                    self.visit(child)

    def _bind(self, target: ast.expr, value: Origins) -> None:
        match target:
            case ast.Name():
                known = self._names.get(target.id, NOTHING)
                self._names[target.id] = known | {one for one in value if len(one) <= MAX_STEPS}
            case ast.Tuple() | ast.List():
                for element in target.elts:
                    self._bind(element, unpacked(value))
            case ast.Starred():
                self._bind(target.value, value)
            case ast.Subscript():
                # A key that is written is not read, but what it is written to may be.
                self._value(target.value)
                if not texts(self._value(target.slice)):
                    self._bind(target.value, held(value) | wholes(value))
            case _:
                self._value(target)

    def _value(self, node: ast.expr) -> Origins:
        """Return where the expression's value may come from; note what is read on the way."""
        if (follow := _FOLLOWED.get(type(node))) is not None:
            return follow(self, node)
        found = union(map(self._value, _expressions(node)))
        # What is computed from a value is no longer part of the body.
        return found if isinstance(node, ast.BoolOp) else NOTHING

    def _name(self, node: ast.Name) -> Origins:
        return self._names.get(node.id, NOTHING)

    def _constant(self, node: ast.Constant) -> Origins:
        return frozenset({("text", node.value)}) if isinstance(node.value, str) else NOTHING

    def _named(self, node: ast.NamedExpr) -> Origins:
        value = self._value(node.value)
        self._bind(node.target, value)
        return value

    def _literal(self, node: ast.List | ast.Tuple | ast.Set) -> Origins:
        found = NOTHING
        for element in node.elts:
            if isinstance(element, ast.Starred):
                found |= children(self._value(element.value))
            else:
                found |= self._value(element)
        return held(found)

    def _choice(self, node: ast.IfExp) -> Origins:
        self._value(node.test)
        return self._value(node.body) | self._value(node.orelse)

    def _subscript(self, node: ast.Subscript) -> Origins:
        value, keys = self._value(node.value), texts(self._value(node.slice))
        if isinstance(node.slice, ast.Slice):
            return value
        return self._steps(value, keys) if keys else children(value)

    def _compare(self, node: ast.Compare) -> Origins:
        """Note `"field" in body`: whether a field is there is read too."""
        left = self._value(node.left)
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self._value(comparator)
            if isinstance(operator, ast.In | ast.NotIn):
                self._steps(right, texts(left))
            left = right
        return NOTHING

    def _dict(self, node: ast.Dict) -> Origins:
        """Return what `{**body}` spreads; the values are read, but keep no path."""
        spread = NOTHING
        for key, value in zip(node.keys, node.values, strict=True):
            found = self._value(value)
            if key is None:
                spread |= found
            else:
                self._value(key)
        return spread

    def _comprehension(self, node: _Comprehension) -> Origins:
        for part in node.generators:
            self._bind(part.target, children(self._value(part.iter)))
            for test in part.ifs:
                self._value(test)
        if isinstance(node, ast.DictComp):
            self._value(node.key)
            value = self._value(node.value)
            # {name: value for name, value in body.items()} has the body's own fields.
            return held(value) | wholes(value)
        return held(self._value(node.elt))

    def _call(self, node: ast.Call) -> Origins:
        arguments = [self._value(argument) for argument in node.args]
        keywords = {word.arg: self._value(word.value) for word in node.keywords}
        if isinstance(node.func, ast.Attribute):
            receiver = self._value(node.func.value)
            if resources := {origin[1] for origin in receiver if origin[0] == "store"}:
                self._criteria(resources, node)
                return self._store_call(node.func.attr, resources)
            if node.func.attr in _ADDING:
                self._add(node.func.attr, node.func.value, arguments)
            return self._method(node.func.attr, receiver, arguments)
        if isinstance(node.func, ast.Name) and node.func.id in _COLLECTING:
            return union((*arguments, *keywords.values()))
        if isinstance(node.func, ast.Name) and node.func.id in _CHOOSING:
            found = union(arguments)
            return found | children(found)
        return NOTHING

    def _add(self, name: str, collection: ast.expr, arguments: list[Origins]) -> None:
        """Note what the program puts into a list, a set or a dict of its own."""
        added = union(arguments)
        if isinstance(collection, ast.Name):
            whole = added if name == "update" else NOTHING
            items = children(added) if name == "extend" else added
            self._bind(collection, held(items) | whole)

    def _method(self, name: str, receiver: Origins, arguments: list[Origins]) -> Origins:
        keys = texts(arguments[0]) if arguments else frozenset[str]()
        if name == "resource" and ("session",) in receiver:
            return frozenset(("store", text) for text in keys)
        if name in _KEYED_CALLS:
            default = union(arguments[1:])
            found = self._steps(receiver, keys) if keys else children(receiver)
            return found | default
        # Of `values()` and `items()` the loop around them takes the children.
        return receiver if name in ("values", "items", "copy") else NOTHING

    def _store_call(self, name: str, resources: Iterable[str]) -> Origins:
        if name not in _RECORD_CALLS:
            return NOTHING
        return frozenset(("record", resource) for resource in resources)

    def _criteria(self, resources: set[str], node: ast.Call) -> None:
        """Note the fields that a search, count, sort or aggregate names."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        given = {word.arg: word.value for word in node.keywords if word.arg}
        given |= dict(zip(_PLACES.get(name, ()), node.args, strict=False))
        named = [*_keys(given.get("criteria"))]
        for argument in ("sort", "field", "by"):
            if (expression := given.get(argument)) is not None:
                named += [
                    part for text in texts(self._value(expression)) for part in text.split(",")
                ]
        for resource in resources:
            for field in named:
                self._read_field(resource, _bare(field))

    def _steps(self, origins: Origins, keys: Iterable[str]) -> Origins:
        return union(self._step(origin, key) for origin in origins for key in keys)

    def _step(self, origin: Origin, key: str) -> Origins:
        kind = origin[0]
        if (kind, key) in (("ctx", "body_json"), ("plan", "payload")):
            return frozenset({("body",)})
        if kind == "body" and len(origin) <= MAX_STEPS:
            self.body.add((*origin[1:], key))
            return frozenset({(*origin, key)})
        if kind == "record":
            self._read_field(origin[1], key)
        return NOTHING

    def _read_field(self, resource: str, field: str) -> None:
        # Every record has an id.
        if field and field not in ("id", "*"):
            self.fields.add((resource, field))


_FOLLOWED: Mapping[type[ast.AST], Callable[[_Reader, Any], Origins]] = {
    ast.Name: _Reader._name,
    ast.Constant: _Reader._constant,
    ast.Subscript: _Reader._subscript,
    ast.Call: _Reader._call,
    ast.Compare: _Reader._compare,
    ast.NamedExpr: _Reader._named,
    ast.IfExp: _Reader._choice,
    ast.Dict: _Reader._dict,
    ast.ListComp: _Reader._comprehension,
    ast.SetComp: _Reader._comprehension,
    ast.GeneratorExp: _Reader._comprehension,
    ast.DictComp: _Reader._comprehension,
    ast.List: _Reader._literal,
    ast.Tuple: _Reader._literal,
    ast.Set: _Reader._literal,
}


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child


def _keys(node: ast.expr | None) -> Iterator[str]:
    """Return the keys of a dict literal, and of those spread or nested in the expression."""
    if node is None:
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            for key in inner.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value


def _bare(criterion: str) -> str:
    """Return the field of `-address.city__gte`: `address`."""
    name, _, operator = criterion.strip().removeprefix("-").rpartition("__")
    field = name if operator in CRITERIA_OPERATORS and name else criterion.strip().removeprefix("-")
    return field.partition(".")[0]

"""Fields that the programs of custom requests write: their tables need columns for them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from larst.eject.description import CustomRoute

_WRITES = {"insert": 0, "replace": 1, "update": 1, "update_where": 1}
"""The calls that write fields, with the position of the argument that has them."""


def written_fields(routes: Iterable[CustomRoute]) -> Mapping[str, Sequence[str]]:
    """Return the names of fields that programs write, by resource.

    Resources that programs only read are there too, without fields.
    """
    fields: dict[str, dict[str, None]] = {}
    for route in routes:
        for resource, names in _uses(route):
            fields.setdefault(resource, {}).update(dict.fromkeys(names))
    return {resource: tuple(names) for resource, names in sorted(fields.items())}


def _uses(route: CustomRoute) -> Iterator[tuple[str, Sequence[str]]]:
    try:
        tree = ast.parse(route.program)
    except SyntaxError:
        return
    stores = {"store": route.resource} | _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "store" and route.resource is not None:
            yield route.resource, ()
        if not isinstance(node, ast.Call):
            continue
        name = resource_of(node)
        if name is not None:
            yield name, ()
        if isinstance(node.func, ast.Attribute):
            position = _WRITES.get(node.func.attr)
            receiver = _receiver(node.func.value, stores)
            if receiver is not None and position is not None and len(node.args) > position:
                yield receiver, _keys(node.args[position])


def resource_of(node: ast.expr) -> str | None:
    """Return the name in `session_store.resource("name")`, or None for any other expression."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name("session_store"), attr="resource"),
            args=[ast.Constant(str(name))],
        ):
            return name
    return None


def _aliases(tree: ast.Module) -> dict[str, str | None]:
    """Return the variables that hold a resource."""
    return {
        target.id: name
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and (name := resource_of(node.value)) is not None
    }


def _receiver(node: ast.expr, stores: Mapping[str, str | None]) -> str | None:
    return stores.get(node.id) if isinstance(node, ast.Name) else resource_of(node)


def _keys(node: ast.expr) -> list[str]:
    if not isinstance(node, ast.Dict):
        return []
    return [
        key.value
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value != "id"
    ]

"""Custom routes as Python source, from the programs of their plans. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from larst.eject.description import Api, CustomRoute, Omission, Resource
from larst.eject.replies import UntranslatableError
from larst.eject.routes import own_names
from larst.eject.source import module
from larst.eject.translation import translated
from larst.openapi.names import Names, singular_name, snake_case, words

_BODY_METHODS = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class ActionRoute:
    """A custom route of the project: its function, and the source of that function.

    `plan` is its plan, `keys` are the names of the ids in its path. `lack` says why the program
    could not be translated; None: it was.
    """

    plan: CustomRoute
    method: str
    path: str
    keys: tuple[str, ...]
    function: str
    resource: Resource | None
    source: str
    lack: str | None

    @property
    def summary(self) -> str:
        """The name of the function as a sentence without its full stop."""
        return words(self.function).capitalize()


def action_routes(api: Api) -> tuple[ActionRoute, ...]:
    """Return the custom routes of the API; of those with one path and method, the first."""
    names, routes = Names(), dict[tuple[str, str], ActionRoute]()
    for route in _by_preference(api.custom):
        path, keys = path_of(api, route)
        if (route.method, path) not in routes:
            function = names.claim(_function_name(route))
            routes[route.method, path] = _action(api, route, path, keys, function)
    return tuple(routes.values())


def alternatives(api: Api) -> Iterator[Omission]:
    """Yield the custom routes that another one with the same path and method replaces."""
    seen_paths = set[tuple[str, str]]()
    for route in _by_preference(api.custom):
        path, _ = path_of(api, route)
        if (route.method, path) in seen_paths:
            query = f"?{'&'.join(route.query)}" if route.query else ""
            reason = f"another plan serves {route.method} {path}"
            yield Omission(f"{route.method} {route.path}{query}", reason)
        seen_paths.add((route.method, path))


def _by_preference(routes: Sequence[CustomRoute]) -> list[CustomRoute]:
    return sorted(routes, key=lambda route: (route.state != "pinned", len(route.query), route.path))


def path_of(api: Api, route: CustomRoute) -> tuple[str, tuple[str, ...]]:
    """Return the path of a route with names for its ids, and these names."""
    names, parts, keys = Names(), list[str](), list[str]()
    for part in filter(None, route.path.split("/")):
        if not part.startswith("<"):
            parts.append(part.replace("%3C", "<"))
            continue
        resource = api.resource(parts[-1]) if parts else None
        above = parts[-1] if parts and not parts[-1].startswith("{") else "record"
        key = resource.key if resource else f"{singular_name(above)}_id"
        keys.append(names.claim(key))
        parts.append(f"{{{keys[-1]}}}")
    return "/" + "/".join(parts), tuple(keys)


def _function_name(route: CustomRoute) -> str:
    """Return a name such as `cancel_order` or `get_orders_report`."""
    parts = [part for part in route.path.split("/") if part]
    nouns = [
        singular_name(part) if index + 1 < len(parts) and parts[index + 1].startswith("<") else part
        for index, part in enumerate(parts)
        if not part.startswith("<")
    ]
    nouns = [noun for noun in nouns if not re.fullmatch(r"api|v\d+", noun)] or nouns
    is_verb = route.method in _BODY_METHODS and len(nouns) > 1 and not parts[-1].startswith("<")
    ordered = [nouns[-1], *nouns[:-1]] if is_verb else [route.method.lower(), *nouns]
    return snake_case("_".join(ordered))


def _action(
    api: Api, route: CustomRoute, path: str, keys: tuple[str, ...], function: str
) -> ActionRoute:
    resource = None if route.resource is None else api.resource(route.resource)
    head = f'@router.{route.method.lower()}("{path}")\n'
    docstring = words(function).capitalize()
    lack: str | None = None
    try:
        program = translated(api, route, keys)
    except UntranslatableError as error:
        lack = str(error)
        source = f"{head}{_unwritten(route, function, docstring, lack)}"
    else:
        parameters = _ordered(program.parameters)
        source = (
            f"{head}def {function}({parameters}) -> Any:\n"
            f'    """{docstring}."""\n{indent(program.source(), "    ")}\n'
        )
    return ActionRoute(route, route.method, path, keys, function, resource, source, lack)


def _ordered(parameters: dict[str, str]) -> str:
    """Return the parameters as source: those with a default come last."""
    ordered = sorted(parameters, key=lambda name: "=" in parameters[name])
    return ", ".join(f"{name}: {parameters[name]}" for name in ordered)


def _unwritten(route: CustomRoute, function: str, docstring: str, lack: str) -> str:
    program = route.program.replace("\\", "\\\\").replace('"""', "'''").strip()
    return (
        f"def {function}() -> None:\n"
        f'    """{docstring}: to be written.\n\n'
        f"    It has answered with this program, which could not be translated ({lack}):\n\n"
        f'{indent(program, "        ")}\n    """\n'
        '    raise ApiError(501, "not implemented", "this route is not written yet")\n'
    )


def action_modules(api: Api, routes: Sequence[ActionRoute]) -> Iterator[tuple[str, str]]:
    """Yield the name and the source of each module with custom routes: `orders.actions`."""
    by_module: dict[str, list[ActionRoute]] = {}
    for route in routes:
        name = "actions" if route.resource is None else f"{route.resource.module}.actions"
        by_module.setdefault(name, []).append(route)
    for name, part in sorted(by_module.items()):
        subject = words(name.removesuffix("actions").strip(".")) or "the API"
        opening = f'router = APIRouter(tags=["{subject}"])'
        blocks = [opening, *(route.source for route in part)]
        own = own_names(api) | {
            "respond": f"{api.package}.replies",
            "query_values": f"{api.package}.replies",
        }
        yield name, module(f"Actions of {subject}, beyond plain REST.", blocks, own)


def has_program_calls(routes: Sequence[ActionRoute], name: str) -> bool:
    """Return whether the functions call a method of this name."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == name
        for route in routes
        for node in ast.walk(ast.parse(route.source))
    )

"""Translates the program of a plan to the body of an ordinary function. Pure.

The language of programs is small (`larst.policy.language`). Values that LARST passes in `plan`
and `ctx` become parameters of the function, `store` and `session_store` become tables, and
`REPLY` becomes `return` or `raise`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from larst.domain import CRITERIA_OPERATORS
from larst.eject.bindings import bound_names, declared, target_of
from larst.eject.description import Api, CustomRoute
from larst.eject.replies import UntranslatableError
from larst.eject.returning import returning
from larst.eject.table import table_type
from larst.eject.written import resource_of

_UNSUPPORTED_OPERATORS = CRITERIA_OPERATORS & {"like", "ilike"}
_OTHER_NAMES = {"body": ("payload", "content"), "query": ("page",)}
"""Names of parameters where the program has a variable of the usual name."""

_PASSED_ON = {"limit", "offset", "sort"}


@dataclass(slots=True)
class Function:
    """A translated program: the parameters that it needs, and its statements."""

    parameters: dict[str, str] = field(default_factory=dict)
    body: list[ast.stmt] = field(default_factory=list)

    def source(self) -> str:
        """Return the statements as source."""
        return ast.unparse(ast.fix_missing_locations(ast.Module(self.body, [])))


def translated(api: Api, route: CustomRoute, keys: Sequence[str]) -> Function:
    """Return the function of a route; `keys` are the names of the ids in its path.

    Raises:
        UntranslatableError: the program uses something that the project does not have.
    """
    tree = ast.parse(route.program)
    return _Translator(api, route, keys, tree).function()


class _Translator(ast.NodeTransformer):
    """Rewrites one program; `_names` are the variables that it assigns."""

    def __init__(self, api: Api, route: CustomRoute, keys: Sequence[str], tree: ast.Module) -> None:
        self._api = api
        self._route = route
        self._tree = tree
        self._segments = [part for part in route.path.split("/") if part]
        self._assigned = Counter(bound_names(tree))
        self._keys = [self._free(key) for key in keys]
        self._aliases = _aliases(tree, self._assigned)
        self._function = Function(dict.fromkeys(self._keys, "str"))

    def function(self) -> Function:
        """Return the translated function."""
        statements = [
            statement
            for statement in self._tree.body
            if not (_is_alias(statement) and self._assigned[target_of(statement)] == 1)
        ]
        rewritten = [self.visit(statement) for statement in statements]
        body = returning(rewritten)
        self._function.body = declared(body, self._assigned, self._tree)
        return self._function

    def _free(self, name: str) -> str:
        """Return the name, or another one if the program assigns it."""
        forms = (name, *_OTHER_NAMES.get(name, ()), f"{name}_in_request", f"_{name}")
        return next(form for form in forms if not self._assigned[form])

    def _parameter(self, name: str, annotation: str) -> ast.expr:
        free = self._free(name)
        self._function.parameters[free] = annotation
        return ast.Name(free, ast.Load())

    def _table(self, name: str | None) -> ast.expr:
        resource = None if name is None else self._api.resource(name)
        if resource is None:
            raise UntranslatableError(f"it uses the resource {name}, which has no fields")
        variable = resource.module
        if self._assigned[variable] - (variable in self._aliases):
            variable = f"{variable}_table"
        self._function.parameters[variable] = table_type(resource)
        return ast.Name(variable, ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "store":
            return self._table(self._route.resource)
        if node.id in self._aliases:
            return self._table(self._aliases[node.id])
        if node.id in ("plan", "ctx", "session_store"):
            raise UntranslatableError(f"it uses {node.id} as a whole")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        match node:
            case ast.Subscript(value=ast.Name("plan"), slice=ast.Constant(str(key))):
                return self._of_plan(key)
            case ast.Subscript(value=ast.Name("ctx"), slice=ast.Constant(str(key))):
                return self._of_context(key)
            case ast.Subscript(
                value=ast.Subscript(value=ast.Name(name), slice=ast.Constant(str(key))),
                slice=index,
            ) if (name, key) in (("ctx", "segments"), ("plan", "parents")):
                return self._item(self._listed(key), index)
        self.generic_visit(node)
        return node

    def _item(self, items: ast.List, index: ast.expr) -> ast.expr:
        match index:
            case ast.Constant(int(position)):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(int(position))):
                position = -position
            case _:
                return ast.Subscript(items, self.visit(index), ast.Load())
        if not -len(items.elts) <= position < len(items.elts):
            raise UntranslatableError("it reads a part that the path does not have")
        return items.elts[position]

    def _listed(self, key: str) -> ast.List:
        keys = iter(self._keys)
        parts: list[ast.expr] = [
            ast.Name(next(keys), ast.Load()) if part.startswith("<") else ast.Constant(part)
            for part in self._segments
        ]
        if key == "parents":
            identifiers: list[ast.expr] = [part for part in parts if isinstance(part, ast.Name)]
            return ast.List(identifiers[:-1], ast.Load())
        return ast.List(parts, ast.Load())

    def _of_plan(self, key: str) -> ast.expr:
        if key == "identifier":
            return ast.Name(self._keys[-1], ast.Load()) if self._keys else ast.Constant(None)
        if key == "payload":
            return self._parameter("body", "Annotated[Any, Body()] = None")
        if key == "parents":
            return self._listed(key)
        if key in _PASSED_ON:
            return ast.Attribute(self._parameter("query", "Query"), key, ast.Load())
        if key == "criteria":
            filters = ast.Attribute(self._parameter("query", "Query"), "filters", ast.Load())
            columns = ast.Attribute(self._table(self._route.resource), "columns", ast.Load())
            return ast.Call(ast.Name("criteria_of", ast.Load()), [filters, columns], [])
        raise UntranslatableError(f"it uses plan[{key!r}]")

    def _of_context(self, key: str) -> ast.expr:
        if key == "segments":
            return self._listed(key)
        if key == "method":
            return ast.Constant(self._route.method)
        if key == "body_json":
            return self._parameter("body", "Annotated[Any, Body()] = None")
        if key == "query":
            request = self._parameter("request", "Request")
            return ast.Call(ast.Name("query_values", ast.Load()), [request], [])
        if key == "headers":
            return ast.Attribute(self._parameter("request", "Request"), "headers", ast.Load())
        raise UntranslatableError(f"it uses ctx[{key!r}]")

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if (name := resource_of(node)) is not None:
            return self._table(name)
        match node.func:
            case ast.Attribute(value=ast.Name("plan" | "ctx" as name), attr="get"):
                if node.args and isinstance(node.args[0], ast.Constant):
                    item = ast.Subscript(ast.Name(name), node.args[0], ast.Load())
                    return self.visit_Subscript(item)
            case ast.Attribute(attr="get_schema" | "names" as method):
                raise UntranslatableError(f"it calls {method}")
            case ast.Attribute(attr="list"):
                node.func.attr = "page"
            case ast.Attribute(attr="update" | "update_where"):
                if any(isinstance(argument, ast.List) for argument in node.args):
                    raise UntranslatableError("it applies a JSON Patch")
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):
            _, _, operator = node.value.rpartition("__")
            if operator != node.value and operator in _UNSUPPORTED_OPERATORS:
                raise UntranslatableError(f"it searches with {operator}")
        return node


def _is_alias(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and resource_of(statement.value) is not None


def _aliases(tree: ast.Module, assigned: Mapping[str, int]) -> dict[str, str | None]:
    """Return the variables that hold a resource all the time."""
    return {
        target_of(statement): resource_of(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and _is_alias(statement)
        and assigned[target_of(statement)] == 1
    }

"""Translates the expressions of a program into the total form. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, total

BUILTINS: Mapping[str, tuple[int, int, frozenset[str]]] = {
    "len": (1, 1, frozenset()),
    "str": (1, 1, frozenset()),
    "int": (1, 1, frozenset()),
    "float": (1, 1, frozenset()),
    "bool": (1, 1, frozenset()),
    "abs": (1, 1, frozenset()),
    "round": (1, 2, frozenset()),
    "min": (1, 16, frozenset({"default"})),
    "max": (1, 16, frozenset({"default"})),
    "sum": (1, 1, frozenset()),
    "sorted": (1, 1, frozenset({"reverse"})),
    "any": (1, 1, frozenset()),
    "all": (1, 1, frozenset()),
}
"""Built-in functions of bounded cost: the least and most arguments, and the options."""

VIEWS: Mapping[str, tuple[int, int]] = {
    "enumerate": (1, 2),
    "reversed": (1, 1),
    "zip": (1, 8),
    "range": (1, 3),
}
"""Built-in functions whose result can only be looped over, or made a list."""

METHODS: Mapping[str, tuple[int, int]] = {
    "append": (1, 1),
    "capitalize": (0, 0),
    "copy": (0, 0),
    "count": (1, 1),
    "endswith": (1, 1),
    "extend": (1, 1),
    "get": (1, 2),
    "index": (1, 1),
    "insert": (2, 2),
    "isdigit": (0, 0),
    "join": (1, 1),
    "lower": (0, 0),
    "lstrip": (0, 1),
    "pop": (0, 2),
    "replace": (2, 2),
    "rstrip": (0, 1),
    "setdefault": (2, 2),
    "split": (0, 2),
    "startswith": (1, 1),
    "strip": (0, 1),
    "title": (0, 0),
    "update": (1, 1),
    "upper": (0, 0),
}
"""Methods of strings, lists and dicts, with the least and most arguments."""

TYPES = frozenset({"str", "int", "float", "bool", "list", "dict", "tuple"})
_DICT_VIEWS = frozenset({"items", "keys", "values"})
_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_UNARY: Mapping[type[ast.unaryop], str] = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
_LOOPING = frozenset({"min", "max", "sum", "sorted", "any", "all"})
"""Functions that loop over their only argument, which may be a view or a generator."""

_RESPONSE = ("status", "body", "headers")
_NONE = total.Constant(None)


class NotTotalError(Exception):
    """A construct that the total form does not have."""

    def __init__(self, node: ast.AST, reason: str) -> None:
        super().__init__(reason)
        self.line: int = getattr(node, "lineno", 0)
        self.reason = reason


class Translator:
    """Translates expressions; gives each variable a place, and each comprehension a scope.

    `names` are the variables of the program, and `stores` those of them that only ever hold the
    store of a resource.
    """

    def __init__(self, stores: Set[str], names: Set[str]) -> None:
        self.stores = stores
        self.size = 0
        self.scope = {name: self._new_place() for name in sorted(names)}

    def place(self, name: str) -> int:
        """Return the place of a variable."""
        return self.scope[name]

    def target(self, node: ast.expr) -> total.Target:
        """Return the places that an assignment or a loop fills."""
        match node:
            case ast.Name(id=name) if name not in self.stores:
                return self.place(name)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tuple(self.target(item) for item in items)
        raise NotTotalError(node, "this assignment needs the interpreter")

    def operator(self, node: ast.AST, operator: ast.operator) -> str:
        """Return the symbol of an arithmetic operator."""
        symbol = _OPERATORS.get(type(operator))
        if symbol is None:
            raise NotTotalError(node, f"{type(operator).__name__} can make a value of any size")
        return symbol

    def expression(self, node: ast.expr) -> total.Expression:
        """Return the form of an expression."""
        translate = _BY_NODE.get(type(node))
        if translate is None:
            raise NotTotalError(node, f"{type(node).__name__} needs the interpreter")
        return translate(self, node)

    def iterated(self, node: ast.expr) -> total.Iterated:
        """Return what a loop runs over."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in VIEWS:
                self._count(node, name, arguments, VIEWS[name])
                return total.Iterated(name, tuple(map(self.expression, arguments)))
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=[], keywords=[]) if (
                name in _DICT_VIEWS
            ):
                return total.Iterated(name, (self.expression(value),))
        return total.Iterated("", (self.expression(node),))

    def resource(self, node: ast.expr) -> total.Receiver:
        """Return the store that `session_store.resource(…)` is."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="session_store"), attr="resource"),
                args=[name],
                keywords=[],
            ):
                return total.ResourceOf(self.expression(name))
        raise NotTotalError(node, "this way to get a resource needs the interpreter")

    def _new_place(self) -> int:
        self.size += 1
        return self.size - 1

    def _optional(self, node: ast.expr | None) -> total.Expression | None:
        return None if node is None else self.expression(node)

    def _all(self, nodes: Iterable[ast.expr]) -> tuple[total.Expression, ...]:
        return tuple(map(self.expression, nodes))

    def _constant(self, node: ast.Constant) -> total.Expression:
        value = node.value
        if value is None or isinstance(value, str | int | float):
            return total.Constant(value)
        raise NotTotalError(node, f"{type(value).__name__} needs the interpreter")

    def _sequence(self, node: ast.List | ast.Tuple) -> total.Expression:
        return total.Sequence(
            tuple(map(self._element, node.elts)), is_tuple=isinstance(node, ast.Tuple)
        )

    def _dict(self, node: ast.Dict) -> total.Expression:
        entries = zip(node.keys, node.values, strict=True)
        return total.Mapped(
            tuple((self._optional(key), self.expression(value)) for key, value in entries)
        )

    def _joined(self, node: ast.JoinedStr) -> total.Expression:
        return total.Text(tuple(map(self._text_part, node.values)))

    def _unary(self, node: ast.UnaryOp) -> total.Expression:
        symbol = _UNARY.get(type(node.op))
        if symbol is None:
            raise NotTotalError(node, f"{type(node.op).__name__} needs the interpreter")
        return total.Unary(symbol, self.expression(node.operand))

    def _binary(self, node: ast.BinOp) -> total.Expression:
        symbol = self.operator(node, node.op)
        return total.Binary(symbol, self.expression(node.left), self.expression(node.right))

    def _logic(self, node: ast.BoolOp) -> total.Expression:
        return total.Logic(isinstance(node.op, ast.And), self._all(node.values))

    def _choice(self, node: ast.IfExp) -> total.Expression:
        return total.Choice(*self._all((node.test, node.body, node.orelse)))

    def _subscript(self, node: ast.Subscript) -> total.Expression:
        if not isinstance(node.slice, ast.Slice):
            return total.Item(self.expression(node.value), self.expression(node.slice))
        part = node.slice
        if part.step is not None:
            raise NotTotalError(node, "a slice with a step needs the interpreter")
        bounds = self._optional(part.lower), self._optional(part.upper)
        return total.Part(self.expression(node.value), *bounds)

    def _name(self, node: ast.Name) -> total.Expression:
        name = node.id
        if name in self.stores or name in ("store", "session_store"):
            raise NotTotalError(node, f"{name} is used as a value")
        if name in self.scope:
            return total.Load(self.scope[name])
        raise NotTotalError(node, f"{name} needs the interpreter")

    def _element(self, node: ast.expr) -> total.Expression | total.Spread:
        if isinstance(node, ast.Starred):
            return total.Spread(self.iterated(node.value))
        return self.expression(node)

    def _text_part(self, node: ast.expr) -> total.Expression:
        match node:
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.expression(value)
            case ast.Constant():
                return self.expression(node)
        raise NotTotalError(node, "a format in an f-string needs the interpreter")

    def _comparison(self, node: ast.Compare) -> total.Expression:
        chain: list[tuple[str, total.Expression]] = []
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            symbol = _COMPARISONS[type(operator)]
            if symbol in ("is", "is not") and not _is_singleton(operand):
                raise NotTotalError(operand, "`is` with this operand needs the interpreter")
            chain.append((symbol, self.expression(operand)))
        return total.Comparison(self.expression(node.left), tuple(chain))

    def _listed_loops(self, node: ast.ListComp) -> total.Expression:
        return self._comprehension(node.elt, node.generators)

    def _mapped_loops(self, node: ast.DictComp) -> total.Expression:
        return self._comprehension(node.value, node.generators, node.key)

    def _comprehension(
        self, element: ast.expr, loops: list[ast.comprehension], key: ast.expr | None = None
    ) -> total.Comprehension:
        outer = self.scope
        forms: list[total.Loop] = []
        for loop in loops:
            items = self.iterated(loop.iter)
            # Each loop has variables of its own, which hide those of the same name outside.
            names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            self.scope = {**self.scope, **{name: self._new_place() for name in sorted(names)}}
            target = self.target(loop.target)
            forms.append(total.Loop(target, items, tuple(map(self.expression, loop.ifs))))
        key_form = None if key is None else self.expression(key)
        form = total.Comprehension(self.expression(element), tuple(forms), key_form)
        self.scope = outer
        return form

    def _call(self, node: ast.Call) -> total.Expression:
        match node:
            case ast.Call(func=ast.Name(id=name)):
                return self._function(node, name)
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)):
                store = self._receiver(receiver)
                if store is not None:
                    return self._store_call(node, store, name)
                return self._method(node, receiver, name)
        raise NotTotalError(node, "this call needs the interpreter")

    def _function(self, node: ast.Call, name: str) -> total.Expression:
        if name == "make_response":
            return self._response(node)
        if name in ("list", "tuple", "dict", "isinstance"):
            return self._container(node, name)
        if name not in BUILTINS:
            raise NotTotalError(node, f"{name}() needs the interpreter")
        least, most, known = BUILTINS[name]
        self._count(node, name, node.args, (least, most))
        if any(keyword.arg not in known for keyword in node.keywords):
            raise NotTotalError(node, f"an option of {name}() needs the interpreter")
        options = {str(keyword.arg): self.expression(keyword.value) for keyword in node.keywords}
        match name, node.args:
            case "any" | "all", [ast.GeneratorExp(elt=element, generators=loops)]:
                return total.Exists(name == "all", self._comprehension(element, loops))
            case _, [values] if name in _LOOPING:
                return total.Builtin(name, (self._listed(values),), options)
        return total.Builtin(name, self._all(node.args), options)

    def _container(self, node: ast.Call, name: str) -> total.Expression:
        """Return the form of `list(…)`, `tuple(…)`, `dict(…)` and `isinstance(…)`."""
        match name, node.args, node.keywords:
            case "isinstance", [value, types], []:
                return total.IsInstance(self.expression(value), _types(types))
            case "list" | "tuple", [values], []:
                items = (total.Spread(self._items(values)),)
                return total.Sequence(items, is_tuple=name == "tuple")
            case "list", [], []:
                return total.Sequence(())
            case "dict", [], []:
                return total.Mapped(())
            case "dict", [value], []:
                return total.Mapped(((None, self.expression(value)),))
        raise NotTotalError(node, f"these arguments of {name}() need the interpreter")

    def _items(self, node: ast.expr) -> total.Iterated:
        if isinstance(node, ast.GeneratorExp):
            return total.Iterated("", (self._comprehension(node.elt, node.generators),))
        return self.iterated(node)

    def _listed(self, node: ast.expr) -> total.Expression:
        """Return an argument that a function loops over once."""
        items = self._items(node)
        return items.arguments[0] if not items.view else total.Sequence((total.Spread(items),))

    def _response(self, node: ast.Call) -> total.Mapped:
        if any(isinstance(item, ast.Starred) for item in node.args) or len(node.args) > 3:
            raise NotTotalError(node, "these arguments need the interpreter")
        values: dict[str, total.Expression] = dict.fromkeys(_RESPONSE, _NONE)
        for name, argument in zip(_RESPONSE, node.args, strict=False):
            values[name] = self.expression(argument)
        for keyword in node.keywords:
            if keyword.arg not in _RESPONSE[len(node.args) :]:
                raise NotTotalError(node, "these arguments need the interpreter")
            values[keyword.arg] = self.expression(keyword.value)
        if not node.args and all(keyword.arg != "status" for keyword in node.keywords):
            raise NotTotalError(node, "make_response needs a status")
        return total.Mapped(tuple((total.Constant(k), value) for k, value in values.items()))

    def _receiver(self, node: ast.expr) -> total.Receiver | None:
        match node:
            case ast.Name(id="store"):
                return total.DefaultStore()
            case ast.Name(id="session_store"):
                return total.SessionStore()
            case ast.Name(id=name) if name in self.stores:
                return total.StoreIn(self.place(name))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="session_store"), attr="resource")):
                return self.resource(node)
        return None

    def _store_call(self, node: ast.Call, store: total.Receiver, name: str) -> total.StoreCall:
        is_session = isinstance(store, total.SessionStore)
        known = SESSION_STORE_METHODS - {"resource"} if is_session else STORE_METHODS
        is_hidden = any(isinstance(item, ast.Starred) for item in node.args)
        if name not in known or is_hidden or any(k.arg is None for k in node.keywords):
            raise NotTotalError(node, "this call of a store needs the interpreter")
        options = {str(k.arg): self.expression(k.value) for k in node.keywords}
        return total.StoreCall(store, name, tuple(map(self.expression, node.args)), options)

    def _method(self, node: ast.Call, receiver: ast.expr, name: str) -> total.Method:
        if name not in METHODS or node.keywords or _is_module(receiver):
            raise NotTotalError(node, f".{name}() needs the interpreter")
        self._count(node, f".{name}", node.args, METHODS[name])
        if name == "join":
            return total.Method(self.expression(receiver), name, (self._listed(node.args[0]),))
        arguments = tuple(map(self.expression, node.args))
        return total.Method(self.expression(receiver), name, arguments)

    def _count(
        self, node: ast.AST, name: str, arguments: list[ast.expr], bounds: tuple[int, int]
    ) -> None:
        least, most = bounds
        is_hidden = any(isinstance(item, ast.Starred) for item in arguments)
        if is_hidden or not least <= len(arguments) <= most:
            raise NotTotalError(node, f"these arguments of {name}() need the interpreter")


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("math", "re", "json", "datetime")


def _types(node: ast.expr) -> tuple[str, ...]:
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    names = tuple(item.id for item in nodes if isinstance(item, ast.Name) and item.id in TYPES)
    if len(names) != len(nodes):
        raise NotTotalError(node, "this type needs the interpreter")
    return names


_BY_NODE: Mapping[type[ast.expr], Callable[[Translator, Any], total.Expression]] = {
    ast.BinOp: Translator._binary,
    ast.BoolOp: Translator._logic,
    ast.Call: Translator._call,
    ast.Compare: Translator._comparison,
    ast.Constant: Translator._constant,
    ast.Dict: Translator._dict,
    ast.DictComp: Translator._mapped_loops,
    ast.IfExp: Translator._choice,
    ast.JoinedStr: Translator._joined,
    ast.List: Translator._sequence,
    ast.ListComp: Translator._listed_loops,
    ast.Name: Translator._name,
    ast.Subscript: Translator._subscript,
    ast.Tuple: Translator._sequence,
    ast.UnaryOp: Translator._unary,
}
"""The translation of each kind of expression; all others need the interpreter."""

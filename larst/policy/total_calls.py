"""Translates the calls of a program into the total form: functions, methods, store calls. Pure."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, total
from larst.policy.total_words import BUILTINS, LOOPING, METHODS, TYPES, NotTotalError, check_count

if TYPE_CHECKING:
    from larst.policy.total_expressions import Translator

_RESPONSE = ("status", "body", "headers")
_NONE = total.Constant(None)


def call(node: ast.Call, translator: Translator) -> total.Expression:
    """Return the form of a call."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return _function(node, name, translator)
        case ast.Call(func=ast.Attribute(value=receiver, attr=name)):
            store = _receiver(receiver, translator)
            if store is not None:
                return _store_call(node, store, name, translator)
            return _method(node, receiver, name, translator)
    raise NotTotalError(node, "this call needs the interpreter")


def _function(node: ast.Call, name: str, translator: Translator) -> total.Expression:
    if name == "make_response":
        return _response(node, translator)
    if name in ("list", "tuple", "dict", "isinstance"):
        return _container(node, name, translator)
    if name not in BUILTINS:
        raise NotTotalError(node, f"{name}() needs the interpreter")
    least, most, known = BUILTINS[name]
    check_count(node, name, node.args, (least, most))
    if any(keyword.arg not in known for keyword in node.keywords):
        raise NotTotalError(node, f"an option of {name}() needs the interpreter")
    options = {str(keyword.arg): translator.expression(keyword.value) for keyword in node.keywords}
    match name, node.args:
        case "any" | "all", [ast.GeneratorExp(elt=element, generators=loops)]:
            return total.Exists(name == "all", translator.comprehension(element, loops))
        case _, [values] if name in LOOPING:
            return total.Builtin(name, (translator.listed(values),), options)
    return total.Builtin(name, translator.expressions(node.args), options)


def _container(node: ast.Call, name: str, translator: Translator) -> total.Expression:
    """Return the form of `list(…)`, `tuple(…)`, `dict(…)` and `isinstance(…)`."""
    match name, node.args, node.keywords:
        case "isinstance", [value, types], []:
            return total.IsInstance(translator.expression(value), _types(types))
        case "list" | "tuple", [values], []:
            items = (total.Spread(translator.items(values)),)
            return total.Sequence(items, is_tuple=name == "tuple")
        case "list", [], []:
            return total.Sequence(())
        case "dict", [], []:
            return total.Mapped(())
        case "dict", [value], []:
            return total.Mapped(((None, translator.expression(value)),))
    raise NotTotalError(node, f"these arguments of {name}() need the interpreter")


def _response(node: ast.Call, translator: Translator) -> total.Mapped:
    if any(isinstance(item, ast.Starred) for item in node.args) or len(node.args) > 3:
        raise NotTotalError(node, "these arguments need the interpreter")
    values: dict[str, total.Expression] = dict.fromkeys(_RESPONSE, _NONE)
    for name, argument in zip(_RESPONSE, node.args, strict=False):
        values[name] = translator.expression(argument)
    for keyword in node.keywords:
        if keyword.arg not in _RESPONSE[len(node.args) :]:
            raise NotTotalError(node, "these arguments need the interpreter")
        values[keyword.arg] = translator.expression(keyword.value)
    if not node.args and all(keyword.arg != "status" for keyword in node.keywords):
        raise NotTotalError(node, "make_response needs a status")
    return total.Mapped(tuple((total.Constant(k), value) for k, value in values.items()))


def _receiver(node: ast.expr, translator: Translator) -> total.Receiver | None:
    match node:
        case ast.Name(id="store"):
            return total.DefaultStore()
        case ast.Name(id="session_store"):
            return total.SessionStore()
        case ast.Name(id=name) if name in translator.stores:
            return total.StoreIn(translator.place(name))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="session_store"), attr="resource")):
            return translator.resource(node)
    return None


def _store_call(
    node: ast.Call, store: total.Receiver, name: str, translator: Translator
) -> total.StoreCall:
    is_session = isinstance(store, total.SessionStore)
    known = SESSION_STORE_METHODS - {"resource"} if is_session else STORE_METHODS
    is_hidden = any(isinstance(item, ast.Starred) for item in node.args)
    if name not in known or is_hidden or any(k.arg is None for k in node.keywords):
        raise NotTotalError(node, "this call of a store needs the interpreter")
    options = {str(k.arg): translator.expression(k.value) for k in node.keywords}
    return total.StoreCall(store, name, tuple(map(translator.expression, node.args)), options)


def _method(node: ast.Call, receiver: ast.expr, name: str, translator: Translator) -> total.Method:
    if name not in METHODS or node.keywords or _is_module(receiver):
        raise NotTotalError(node, f".{name}() needs the interpreter")
    check_count(node, f".{name}", node.args, METHODS[name])
    if name == "join":
        return total.Method(
            translator.expression(receiver), name, (translator.listed(node.args[0]),)
        )
    arguments = tuple(map(translator.expression, node.args))
    return total.Method(translator.expression(receiver), name, arguments)


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("math", "re", "json", "datetime")


def _types(node: ast.expr) -> tuple[str, ...]:
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    names = tuple(item.id for item in nodes if isinstance(item, ast.Name) and item.id in TYPES)
    if len(names) != len(nodes):
        raise NotTotalError(node, "this type needs the interpreter")
    return names

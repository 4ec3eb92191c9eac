"""Closures of store calls, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from larst.direct.compiler import Compiler
from larst.direct.frames import Evaluate, Frame
from larst.direct.limits import CHARACTERS_PER_STEP, Run, SandboxNeededError
from larst.direct.operations import charge_text, joined_keys, size_of_text
from larst.domain import total

_CONTAINERS = frozenset({dict, list, tuple})

_WRITES = frozenset({"insert", "replace", "update"})
"""Calls that return a record as it was stored: its values are checked and counted."""


def store_call(form: total.StoreCall, compiler: Compiler) -> Evaluate:
    """Return the closure of a store call; its arguments are charged with all that is in them."""
    receiver, method = receiver_of(form.receiver, compiler), form.method
    arguments, options = compiler.expressions(form.arguments), compiler.options(form.options)
    resource, writes = _called_resource(form.receiver), method in _WRITES

    def call(frame: Frame) -> Any:
        run: Run = frame[0]
        store = receiver(frame)
        values = [argument(frame) for argument in arguments]
        for value in values:
            # The store counts the values of a record that it writes. One from the body is a tree;
            # one that the program made may hold a container many times.
            if not (writes and type(value) is dict and value is run.payload):
                _charge(run, value)
        keywords: dict[str, Any] = {}
        for name, option in options.items():
            keywords[name] = value = option(frame)
            _charge(run, value)
        run.note_call(resource(run, store), method)
        result = getattr(store, method)(*values, **keywords)
        if writes:
            run.note_record(store, result)
        return result

    return call


def receiver_of(form: total.Receiver, compiler: Compiler) -> Evaluate:
    """Return the closure that gives the store to call."""
    match form:
        case total.DefaultStore():
            return _default_store
        case total.SessionStore():
            return lambda frame: frame[0].view
        case total.StoreIn(place):
            return compiler.expression(total.Load(place))
        case total.ResourceOf(name):
            return _resource(compiler.expression(name))


def _charge(run: Run, value: Any) -> None:
    """Charge for all values in an argument.

    The store copies an argument with everything in it, and a container may hold another one many
    times. What the store looks at is limited by the store itself.
    """
    stack: list[Any] = [(value,)]
    while stack:
        container = stack.pop()
        run.charge_operation(1 + len(container) // 2)
        is_record = type(container) is dict
        if is_record:
            charge_text(run, size_of_text(joined_keys(container)))
        for item in container.values() if is_record else container:
            if type(item) is str:
                if len(item) >= CHARACTERS_PER_STEP:
                    charge_text(run, size_of_text(item))
            elif type(item) in _CONTAINERS:
                stack.append(item)


def _default_store(frame: Frame) -> Any:
    store = frame[0].store
    if store is None:
        raise SandboxNeededError("no store")
    return store


def _called_resource(receiver: total.Receiver) -> Callable[[Run, Any], str | None]:
    """Return how the resource of a called store is found, for telemetry."""
    if isinstance(receiver, total.DefaultStore):
        return lambda run, _store: run.resource
    if isinstance(receiver, total.SessionStore):
        return lambda _run, _store: None
    return lambda _run, store: getattr(store, "name", None)


def _resource(name: Evaluate) -> Evaluate:
    def resource(frame: Frame) -> Any:
        run: Run = frame[0]
        run.note_call(None, "resource")
        return run.view.resource(name(frame))

    return resource

"""Closures of store calls, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from larst.direct.compiler import Compiler
from larst.direct.frames import Evaluate, Frame
from larst.direct.limits import Run, SandboxNeededError
from larst.domain import total

STEPS_PER_RECORD = 2
SORT_STEPS_PER_RECORD = 4
SCANS = frozenset({"aggregate", "count", "search"})
"""Methods that look at every record if they have arguments."""

_SORT_PLACES = {"list": 2, "search": 3}
"""Which argument is the order, counted from 0."""


def store_call(form: total.StoreCall, compiler: Compiler) -> Evaluate:
    """Return the closure of a store call; its arguments are charged with all that is in them."""
    receiver, method = receiver_of(form.receiver, compiler), form.method
    arguments, options = compiler.expressions(form.arguments), compiler.options(form.options)
    resource = _called_resource(form.receiver)
    sort_place = _SORT_PLACES.get(method)
    is_scan = method in SCANS or sort_place is not None

    def call(frame: Frame) -> Any:
        run: Run = frame[0]
        store = receiver(frame)
        values = [argument(frame) for argument in arguments]
        keywords = {name: option(frame) for name, option in options.items()}
        tests = sum([_charge(run, value) for value in (*values, *keywords.values())])
        run.note_call(resource(run, store), method)
        if is_scan:
            sort = keywords.get("sort")
            if sort_place is not None and len(values) > sort_place:
                sort = values[sort_place]
            steps = STEPS_PER_RECORD * tests if method != "list" else 0
            steps += SORT_STEPS_PER_RECORD * _keys_of(sort)
            run.charge(steps * getattr(store, "stored_count", 0))
        return getattr(store, method)(*values, **keywords)

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


def _charge(run: Run, value: Any) -> int:
    """Charge for all values in an argument; return how many tests it makes of each record.

    The store copies an argument with everything in it, and a container may hold another one many
    times. Each entry of criteria is a test; a list of choices for `__in` is a single one.
    """
    kind = type(value)
    if kind is not dict and kind is not list and kind is not tuple:
        return 0
    tests = 0
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            run.charge(1 + len(item) // 4)
            for key, operand in item.items():
                is_list = type(operand) is list and not str(key).endswith("__in")
                tests += max(1, len(operand)) if is_list else 1
            stack.extend(item.values())
        elif kind is list or kind is tuple:
            run.charge(1 + len(item) // 4)
            stack.extend(item)
    return tests


def _keys_of(sort: Any) -> int:
    """Return by how many fields an order sorts."""
    return sort.count(",") + 1 if type(sort) is str and sort else 0


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

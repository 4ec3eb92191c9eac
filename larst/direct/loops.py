"""Closures of loops in comprehensions, and of what a loop runs over.

A pass through a loop costs the size of its parts. Views are those of Python, so that a dict that
changes its size in a loop is an error, which a worker then names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from larst.direct.compiler import Compiler
from larst.direct.frames import Evaluate, Frame, size_of
from larst.direct.limits import Run, SandboxNeededError
from larst.direct.operations import items_of, key_of, looped
from larst.domain import total

Visit: TypeAlias = Callable[[Frame], None]
Each: TypeAlias = Callable[[Frame, Visit], None]
"""Calls a function for each pass through nested loops."""

_MAX_START = 2**31
"""From there on, counters of the interpreter and of Python differ after a few more digits."""


class _DecidedError(Exception):
    """Ends the loops of `any` and `all`."""


def iterated(form: total.Iterated, compiler: Compiler) -> Evaluate:
    """Return the closure that gives what a loop runs over, charged for its length."""
    arguments = compiler.expressions(form.arguments)
    match form.view:
        case "":
            (values,) = arguments
            return lambda frame: looped(frame[0], values(frame))
        case "items" | "keys" | "values" as view:
            return _dict_view(arguments[0], view)
        case "enumerate":
            return _enumerated(*arguments)
        case "reversed":
            return _reversed(arguments[0])
        case "zip":
            return _zipped(arguments)
    return _ranged(arguments)


def comprehension(form: total.Comprehension, compiler: Compiler) -> Evaluate:
    """Return the closure that makes a list, or a dict, in loops."""
    element = compiler.expression(form.element)
    each = _loops(form.loops, size_of(form.element) + size_of(form.key), compiler)
    if form.key is None:

        def listed(frame: Frame) -> list[Any]:
            built: list[Any] = []
            each(frame, lambda inner: built.append(element(inner)))
            return built

        return compiler.made(listed)
    key = compiler.expression(form.key)

    def mapped(frame: Frame) -> dict[Any, Any]:
        built: dict[Any, Any] = {}

        def add(inner: Frame) -> None:
            name = key_of(key(inner))
            built[name] = element(inner)

        each(frame, add)
        return built

    return compiler.made(mapped)


def exists(form: total.Exists, compiler: Compiler) -> Evaluate:
    """Return the closure of `any` or `all` of a generator: it stops where it is decided."""
    element, is_all = compiler.expression(form.items.element), form.is_all
    each = _loops(form.items.loops, size_of(form.items.element), compiler)

    def check(frame: Frame) -> None:
        if bool(element(frame)) is not is_all:
            raise _DecidedError

    def decide(frame: Frame) -> bool:
        try:
            each(frame, check)
        except _DecidedError:
            return not is_all
        return is_all

    return decide


def _loops(loops: tuple[total.Loop, ...], cost: int, compiler: Compiler) -> Each:
    """Return the closure of nested loops; `cost` is that of the innermost pass."""
    loop, *inner = loops
    items, assign = iterated(loop.items, compiler), compiler.target(loop.target)
    tests = compiler.expressions(loop.tests)
    # What an inner loop runs over is evaluated in each pass of the outer one.
    steps = 1 + size_of(loop.tests) + (size_of(inner[0].items) if inner else cost)
    deeper = _loops(tuple(inner), cost, compiler) if inner else _visit

    def each(frame: Frame, visit: Visit) -> None:
        run: Run = frame[0]
        for item in items(frame):
            run.charge(steps)
            assign(frame, item)
            for test in tests:
                if not test(frame):
                    break
            else:
                deeper(frame, visit)

    return each


def _visit(frame: Frame, visit: Visit) -> None:
    visit(frame)


def _dict_view(value: Evaluate, view: str) -> Evaluate:
    def items(frame: Frame) -> Any:
        record = value(frame)
        if type(record) is not dict:
            raise SandboxNeededError(f".{view}() of this value")
        frame[0].charge(len(record))
        return getattr(record, view)()

    return items


def _snapshot(run: Run, value: Any) -> list[Any]:
    """Return the items of a value now: as the interpreter, `enumerate` and `zip` do not see more.

    A dict that changes its size is an error there, and not here.
    """
    if type(value) is dict:
        raise SandboxNeededError("a dict in enumerate or zip")
    return list(items_of(run, value))


def _enumerated(value: Evaluate, start: Evaluate | None = None) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = _snapshot(frame[0], value(frame))
        first = 0 if start is None else start(frame)
        if type(first) is not int or abs(first) > _MAX_START:
            raise SandboxNeededError("this start of enumerate")
        return enumerate(values, first)

    return items


def _reversed(value: Evaluate) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = value(frame)
        if type(values) not in (list, tuple, str):
            raise SandboxNeededError("reversed of this value")
        frame[0].charge(len(values))
        return reversed(values)

    return items


def _zipped(values: list[Evaluate]) -> Evaluate:
    def items(frame: Frame) -> Any:
        return zip(*[_snapshot(frame[0], value(frame)) for value in values], strict=False)

    return items


def _ranged(bounds: list[Evaluate]) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = [bound(frame) for bound in bounds]
        if any(type(value) is not int for value in values):
            raise SandboxNeededError("this range")
        result = range(*values)
        frame[0].charge(len(result))
        return result

    return items

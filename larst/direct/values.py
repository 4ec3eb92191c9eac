"""Closures of literals, variables, containers and their items."""

from __future__ import annotations

from typing import Any

from larst.direct.compiler import Compiler
from larst.direct.frames import FIRST_PLACE, UNSET, Evaluate, Frame
from larst.direct.limits import CHARACTERS_PER_STEP, Run, SandboxNeededError
from larst.direct.loops import iterated
from larst.direct.operations import charge_text, key_of, scalar_text, size_of_text
from larst.domain import total


def constant(form: total.Constant, _compiler: Compiler) -> Evaluate:
    """Return the closure of a literal."""
    value = form.value
    return lambda _frame: value


def load(form: total.Load, _compiler: Compiler) -> Evaluate:
    """Return the closure of a variable."""
    place = form.place + FIRST_PLACE

    def value_of(frame: Frame) -> Any:
        value = frame[place]
        if value is UNSET:
            raise SandboxNeededError("a variable without a value")
        return value

    return value_of


def sequence(form: total.Sequence, compiler: Compiler) -> Evaluate:
    """Return the closure that makes a list or a tuple."""
    plain = [item for item in form.items if not isinstance(item, total.Spread)]
    is_plain = len(plain) == len(form.items)
    build = _listed(compiler.expressions(tuple(plain))) if is_plain else _spread(form, compiler)
    return (lambda frame: tuple(build(frame))) if form.is_tuple else compiler.made(build)


def _listed(items: list[Evaluate]) -> Evaluate:
    return lambda frame: [evaluate(frame) for evaluate in items]


def _spread(form: total.Sequence, compiler: Compiler) -> Evaluate:
    parts = [
        (iterated(item.items, compiler), True)
        if isinstance(item, total.Spread)
        else (compiler.expression(item), False)
        for item in form.items
    ]

    def build(frame: Frame) -> list[Any]:
        built: list[Any] = []
        for evaluate, is_spread in parts:
            if is_spread:
                built.extend(evaluate(frame))
            else:
                built.append(evaluate(frame))
        return built

    return build


def mapped(form: total.Mapped, compiler: Compiler) -> Evaluate:
    """Return the closure that makes a dict."""
    if all(isinstance(key, total.Constant) for key, _ in form.entries):
        values = [
            (key.value, compiler.expression(value))
            for key, value in form.entries
            if isinstance(key, total.Constant)
        ]
        return compiler.made(lambda frame: {key: evaluate(frame) for key, evaluate in values})
    entries = [
        (None if key is None else compiler.expression(key), compiler.expression(value))
        for key, value in form.entries
    ]

    def build(frame: Frame) -> dict[Any, Any]:
        built: dict[Any, Any] = {}
        for key, evaluate in entries:
            if key is not None:
                name = key_of(key(frame))
                built[name] = evaluate(frame)
                continue
            value = evaluate(frame)
            if type(value) is not dict:
                raise SandboxNeededError("`**` of another value than a dict")
            frame[0].charge_operation(2 * len(value))
            built.update(value)
        return built

    return compiler.made(build)


def text(form: total.Text, compiler: Compiler) -> Evaluate:
    """Return the closure of an f-string."""
    parts = compiler.expressions(form.parts)

    def build(frame: Frame) -> str:
        run: Run = frame[0]
        texts: list[str] = []
        for part in parts:
            piece = scalar_text(run, part(frame))
            charge_text(run, size_of_text(piece))
            texts.append(piece)
        return "".join(texts)

    return build


def item(form: total.Item, compiler: Compiler) -> Evaluate:
    """Return the closure of `container[key]`."""
    container = compiler.expression(form.container)
    if isinstance(form.key, total.Constant) and type(form.key.value) is str:
        name = form.key.value

        def get(frame: Frame) -> Any:
            value = container(frame)
            if type(value) is not dict:
                raise SandboxNeededError("this item")
            return value[name]

        return get
    key = compiler.expression(form.key)

    def get_any(frame: Frame) -> Any:
        value, place = container(frame), key_of(key(frame))
        kind = type(value)
        if kind is dict or (kind in (list, tuple, str) and type(place) is int):
            return value[place]
        raise SandboxNeededError("this item")

    return get_any


def part(form: total.Part, compiler: Compiler) -> Evaluate:
    """Return the closure of `sequence[start:stop]`."""
    whole = compiler.expression(form.sequence)
    start = compiler.expression(form.start or total.Constant(None))
    stop = compiler.expression(form.stop or total.Constant(None))

    def cut(frame: Frame) -> Any:
        value, low, high = whole(frame), start(frame), stop(frame)
        kind = type(value)
        bounds = {type(low), type(high)}
        if kind not in (list, tuple, str) or not bounds <= {int, type(None)}:
            raise SandboxNeededError("this slice")
        size = len(range(*slice(low, high).indices(len(value))))
        frame[0].charge_operation(4 * size // CHARACTERS_PER_STEP if kind is str else size)
        return value[low:high]

    return compiler.made(cut)

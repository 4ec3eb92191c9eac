"""Turns the statements of the total form into closures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from larst.direct.compiler import Compiler
from larst.direct.frames import FIRST_PLACE, Frame, size_of
from larst.direct.limits import Run, SandboxNeededError
from larst.direct.loops import iterated
from larst.direct.operations import key_of
from larst.direct.store_calls import receiver_of
from larst.domain import total

Execute: TypeAlias = Callable[[Frame], object]
"""Executes a statement; returns a mark if a loop is to be left or continued, else None."""

_BREAK, _CONTINUE = "break", "continue"


def block(body: total.Block, compiler: Compiler) -> Execute:
    """Return the closure that executes statements one after the other."""
    steps = [_statement(form, compiler) for form in body]
    if len(steps) == 1:
        return steps[0]

    def execute(frame: Frame) -> object:
        for step in steps:
            if (mark := step(frame)) is not None:
                return mark
        return None

    return execute


def _statement(form: total.Statement, compiler: Compiler) -> Execute:
    return _BY_FORM[type(form)](form, compiler)


def _assign(form: total.Assign, compiler: Compiler) -> Execute:
    target, evaluate = form.target, compiler.expression(form.value)
    if isinstance(target, int):
        place = target + FIRST_PLACE

        def assign(frame: Frame) -> None:
            frame[place] = evaluate(frame)

        return assign
    store = compiler.target(target)
    return lambda frame: store(frame, evaluate(frame))


def _assign_store(form: total.AssignStore, compiler: Compiler) -> Execute:
    place, evaluate = form.place + FIRST_PLACE, receiver_of(form.receiver, compiler)

    def assign(frame: Frame) -> None:
        frame[place] = evaluate(frame)

    return assign


def _set_item(form: total.SetItem, compiler: Compiler) -> Execute:
    value = compiler.expression(form.value)
    container, key = compiler.expression(form.container), compiler.expression(form.key)

    def set_item(frame: Frame) -> None:
        run: Run = frame[0]
        item, target, place = value(frame), container(frame), key_of(key(frame))
        run.check_owned(target)
        kind = type(target)
        if not (kind is dict or (kind is list and type(place) is int)):
            raise SandboxNeededError("this assignment")
        run.charge(1)
        target[place] = item

    return set_item


def _evaluate(form: total.Evaluate, compiler: Compiler) -> Execute:
    evaluate = compiler.expression(form.value)

    def execute(frame: Frame) -> None:
        evaluate(frame)

    return execute


def _if(form: total.If, compiler: Compiler) -> Execute:
    test, body = compiler.expression(form.test), block(form.body, compiler)
    other = block(form.other, compiler)
    return lambda frame: body(frame) if test(frame) else other(frame)


def _for(form: total.For, compiler: Compiler) -> Execute:
    items, assign = iterated(form.items, compiler), compiler.target(form.target)
    body, other = block(form.body, compiler), block(form.other, compiler)
    steps = 1 + size_of(form.body)

    def execute(frame: Frame) -> object:
        run: Run = frame[0]
        values: Any = items(frame)
        for item in values:
            run.charge(steps)
            assign(frame, item)
            if body(frame) == _BREAK:
                return None
        return other(frame)

    return execute


_BY_FORM: Mapping[type, Callable[[Any, Compiler], Execute]] = {
    total.Assign: _assign,
    total.AssignStore: _assign_store,
    total.Break: lambda _form, _compiler: lambda _frame: _BREAK,
    total.Continue: lambda _form, _compiler: lambda _frame: _CONTINUE,
    total.Evaluate: _evaluate,
    total.For: _for,
    total.If: _if,
    total.SetItem: _set_item,
}

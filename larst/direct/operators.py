"""Closures of operators, functions and methods, over the tables of `operations` and `methods`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larst.direct.compiler import Compiler
from larst.direct.frames import Evaluate, Frame
from larst.direct.limits import SandboxNeededError
from larst.direct.methods import METHODS
from larst.direct.operations import BINARY, BUILTINS, COMPARISONS, signed
from larst.direct.replacements import replacements
from larst.domain import total

_TYPES: Mapping[str, type] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
}
_NEW_CONTAINERS = frozenset({"copy", "split"})
"""Methods whose result is a container of the program's own."""


def unary(form: total.Unary, compiler: Compiler) -> Evaluate:
    """Return the closure of `not`, `-` or `+`."""
    operand = compiler.expression(form.operand)
    if form.operator == "not":
        return lambda frame: not operand(frame)
    is_minus = form.operator == "-"
    return lambda frame: signed(operand(frame), is_negative=is_minus)


def binary(form: total.Binary, compiler: Compiler) -> Evaluate:
    """Return the closure of an arithmetic operator."""
    first, second = compiler.expression(form.left), compiler.expression(form.right)
    compute = BINARY[form.operator]
    return lambda frame: compute(frame[0], first(frame), second(frame))


def comparison(form: total.Comparison, compiler: Compiler) -> Evaluate:
    """Return the closure of a chain of comparisons."""
    first = compiler.expression(form.first)
    operands = [(symbol, compiler.expression(operand)) for symbol, operand in form.chain]
    if len(operands) == 1:
        return _one_comparison(first, *operands[0])
    chain = [(COMPARISONS[symbol], operand) for symbol, operand in operands]

    def compare(frame: Frame) -> bool:
        value = first(frame)
        for test, operand in chain:
            following = operand(frame)
            if not test(frame[0], value, following):
                return False
            value = following
        return True

    return compare


def _one_comparison(first: Evaluate, symbol: str, second: Evaluate) -> Evaluate:
    if symbol == "is":
        return lambda frame: first(frame) is second(frame)
    if symbol == "is not":
        return lambda frame: first(frame) is not second(frame)
    compare = COMPARISONS[symbol]
    return lambda frame: compare(frame[0], first(frame), second(frame))


def logic(form: total.Logic, compiler: Compiler) -> Evaluate:
    """Return the closure of `and` or `or`."""
    *values, last = compiler.expressions(form.values)
    is_and = form.is_and

    def decide(frame: Frame) -> Any:
        for evaluate in values:
            value = evaluate(frame)
            if bool(value) is not is_and:
                return value
        return last(frame)

    return decide


def choice(form: total.Choice, compiler: Compiler) -> Evaluate:
    """Return the closure of `value if test else other`."""
    test, value, other = compiler.expressions((form.test, form.value, form.other))
    return lambda frame: value(frame) if test(frame) else other(frame)


def builtin(form: total.Builtin, compiler: Compiler) -> Evaluate:
    """Return the closure of a call of a built-in function."""
    call, arguments = BUILTINS[form.name], compiler.expressions(form.arguments)
    options = compiler.options(form.options)
    if len(arguments) == 1 and not options and form.name != "sorted":
        (argument,) = arguments
        return lambda frame: call(frame[0], argument(frame))

    def apply(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        keywords = {name: option(frame) for name, option in options.items()}
        return call(frame[0], *values, **keywords)

    return compiler.made(apply) if form.name == "sorted" else apply


def is_instance(form: total.IsInstance, compiler: Compiler) -> Evaluate:
    """Return the closure of `isinstance`."""
    value, types = compiler.expression(form.value), tuple(_TYPES[name] for name in form.types)
    return lambda frame: isinstance(value(frame), types)


def method(form: total.Method, compiler: Compiler) -> Evaluate:
    """Return the closure of a call of a method; the type of the receiver decides which."""
    if (chain := replacements(form, compiler)) is not None:
        return chain
    receiver, name = compiler.expression(form.receiver), form.name
    arguments = compiler.expressions(form.arguments)
    by_type = {kind: table[name] for kind, table in METHODS.items() if name in table}
    constants = [form.value for form in form.arguments if isinstance(form, total.Constant)]
    has_constants = len(constants) == len(arguments)

    def call(frame: Frame) -> Any:
        value = receiver(frame)
        apply = by_type.get(type(value))
        if apply is None:
            raise SandboxNeededError(f".{name}() of this value")
        if has_constants:
            return apply(frame[0], value, *constants)
        return apply(frame[0], value, *[argument(frame) for argument in arguments])

    return compiler.made(call) if name in _NEW_CONTAINERS else call

"""The operators, functions and methods of direct execution, as tables.

Each behaves exactly as in the interpreter for the values that it accepts, and raises
SandboxNeededError for all others: also where the interpreter would raise an error. Each charges the
run for what it copies or looks through before it does so.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from larst.direct.limits import (
    CHARACTERS_PER_STEP,
    INTEGER_LIMIT,
    OPERATION_STEPS,
    Run,
    SandboxNeededError,
)

_NUMBERS = (int, float)
_SCALARS = frozenset({str, int, float, bool, type(None)})
_MAX_NUMERAL = 400

_SEARCHED_PER_STEP = 8
_COMPARED_PER_STEP = 2048
_LONG_TEXT = 30_000


def is_number(value: Any) -> bool:
    """Return whether a value is an integer or a float; a boolean is neither here."""
    return type(value) in _NUMBERS


def key_of(value: Any) -> Any:
    """Return a key of a dict, or an index: a scalar.

    The hash of a tuple takes time for everything in it, also for what it holds many times.
    """
    if type(value) not in _SCALARS:
        raise SandboxNeededError("a container as a key")
    return value


def scalar_text(run: Run, value: Any) -> str:
    """Return `str(value)` of a string, number, boolean or None."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind not in _SCALARS:
        raise SandboxNeededError("the text of a container")
    run.charge(1)
    return str(value)


def size_of_text(text: str) -> int:
    """Return what a text counts: beyond ASCII, a character takes four times the time and memory."""
    return len(text) if text.isascii() else 4 * len(text)


def joined_keys(record: Mapping[Any, Any]) -> str:
    """Return all keys of a dict as one text: a loop over them would take ten times as long."""
    try:
        return "".join(record)
    except TypeError as error:
        raise SandboxNeededError("a key of another type than a string") from error


def charge_text(run: Run, size: int) -> None:
    """Charge for making or looking through a text."""
    run.charge_operation(size // CHARACTERS_PER_STEP)


def charge_search(run: Run, text: str, wanted: str) -> None:
    """Charge for looking for a text in another.

    Python compares each place with the wanted text, unless both are long.
    """
    steps = (len(text) + len(wanted)) // _SEARCHED_PER_STEP
    if len(text) <= _LONG_TEXT:
        steps += len(text) * len(wanted) // _COMPARED_PER_STEP
    run.charge_operation(steps)


def bounded(value: Any) -> Any:
    """Return a computed number if JSON can represent it in 64 bits."""
    if type(value) is int:
        if -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            return value
    elif type(value) is float and math.isfinite(value):
        return value
    raise SandboxNeededError("a number out of range")


def signed(value: Any, *, is_negative: bool) -> Any:
    """Return `-value` or `+value` of a number."""
    if type(value) not in _NUMBERS:
        raise SandboxNeededError("a sign before another value than a number")
    return bounded(-value) if is_negative else value


def _both_numbers(first: Any, second: Any) -> None:
    if type(first) not in _NUMBERS or type(second) not in _NUMBERS:
        raise SandboxNeededError("arithmetic with other values than numbers")


def _add(run: Run, first: Any, second: Any) -> Any:
    kind = type(first)
    if kind is str and type(second) is str:
        charge_text(run, size_of_text(first) + size_of_text(second))
        return first + second
    if kind in (list, tuple) and type(second) is kind:
        run.charge_operation(len(first) + len(second))
        return first + second
    _both_numbers(first, second)
    return bounded(first + second)


def _add_in_place(run: Run, first: Any, second: Any) -> Any:
    if type(first) is list:
        raise SandboxNeededError("a list extended in place")
    return _add(run, first, second)


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Run, Any, Any], Any]:
    def apply(_run: Run, first: Any, second: Any) -> Any:
        _both_numbers(first, second)
        return bounded(compute(first, second))

    return apply


BINARY: Mapping[str, Callable[[Run, Any, Any], Any]] = {
    "+": _add,
    "+=": _add_in_place,
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "//": _arithmetic(operator.floordiv),
    "%": _arithmetic(operator.mod),
}


def _charge_texts(run: Run, first: Any, second: Any) -> None:
    """Charge for a comparison of two texts, which ends where they differ."""
    if type(first) is str and type(second) is str and len(first) >= CHARACTERS_PER_STEP:
        charge_text(run, min(len(first), len(second)))


def _equal(run: Run, first: Any, second: Any) -> bool:
    if type(first) in _SCALARS or type(second) in _SCALARS:
        _charge_texts(run, first, second)
        return bool(first == second)
    if not first or not second:  # an empty container
        return bool(first == second)
    raise SandboxNeededError("a comparison of containers")


def _unequal(run: Run, first: Any, second: Any) -> bool:
    return not _equal(run, first, second)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Run, Any, Any], bool]:
    def apply(run: Run, first: Any, second: Any) -> bool:
        if type(first) is str and type(second) is str:
            _charge_texts(run, first, second)
            return compare(first, second)
        _both_numbers(first, second)
        return compare(first, second)

    return apply


def _contains(run: Run, item: Any, container: Any) -> bool:
    kind = type(container)
    if type(item) not in _SCALARS:
        raise SandboxNeededError("a container looked for in another")
    if kind is dict:
        return item in container
    if kind is str and type(item) is str:
        charge_search(run, container, item)
        return item in container
    if kind is list or kind is tuple:
        size = len(item) if type(item) is str else 0
        run.charge_operation(len(container) // 4 + len(container) * size // CHARACTERS_PER_STEP)
        return item in container
    raise SandboxNeededError("`in` of this value")


def _lacks(run: Run, item: Any, container: Any) -> bool:
    return not _contains(run, item, container)


def _is(_run: Run, first: Any, second: Any) -> bool:
    return first is second


def _is_not(_run: Run, first: Any, second: Any) -> bool:
    return first is not second


COMPARISONS: Mapping[str, Callable[[Run, Any, Any], bool]] = {
    "==": _equal,
    "!=": _unequal,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _contains,
    "not in": _lacks,
    "is": _is,
    "is not": _is_not,
}


Items: TypeAlias = Sequence[Any] | dict[str, Any] | str


def items_of(run: Run, value: Any) -> Items:
    """Return a value that an operation runs over, and charge for its length."""
    items = looped(run, value)
    if len(items) > OPERATION_STEPS:
        raise SandboxNeededError("one operation on too many values")
    return items


def looped(run: Run, value: Any) -> Items:
    """Return a value that a loop runs over, and charge for its length."""
    if type(value) not in (list, tuple, dict, str):
        raise SandboxNeededError("a loop over this value")
    run.charge(len(value))
    result: Items = value
    return result


def _alike(run: Run, values: Any) -> list[Any]:
    """Return the values if all are numbers, or all are strings."""
    items = list(items_of(run, values))
    kinds = {type(item) for item in items}
    if kinds == {str}:
        charge_text(run, sum(map(size_of_text, items)))
    if not (kinds <= {int, float} or kinds == {str}):
        raise SandboxNeededError("values that cannot be compared")
    return items


def _len(_run: Run, value: Any) -> int:
    if type(value) not in (str, list, tuple, dict):
        raise SandboxNeededError("the length of this value")
    return len(value)


def _numeral(kind: type[int] | type[float]) -> Callable[[Run, Any], Any]:
    """Return `int` or `float`, of scalars; texts only in ASCII."""

    def apply(_run: Run, value: Any) -> Any:
        if type(value) not in _SCALARS:
            raise SandboxNeededError("a number of this value")
        if type(value) is str and not (len(value) <= _MAX_NUMERAL and value.isascii()):
            raise SandboxNeededError("a long numeral, or one in other digits")
        return bounded(kind(value))

    return apply


def _abs(_run: Run, value: Any) -> Any:
    if not is_number(value):
        raise SandboxNeededError("the absolute value of this value")
    return bounded(abs(value))


def _round(_run: Run, value: Any, digits: Any = None) -> Any:
    if type(value) is not int or digits is not None:
        raise SandboxNeededError("rounding, for which the interpreter has another rule")
    return value


def _extreme(choose: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(run: Run, *values: Any, **options: Any) -> Any:
        items = _alike(run, values[0] if len(values) == 1 else values)
        if not items and "default" in options:
            return options["default"]
        return choose(items)  # of nothing, it raises, as the interpreter does

    return apply


def _sum(run: Run, values: Any) -> Any:
    items = _alike(run, values)
    if items and type(items[0]) is str:
        raise SandboxNeededError("a sum of strings")
    return bounded(reduce(operator.add, items, 0))  # from Python 3.12, `sum` of floats compensates


def _sorted(run: Run, values: Any, *, reverse: Any = False) -> list[Any]:
    items = _alike(run, values)
    run.charge_operation(len(items) * 4)
    if items and type(items[0]) is str:
        charge_text(run, sum(map(size_of_text, items)) * len(items).bit_length())
    return sorted(items, reverse=bool(reverse))


def _any(run: Run, values: Any) -> bool:
    return any(items_of(run, values))


def _all(run: Run, values: Any) -> bool:
    return all(items_of(run, values))


def _bool(_run: Run, value: Any) -> bool:
    return bool(value)


BUILTINS: Mapping[str, Callable[..., Any]] = {
    "len": _len,
    "str": scalar_text,
    "int": _numeral(int),
    "float": _numeral(float),
    "bool": _bool,
    "abs": _abs,
    "round": _round,
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "sorted": _sorted,
    "any": _any,
    "all": _all,
}

"""The methods of strings, lists and dicts in direct execution, as tables by type.

As in `larst.direct.operations`: exactly the interpreter's behaviour, or SandboxNeededError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from larst.direct.limits import CHARACTERS_PER_STEP, Run, SandboxNeededError
from larst.direct.operations import charge_search, charge_text, items_of, key_of, size_of_text

Apply = Callable[..., Any]

_MAX_STRIPPED = 16

CHANGING = frozenset({"append", "extend", "insert", "pop", "setdefault", "update"})
"""Methods that change their receiver."""


def _checked(*types: type) -> Callable[[tuple[Any, ...]], None]:
    def check(arguments: tuple[Any, ...]) -> None:
        for argument, kind in zip(arguments, types, strict=False):
            if type(argument) is not kind:
                raise SandboxNeededError("an argument of another type")

    return check


def _of_text(method: Callable[..., Any], *types: type) -> Apply:
    """Return a method of strings that looks through its receiver once."""
    check = _checked(*types)

    def apply(run: Run, text: str, *arguments: Any) -> Any:
        check(arguments)
        charge_text(run, size_of_text(text))
        for argument in arguments:
            charge_search(run, text, argument)
        return method(text, *arguments)

    return apply


def _strip(method: Callable[..., str]) -> Apply:
    def apply(run: Run, text: str, *arguments: Any) -> str:
        _checked(str)(arguments)
        if arguments and len(arguments[0]) > _MAX_STRIPPED:
            raise SandboxNeededError("many characters to strip")
        run.charge_operation(len(text) // 4)  # each is looked for among those to strip
        return method(text, *arguments)

    return apply


def _split(run: Run, text: str, *arguments: Any) -> list[str]:
    _checked(str, int)(arguments)
    run.charge_operation(len(text) // 4)  # each character may become a part
    if arguments:
        charge_search(run, text, arguments[0])
    parts = text.split(*arguments)
    run.charge(len(parts))
    return parts


def _join(run: Run, text: str, values: Any) -> str:
    items = list(items_of(run, values))
    if any(type(item) is not str for item in items):
        raise SandboxNeededError("a join of other values than strings")
    charge_text(run, sum(map(size_of_text, items)) + size_of_text(text) * len(items))
    return text.join(items)


def _replace(run: Run, text: str, old: Any, new: Any) -> str:
    if type(old) is not str or type(new) is not str:
        raise SandboxNeededError("an argument of another type")
    charge_search(run, text, old)
    # At most, if `old` is empty.
    charge_text(run, size_of_text(text) + (len(text) + 1) * size_of_text(new))
    return text.replace(old, new)


def _prefix(method: Callable[..., bool]) -> Apply:
    def apply(run: Run, text: str, prefix: Any) -> bool:
        prefixes = prefix if type(prefix) is tuple else (prefix,)
        run.charge_operation(len(prefixes))
        if any(type(item) is not str for item in prefixes):
            raise SandboxNeededError("a prefix of another type")
        charge_text(run, sum(map(len, prefixes)))
        return method(text, prefix)

    return apply


def _get(_run: Run, record: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return record.get(key_of(key), default)


def _setdefault(run: Run, record: dict[Any, Any], key: Any, default: Any) -> Any:
    _checked(str)((key,))
    run.check_owned(record)
    run.charge(1)
    return record.setdefault(key, default)


def _pop_key(run: Run, record: dict[Any, Any], *arguments: Any) -> Any:
    run.check_owned(record)
    if not arguments:
        raise SandboxNeededError("pop without a key")
    return record.pop(key_of(arguments[0]), *arguments[1:])


def _update(run: Run, record: dict[Any, Any], other: Any) -> None:
    run.check_owned(record)
    _checked(dict)((other,))
    run.charge_operation(2 * len(other))
    record.update(other)


def _copy(run: Run, container: Any) -> Any:
    run.charge_operation(2 * len(container))
    return container.copy()


def _append(run: Run, items: list[Any], item: Any) -> None:
    run.check_owned(items)
    run.charge(1)
    items.append(item)


def _extend(run: Run, items: list[Any], others: Any) -> None:
    run.check_owned(items)
    items.extend(list(items_of(run, others)))


def _insert(run: Run, items: list[Any], place: Any, item: Any) -> None:
    _checked(int)((place,))
    run.check_owned(items)
    run.charge_operation(1 + len(items) // 64)
    items.insert(place, item)


def _pop_item(run: Run, items: list[Any], *arguments: Any) -> Any:
    _checked(int)(arguments)
    run.check_owned(items)
    run.charge_operation(1 + len(items) // 64)
    if len(arguments) > 1:
        raise SandboxNeededError("pop with two arguments")
    return items.pop(*arguments)


def _of_items(method: Callable[..., Any]) -> Apply:
    """Return a method that compares each item with a scalar."""

    def apply(run: Run, items: Any, item: Any) -> Any:
        if type(item) not in (str, int, float, bool, type(None)):
            raise SandboxNeededError("a container looked for in another")
        size = len(item) if type(item) is str else 0
        run.charge_operation(len(items) + len(items) * size // CHARACTERS_PER_STEP)
        return method(items, item)

    return apply


METHODS: Mapping[type, Mapping[str, Apply]] = {
    str: {
        "capitalize": _of_text(str.capitalize),
        "count": _of_text(str.count, str),
        "endswith": _prefix(str.endswith),
        "isdigit": _of_text(str.isdigit),
        "join": _join,
        "lower": _of_text(str.lower),
        "lstrip": _strip(str.lstrip),
        "replace": _replace,
        "rstrip": _strip(str.rstrip),
        "split": _split,
        "startswith": _prefix(str.startswith),
        "strip": _strip(str.strip),
        "title": _of_text(str.title),
        "upper": _of_text(str.upper),
    },
    list: {
        "append": _append,
        "copy": _copy,
        "count": _of_items(list.count),
        "extend": _extend,
        "index": _of_items(list.index),
        "insert": _insert,
        "pop": _pop_item,
    },
    dict: {
        "copy": _copy,
        "get": _get,
        "pop": _pop_key,
        "setdefault": _setdefault,
        "update": _update,
    },
}

"""Reading takes linear time, whatever is repeated in a query of 16 KB."""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

import larst.planning.reading
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from tests.planning.reading.world import FIELDS
from tests.wire.watched import machine_speed

_REPEATED = [
    "a",
    "_",
    ".",
    "[",
    "[]",
    "(",
    ")",
    "((",
    ",",
    ":",
    "|",
    "a:",
    "a,",
    "a.",
    "a_",
    "[a]",
    "a b ",
    " ",
    "'",
    '"',
    "\\",
    "{",
    '{"a":',
    "!",
    "-",
    "1",
    "1-",
    "1.",
    "..",
    "2025-01-20 ",
    "=",
    "=a=",
    "<",
    "~",
    "*",
    "%",
    "^",
    "$",
    "or",
    "not ",
    "and ",
    "a eq 1 and ",
    "a(",
    "a!",
    "x:desc,",
    "A",
    "aA",
    "not.",
    "in.(",
    "gt.",
    "eq(",
    "[1",
    "a->",
    "&&",
    "||",
    "::",
    "_or_",
    "__",
    "\n",
    "é",
]
_SIZE = 16 * 1024


def _uses() -> list[tuple[str, Callable[[str], object]]]:
    """Return each way in which a module uses a regular expression of its own."""
    uses: list[tuple[str, Callable[[str], object]]] = []
    for module in pkgutil.iter_modules(larst.planning.reading.__path__):
        loaded = importlib.import_module(f"larst.planning.reading.{module.name}")
        source = inspect.getsource(loaded)
        for name, value in vars(loaded).items():
            for method in _METHODS if isinstance(value, re.Pattern) else ():
                if f"{name}.{method}" in source:
                    use = getattr(value, method)
                    uses.append((f"{module.name}.{name}.{method}", use))
    return uses


_METHODS = ("fullmatch", "search", "findall", "finditer", "match", "sub")


@pytest.mark.parametrize(("name", "use"), _uses(), ids=[name for name, _ in _uses()])
def test_no_regular_expression_takes_quadratic_time(
    name: str, use: Callable[[str], object]
) -> None:
    """A query of 16 KB must not hold the event loop: 50 ms is 1000 times the usual."""
    slow = {}
    for token, end in itertools.product(_REPEATED, ("", "\0")):
        text = token * (_SIZE // len(token)) + end
        elapsed_s = _time_of(name, use, text)
        if elapsed_s > 0.05:
            elapsed_s = min(_time_of(name, use, text) for _ in range(3))
        if elapsed_s > 0.05:
            slow[token, end] = elapsed_s
    assert slow == {}


def _time_of(name: str, use: Callable[..., Any], text: str) -> float:
    start = time.process_time()
    if name.endswith(".sub"):
        use("", text)
    elif name.endswith(".finditer"):
        list(use(text))
    else:
        use(text)
    return time.process_time() - start


_PLACES: list[Callable[[str], dict[str, tuple[str, ...]]]] = [
    lambda text: {text: ("1",)},
    lambda text: {text: ("",)},
    lambda text: {"title": (text,)},
    lambda text: {"views": (text,)},
    lambda text: {"filter": (text,)},
    lambda text: {"q": (text,)},
    lambda text: {"sort": (text,)},
    lambda text: {"select": (text,)},
    lambda text: {"fields": (text,)},
    lambda text: {"include": (text,)},
    lambda text: {"or": (f"({text})",)},
    lambda text: {"title_like": (text,)},
    lambda text: {"id_in": (text,)},
    lambda text: {"page": (text,)},
    lambda text: {f"filter[{text}]": ("1",)},
]


@pytest.mark.parametrize("place", range(len(_PLACES)))
def test_reading_takes_linear_steps(place: int) -> None:
    """Twice the text takes at most about twice the steps, wherever it stands."""
    quadratic = {}
    for token in _REPEATED:
        small, large = (_steps(_PLACES[place](token * (n // len(token)))) for n in (1000, 2000))
        if large > 2.5 * small + 500:
            quadratic[token] = small, large
    assert quadratic == {}


def _steps(query: dict[str, tuple[str, ...]]) -> int:
    """Return the number of lines that a reading executes."""
    steps = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    gc.disable()
    sys.settrace(count)
    try:
        read_query(query, FIELDS["posts"], ReadingOptions("posts"))
    except (QueryNotUnderstoodError, BadPagingError):
        pass
    finally:
        sys.settrace(before)
        gc.enable()
    return steps


def test_the_longest_queries_are_read_in_time() -> None:
    """Whatever is repeated in 16 KB: one reading stays far below the 50 ms of the event loop."""
    slow = {}
    for token, (index, place) in itertools.product(_REPEATED, enumerate(_PLACES)):
        query = place(token * (_SIZE // len(token)))
        elapsed_s = _read_time(query)
        if elapsed_s > 0.05:
            elapsed_s = min(elapsed_s, _read_time(query), _read_time(query))
        if elapsed_s > 0.05:
            slow[token, index] = round(elapsed_s, 3)
    assert slow == {}


_MANY = [
    {f"k{i}": ("1",) for i in range(500)},
    {f"views{i}_gte": ("1",) for i in range(500)},
    {f"status[{i}]": ("!a",) for i in range(500)},
    {f"$or[{i}][id]": ("1",) for i in range(500)},
    {"status": tuple(f"!{i}" for i in range(40))},
    {"id": tuple(map(str, range(900)))},
    {"filter": (json.dumps({f"k{i}": {"gt": i} for i in range(900)}),)},
    {"filter": ("&&".join(f"k{i}>1" for i in range(700)),)},
    {f"sort[{i}]": ("views",) for i in range(500)},
    {f"populate[r{i}][fields][0]": ("a",) for i in range(500)},
]


@pytest.mark.parametrize("query", _MANY, ids=lambda query: next(iter(query)))
def test_many_keys_are_read_in_time(query: dict[str, tuple[str, ...]]) -> None:
    """No number of keys that fits into 16 KB holds the event loop."""
    assert min(_read_time(query) for _ in range(3)) < 0.05


def _read_time(query: dict[str, tuple[str, ...]]) -> float:
    """Return the seconds that a reading takes, as on a quiet machine."""
    start = time.process_time()
    with contextlib.suppress(QueryNotUnderstoodError, BadPagingError):
        read_query(query, FIELDS["posts"], ReadingOptions("posts"))
    return (time.process_time() - start) * machine_speed()

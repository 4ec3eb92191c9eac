"""No regular expression of the service takes quadratic time.

One that does holds the interpreter's lock while it runs, in whichever thread: the event loop waits,
and its watch, which counts the processor time of its own thread, does not see it.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any, TypeAlias

import pytest

import larst
from larst.errors import LarstError
from larst.http.formats import multipart
from larst.openapi.names import snake_case
from larst.planning.models.answers import json_of
from larst.planning.reading.patterns import regex
from larst.policy import strip_fences
from larst.store.schema.learning import PATTERNS
from tests.wire.watched import machine_speed

Use: TypeAlias = tuple[str, Callable[[str], object]]

SIZE = 1_500
HELD_S = 0.002
"""Linear time is about 0.02 ms at this size; quadratic time is 5 ms, and 600 ms at 16 KB."""

METHODS = ("fullmatch", "match", "search", "findall", "finditer", "split", "sub")
NOT_OF_CLIENTS = ("larst.otel", "larst.config", "larst.cli", "larst.evaluation", "larst.eject")
"""Rooms that read no text of a client."""

HEADS = ("", "(", "[", "{", '"', "'", "<", "a", "/", "a(", "http://a", "```", "Error: ")
UNITS = (
    *"""a 1 . a. a@ @a. - _ 1- , a, ; a; : a: * a* ( ) (( a( [ ] [] a[ { } {} " "" \\" \\ ' ~ ! = a=
    & | a| (| || + % %20 $ ^ .* / a/ \\ < > <a> T aA And Or ` # é not.""".split(),
    *(" ", "a ", "\n", "\t", "a\n", "; a=", " and ", "2024-01-01 "),
)
ENDS = ("", "\0", " ")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(larst.__path__, "larst."):
        if not found.name.startswith(NOT_OF_CLIENTS) and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def uses() -> Iterable[Use]:
    """Return each way in which a module uses a regular expression that it has or imports."""
    for module in modules():
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            for method in METHODS if isinstance(value, re.Pattern) else ():
                if f"{name}.{method}" in source and isinstance(value.pattern, str):
                    yield f"{module.__name__}.{name}.{method}", applied(value, method)
    for name, pattern in PATTERNS.items():
        yield f"the format {name}", applied(re.compile(pattern), "fullmatch")


def applied(pattern: re.Pattern[str], method: str) -> Callable[[str], object]:
    use: Callable[..., Any] = getattr(pattern, method)
    if method == "sub":
        return lambda text: use("", text)
    return (lambda text: list(use(text))) if method == "finditer" else use


def seconds(use: Callable[[str], object], text: str) -> float:
    begin_s = time.thread_time()
    use(text)
    return time.thread_time() - begin_s


def slow_texts(use: Callable[[str], object]) -> Mapping[tuple[str, str, str], float]:
    slow = {}
    for head, unit, end in itertools.product(HEADS, UNITS, ENDS):
        text = head + unit * (SIZE // len(unit)) + end
        if (taken_s := seconds(use, text)) > HELD_S:
            taken_s = min(taken_s, *(seconds(use, text) for _ in range(4))) * machine_speed()
        if taken_s > HELD_S:
            slow[head, unit, end] = taken_s
    return slow


@pytest.mark.slow
def test_no_regular_expression_takes_quadratic_time() -> None:
    """A pattern is tried with each token repeated, after each beginning of what it looks for."""
    assert {name: slow for name, use in uses() if (slow := slow_texts(use))} == {}


READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "alternatives that end nowhere": (
        lambda text: regex("t", text, "t_regex", ignores_case=False),
        "(" + "a|" * 40_000,
    ),
    "sets of one letter": (
        lambda text: regex("t", text, "t_regex", ignores_case=False),
        "[a]" * 20_000,
    ),
    "a file's name": (lambda text: multipart._file(text, "", b""), "a" * 8_000),
    "an address and a blank": (re.compile(PATTERNS["uri"]).fullmatch, f"http://{'a' * 8_000} "),
    "a name of capital letters": (snake_case, "T" * 8_000),
    "a model that repeats lines": (json_of, "```" + "\n" * 20_000),
    "a model that begins thoughts": (json_of, "<think>" * 20_000),
    "a program that ends in blanks": (strip_fences, "```\n" + " " * 40_000 + "x"),
}
"""What took 0.2 s to some hours of the interpreter's lock."""


@pytest.mark.parametrize("name", READERS)
def test_long_texts_are_read_in_time(name: str) -> None:
    read, text = READERS[name]

    def attempt() -> float:
        begin_s = time.thread_time()
        with suppress(LarstError):
            read(text)
        return time.thread_time() - begin_s

    assert min(attempt() for _ in range(2)) * machine_speed() < 0.05

"""Redaction: the reason of a failed run, without the values that it quotes. Pure.

Exceptions quote values of clients and of stored records, and a program may raise one with a message
that looks like the interpreter's. Only messages that consist of known words, names of types, and
words of the program itself are passed on to a planner.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

REHEARSED = "for another record or other values of the same kinds"
"""What a reason says of a run that was a rehearsal."""

_PREFIX = re.compile(
    rf"while running, (?P<place>(?:{re.escape(REHEARSED)}, )?(?:line \d+: )?)(?P<error>.*)",
    re.DOTALL,
)
_EXCEPTION = re.compile(
    r"(?P<kind>[A-Z]\w*(?:Error|Exception|Iteration))(?:: (?P<message>.*))?", re.DOTALL
)
_TYPE = r"'?(?:NoneType|bool|int|float|str|list|dict|tuple|set|date|datetime|timedelta|builtin)'?"
_SAFE_MESSAGES = re.compile(
    "|".join(
        (
            rf"{_TYPE} object is not (?:subscriptable|iterable|callable)",
            rf"{_TYPE} object has no attribute '(?P<attribute>[A-Za-z]\w{{0,40}})'",
            rf"unsupported operand type\(s\) for \S{{1,3}}(?: or pow\(\))?: {_TYPE} and {_TYPE}",
            rf"'[<>=!]{{1,2}}' not supported between instances of {_TYPE} and {_TYPE}",
            rf"can only concatenate {_TYPE} \(not {_TYPE}\) to {_TYPE}",
            rf"(?:list|string|tuple) indices must be integers(?: or slices)?, not {_TYPE}",
            r"(?:list|string|tuple) index out of range",
            r"(?:division|integer division|modulo|float division)(?: or modulo)? by zero",
            r"math domain error",
            r"name '(?P<name>[A-Za-z]\w{0,40})' is not defined",
            r"(?:not enough|too many) values to unpack(?: \(expected \d(?:, got \d)?\))?",
        )
    )
)
_QUOTED_TAIL = re.compile(
    r"(?P<safe>invalid literal for int\(\) with base 10|could not convert string to float"
    r"|Invalid isoformat string):.*",
    re.DOTALL,
)
_SANDBOX_MESSAGES = frozenset(
    {
        "REPLY is not a valid reply",
        "the body of the reply contains a lone surrogate",
        "the headers of REPLY must be a dict of at most 50 texts",
        "programs have nothing to await",
    }
)
"""Messages of the sandbox itself, which quote no value."""

_WITHHELD = "(message withheld: it may contain a value)"


def redact(reason: str, program: str | None) -> str:
    """Return the reason of a failed run without any value of a request or a record."""
    match = _PREFIX.fullmatch(reason)
    if match is None:
        return f"the program failed while running {_WITHHELD}"
    place, error = match["place"], match["error"]
    if error in _SANDBOX_MESSAGES:
        return f"while running, {place}{error}"
    exception = _EXCEPTION.fullmatch(error)
    if exception is None:
        return f"while running, {place}the program failed {_WITHHELD}"
    message = _message(exception["message"] or "", _Words.of(program or ""))
    return f"while running, {place}{exception['kind']}{message}"


@dataclass(frozen=True, slots=True)
class _Words:
    """The string constants and the names of a program; none if it cannot be parsed."""

    constants: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, program: str) -> _Words:
        try:
            nodes = list(ast.walk(ast.parse(program)))
        except (SyntaxError, ValueError):
            return cls()
        constants = (node.value for node in nodes if isinstance(node, ast.Constant))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        return cls(frozenset(text for text in constants if isinstance(text, str)), frozenset(names))


def _message(message: str, words: _Words) -> str:
    if not message:
        return ""
    safe = _SAFE_MESSAGES.fullmatch(message)
    is_safe = safe is not None and words.names.issuperset(filter(None, safe.groups()))
    if is_safe or message.strip("'\"") in words.constants:
        return f": {message}"
    if tail := _QUOTED_TAIL.fullmatch(message):
        return f": {tail['safe']}"
    return f" {_WITHHELD}"

"""Redaction: the reason of a failed run, without the values that it quotes. Pure.

Exceptions quote values of clients and of stored records. Only messages that are known to contain
nothing but type names, and string constants of the program itself, are passed on to a planner.
"""

from __future__ import annotations

import ast
import re

_PREFIX = re.compile(r"while running, (?P<line>line \d+: )?(?P<error>.*)", re.DOTALL)
_EXCEPTION = re.compile(
    r"(?P<kind>[A-Z]\w*(?:Error|Exception|Iteration))(?:: (?P<message>.*))?", re.DOTALL
)
_TYPE = r"'?(?:NoneType|bool|int|float|str|list|dict|tuple|set|date|datetime|timedelta|builtin)'?"
_SAFE_MESSAGES = re.compile(
    "|".join(
        (
            rf"{_TYPE} object is not (?:subscriptable|iterable|callable)",
            rf"{_TYPE} object has no attribute '[A-Za-z]\w{{0,40}}'",
            rf"unsupported operand type\(s\) for \S{{1,3}}(?: or pow\(\))?: {_TYPE} and {_TYPE}",
            rf"'[<>=!]{{1,2}}' not supported between instances of {_TYPE} and {_TYPE}",
            rf"can only concatenate {_TYPE} \(not {_TYPE}\) to {_TYPE}",
            rf"(?:list|string|tuple) indices must be integers(?: or slices)?, not {_TYPE}",
            r"(?:list|string|tuple) index out of range",
            r"(?:division|integer division|modulo|float division)(?: or modulo)? by zero",
            r"math domain error",
            r"name '[A-Za-z]\w{0,40}' is not defined",
            r"not enough values to unpack.*|too many values to unpack.*",
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
    line, error = match["line"] or "", match["error"]
    if error in _SANDBOX_MESSAGES:
        return f"while running, {line}{error}"
    exception = _EXCEPTION.fullmatch(error)
    if exception is None:
        return f"while running, {line}the program failed {_WITHHELD}"
    message = _message(exception["message"] or "", _string_constants(program or ""))
    return f"while running, {line}{exception['kind']}{message}"


def _message(message: str, constants: set[str]) -> str:
    if not message:
        return ""
    if _SAFE_MESSAGES.fullmatch(message) or message.strip("'\"") in constants:
        return f": {message}"
    if tail := _QUOTED_TAIL.fullmatch(message):
        return f": {tail['safe']}"
    return f" {_WITHHELD}"


def _string_constants(program: str) -> set[str]:
    """Return the string constants of the program; none if it cannot be parsed."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError):
        return set()
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

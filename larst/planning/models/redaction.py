"""What a failed run may tell a planner: what went wrong, without the values it went wrong on.

Exceptions quote what they met: a client's value, a stored record. Only messages known to hold
nothing but types, and texts of the program itself, are passed on. Pure.
"""

from __future__ import annotations

import ast
import re

_PLACE = re.compile(r"while running, (?P<line>line \d+: )?(?P<what>.*)", re.DOTALL)
_KIND = re.compile(
    r"(?P<kind>[A-Z]\w*(?:Error|Exception|Iteration))(?:: (?P<message>.*))?", re.DOTALL
)
_TYPE = r"'?(?:NoneType|bool|int|float|str|list|dict|tuple|set|date|datetime|timedelta|builtin)'?"
_HARMLESS = re.compile(
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
    r"(?P<said>invalid literal for int\(\) with base 10|could not convert string to float"
    r"|Invalid isoformat string):.*",
    re.DOTALL,
)
_OWN_WORDS = re.compile(
    r"REPLY is not a valid reply|the body of the reply contains a lone surrogate"
    r"|the headers of REPLY must be a dict of at most 50 texts|programs have nothing to await"
)
_WITHHELD = "(its message is not shown, since it may hold a value)"


def redact(reason: str, program: str | None) -> str:
    """Return the reason of a failed run in words that hold no value of any request or record."""
    found = _PLACE.fullmatch(reason)
    if found is None:
        return f"the program failed while running {_WITHHELD}"
    line, what = found["line"] or "", found["what"]
    if _OWN_WORDS.fullmatch(what):
        return f"while running, {line}{what}"
    kind = _KIND.fullmatch(what)
    if kind is None:
        return f"while running, {line}the program failed {_WITHHELD}"
    message = _message(kind["message"] or "", _texts(program or ""))
    return f"while running, {line}{kind['kind']}{message}"


def _message(message: str, texts: set[str]) -> str:
    if not message:
        return ""
    if _HARMLESS.fullmatch(message) or message.strip("'\"") in texts:
        return f": {message}"
    if tail := _QUOTED_TAIL.fullmatch(message):
        return f": {tail['said']}"
    return f" {_WITHHELD}"


def _texts(program: str) -> set[str]:
    """Return the texts that stand in the program."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError):
        return set()
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

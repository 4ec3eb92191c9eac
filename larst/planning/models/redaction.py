"""Redaction: the reason of a failed run, without the values that it quotes. Pure.

Exceptions quote values of clients and of stored records, and a program may raise one with a message
that looks like the interpreter's. Only messages that consist of known words, names of types, and
words of the program itself are passed on to a planner; of LARST's own messages, all but the values
in them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
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
            rf"can only concatenate {_TYPE} \(not \"?{_TYPE}\"?\)(?: to {_TYPE})?",
            rf"(?:list|string|tuple) indices must be integers(?: or slices)?, not {_TYPE}",
            r"(?:list|string|tuple) index out of range",
            r"(?:division|integer division|modulo|float division)(?: or modulo)? by zero",
            r"math domain error",
            rf"object of type {_TYPE} has no len\(\)",
            r"(?:max|min)\(\) (?:iterable argument|arg) is (?:empty|an empty sequence)",
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
_QUOTED = r"(?P<value>'(?:[^'\\\\]|\\\\.)*'|\"[^\"]*\")"
_ANY = r"(?P<value>.{1,300}?)"
_KIND = r"(?:a |an )?(?:[a-z]+|value of type \w+)"
_OWN_MESSAGES: Sequence[re.Pattern[str]] = tuple(
    re.compile(pattern)
    for pattern in (
        # The reply.
        r"REPLY is not a valid reply",
        r"(?:TypeError: )?REPLY must be make_response\(\.\.\.\) or a dict with status, body and"
        r" headers",
        r"the body of the reply contains a lone surrogate",
        r"the headers of REPLY must be a dict of at most 50 texts",
        rf"the status of REPLY must be (?:an integer|200 to 599), not {_ANY}",
        r"programs may not set the header (?P<value>[\w-]+); use [\w, -]+",
        rf"{_ANY} is not a valid (?:header name|media type)",
        r"Location must be a path, or a URL of http or https",
        rf"the header (?P<second>[\w-]{{1,40}}) must be text, not {_ANY}",
        r"(?:TypeError: )?Object of type \w+ is not JSON serializable",
        # Calls of the store.
        rf"unknown operation {_QUOTED}; known operations: [a-z, ]+",
        rf"unknown operation {_KIND}; known operations: [a-z, ]+",
        r"field and by must be strings",
        r"criteria must be a dict that maps fields \(strings\) to values",
        r"criteria must not be nested deeper than \d+ levels",
        rf"{_QUOTED} in criteria needs a list of criteria",
        r"__in needs a list, or a string with commas",
        r"\*__[a-z]+: a search in all fields needs a text operator, such as icontains",
        r"sort must be a string such as 'name' or '-age,name'",
        rf"(?:limit|offset) must be a whole number from 0, not (?:a negative one|{_KIND})",
        rf"an id must be a string or a 64-bit integer, not {_KIND}",
        rf"a record must be a JSON object, not {_KIND}",
        r"an id must be a 64-bit integer, or a string of 1 to 255 characters without control"
        r" characters",
        rf"{_ANY} is not a valid resource name: use 1 to 64 of the characters A-Z a-z 0-9 _ and -",
        r"(?P<second>[\w-]{1,64}) has a record (?P<value>.+) already",
        rf"(?P<value>\$.{{0,300}}): (?:an integer of more than 64 bits cannot be stored|{_KIND}"
        r" cannot be stored, only JSON values can|a record must not nest deeper than \d+ levels)",
        r"the sum is too large for a JSON number",
        r"not a JSON Patch \(RFC 6902\): (?P<value>.*)",
        r"the result of a patch must be an object with the same id",
        rf"there is no {_QUOTED} to call",
        r"\.[a-z_]+\(\): (?:missing a required argument: '\w+'|too many positional arguments"
        r"|got an unexpected keyword argument '\w+')",
        r"the arguments of a store call are not valid",
        r"programs have nothing to await",
    )
)
"""LARST's own messages. Only the groups `value` and `second` may hold text that is not its own."""

_WITHHELD = "(message withheld: it may contain a value)"


def redact(reason: str, program: str | None) -> str:
    """Return the reason of a failed run without any value of a request or a record."""
    match = _PREFIX.fullmatch(reason)
    if match is None:
        return f"the program failed while running {_WITHHELD}"
    place, error = match["place"], match["error"]
    words = _Words.of(program or "")
    if (own := _own_message(error, words.constants)) is not None:
        return f"while running, {place}{own}"
    exception = _EXCEPTION.fullmatch(error)
    if exception is None:
        return f"while running, {place}the program failed {_WITHHELD}"
    message = _message(exception["message"] or "", words)
    return f"while running, {place}{exception['kind']}{message}"


def _own_message(text: str, constants: frozenset[str]) -> str | None:
    """Return a message of LARST, with `<value>` for a part that the program does not contain."""
    for pattern in _OWN_MESSAGES:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        # The later one first: the positions of the other stay.
        for group in sorted(match.groupdict(), key=match.start, reverse=True):
            value = match[group]
            if value.strip("'\"") not in constants and value not in ("None", "True", "False"):
                text = f"{text[: match.start(group)]}<value>{text[match.end(group) :]}"
        return text
    return None


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

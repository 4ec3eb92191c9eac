"""The arguments of a store call, as they leave a worker: one JSON text. Pure.

Must never look at a value that came out of a worker before its type and size are known.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from larst.domain import Json
from larst.errors import ProgramFailedError, ProgramLimitError
from larst.exact_json import may_be_inexact
from larst.json_counting import has_more_values

MAX_CALL_CHARACTERS = 11 * 1024 * 1024
"""The JSON of the arguments of one store call, in characters and in bytes: some more than a request
body has by default. A parser keeps all other threads waiting."""

MAX_RUN_CHARACTERS = 64 * 1024 * 1024
"""The JSON of the arguments of all store calls of one run."""

MAX_CALL_VALUES = 120_000
"""The JSON values in the arguments of one store call: some more than a request body may have."""

LONG_CHARACTERS = 64 * 1024
"""From here on, arguments are parsed in a thread."""

_MAX_DIGITS = 400
"""Of an integer: the time to read one grows with the square of its digits."""


def packed_text(args: Any, kwargs: Any, characters_left: int) -> str:
    """Return the JSON text of the arguments of a call.

    Raises:
        ProgramFailedError: the worker sent something else.
        ProgramLimitError: it is longer than the run may send.
    """
    if kwargs or type(args) is not tuple or len(args) != 1 or type(args[0]) is not str:
        raise ProgramFailedError("the arguments of a store call are not valid")
    text: str = args[0]
    if len(text) > min(characters_left, MAX_CALL_CHARACTERS):
        raise _too_large()
    return text


def unpacked(text: str) -> tuple[list[Json], dict[str, Json]]:
    """Return the positional and the named arguments, with every number as it was.

    Raises:
        ProgramFailedError: the text is not that of a store call.
        ProgramLimitError: they have too many values: each is an object of this process.
    """
    try:
        raw = text.encode()
        if len(raw) > MAX_CALL_CHARACTERS:
            raise _too_large()
        if len(raw) > MAX_CALL_VALUES and has_more_values(raw, MAX_CALL_VALUES):
            raise ProgramLimitError("the arguments of a store call have too many values")
        # orjson would turn an integer of more than 64 bits into a float.
        is_plain = not may_be_inexact(raw)
        values = orjson.loads(raw) if is_plain else json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise ProgramFailedError("the arguments of a store call are not valid") from error
    match values:
        case [list() as args, dict() as kwargs]:
            return args, kwargs
    raise ProgramFailedError("the arguments of a store call are not valid")


def _too_large() -> ProgramLimitError:
    return ProgramLimitError("the store calls of the program have too large arguments")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ProgramLimitError(
            f"the arguments of a store call have an integer of {len(digits)} digits"
        )
    return int(digits)

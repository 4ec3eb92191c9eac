"""The arguments of a store call, as they leave a worker: one JSON text. Pure.

Must never look at a value that came out of a worker before its type and size are known.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from larst.domain import Json
from larst.errors import ProgramFailedError, ProgramLimitError

MAX_CALL_CHARACTERS = 16 * 1024 * 1024
"""The JSON of the arguments of one store call."""

MAX_RUN_CHARACTERS = 64 * 1024 * 1024
"""The JSON of the arguments of all store calls of one run."""

MAX_CALL_VALUES = 120_000
"""The JSON values in the arguments of one store call: some more than a request body may have."""

LONG_CHARACTERS = 64 * 1024
"""From here on, arguments are parsed in a thread."""

_MAY_BE_LONG = re.compile(r"\d{19}")


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
        raise ProgramLimitError("the store calls of the program have too large arguments")
    return text


def unpacked(text: str) -> tuple[list[Json], dict[str, Json]]:
    """Return the positional and the named arguments, with every number as it was.

    Raises:
        ProgramFailedError: the text is not that of a store call.
        ProgramLimitError: they have too many values: each is an object of this process.
    """
    try:
        # orjson would turn an integer of more than 64 bits into a float.
        values = json.loads(text) if _MAY_BE_LONG.search(text) else orjson.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProgramFailedError("the arguments of a store call are not valid") from error
    match values:
        case [list() as args, dict() as kwargs]:
            if len(text) > MAX_CALL_VALUES and not _has_few_values(values):
                raise ProgramLimitError("the arguments of a store call have too many values")
            return args, kwargs
    raise ProgramFailedError("the arguments of a store call are not valid")


def _has_few_values(values: Json) -> bool:
    """Return whether a value read from JSON has at most `MAX_CALL_VALUES`."""
    count, pending = 1, [values]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            item = item.values()
        elif not isinstance(item, list):
            continue
        count += len(item)
        if count > MAX_CALL_VALUES:
            return False
        pending.extend(item)
    return True

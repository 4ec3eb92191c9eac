"""The values that go into a worker, results of store calls and inputs: large ones as text. Pure.

The interpreter converts an object value by value, on the event loop: ten thousand records would
hold it for over 50 ms. A text is one value, and threads can write it.
"""

from __future__ import annotations

from typing import Any

import orjson

from larst.errors import ProgramLimitError

SMALL_VALUES = 5_000
"""How many JSON values are handed over as objects: about 5 ms of the event loop."""

LINES, VALUE = b"L", b"V"
"""What the first byte of a text says: one value on each line, or one value."""

UNPACK = """\
def _unpacked(result):
    if isinstance(result, tuple):
        return (_unpacked(result[0]), result[1])
    if not isinstance(result, bytes):
        return result
    text = result.decode()
    if text[0] == "V":
        return _loads(text[1:])
    return [_loads(line) for line in text[1:].split("\\n")]
"""
"""The code that reads a packed result in the worker. No store call returns bytes of its own.

Lines, since a record may have as many levels as the worker's parser reads, and a list has one more.
"""


def is_small(result: Any) -> bool:
    """Return whether a result has few values and short texts.

    Looks at no more than it must to know; a kibibyte of text counts as a value.
    """
    count, pending = 0, [result]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            count += len(item) // 1024
        elif isinstance(item, dict):
            count += len(item)
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            count += len(item)
            pending.extend(item)
        if count > SMALL_VALUES:
            return False
    return True


def packed(result: Any, max_bytes: int) -> Any:
    """Return the result for `UNPACK`: a pair of records and their number keeps its number.

    A text that is not valid Unicode has no JSON that a worker reads; such a result stays as it is.

    Raises:
        ProgramLimitError: it takes more bytes than the worker may have.
    """
    if isinstance(result, tuple):
        items, total = result
        return packed(items, max_bytes), total
    try:
        if isinstance(result, list) and result:
            return LINES + b"\n".join(_lines(result, max_bytes))
        return VALUE + orjson.dumps(result)
    except orjson.JSONEncodeError:
        return result


def _lines(items: list[Any], max_bytes: int) -> list[bytes]:
    """Return the JSON of each item. A loop: `map` would keep all other threads waiting."""
    lines, size_bytes = list[bytes](), 0
    for item in items:
        line = orjson.dumps(item)
        size_bytes += len(line)
        if size_bytes > max_bytes:
            raise ProgramLimitError(
                f"a store call returned more than the {max_bytes // 2**20} MiB that a program may"
                " use (LARS_MAX_MEMORY_MB); search with criteria, offset and limit"
            )
        lines.append(line)
    return lines

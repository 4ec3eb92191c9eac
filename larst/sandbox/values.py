"""The values that go into a worker, results of store calls and inputs: large ones as text. Pure.

The interpreter converts an object value by value, on the event loop: ten thousand records would
hold it for over 50 ms. A text is one value, and threads can write it.
"""

from __future__ import annotations

from typing import Any

import orjson

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
    """Return whether a result has few values; looks at no more than it must to know."""
    count, pending = 0, [result]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            item = item.values()
        elif not isinstance(item, list | tuple):
            continue
        count += len(item)
        if count > SMALL_VALUES:
            return False
        pending.extend(item)
    return True


def packed(result: Any) -> Any:
    """Return the result for `UNPACK`: a pair of records and their number keeps its number.

    A text that is not valid Unicode has no JSON that a worker reads; such a result stays as it is.
    """
    if isinstance(result, tuple):
        items, total = result
        return packed(items), total
    try:
        if isinstance(result, list) and result:
            return LINES + b"\n".join(map(orjson.dumps, result))
        return VALUE + orjson.dumps(result)
    except orjson.JSONEncodeError:
        return result

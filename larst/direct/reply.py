"""The REPLY of a direct run, checked and encoded as a worker does it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import orjson

from larst.direct.limits import INTEGER_LIMIT, SandboxNeededError
from larst.domain import Reply
from larst.errors import ProgramFailedError
from larst.sandbox.reply import EMPTY_STATUSES, JSON, MAX_RECORD_BYTES, headers_of, too_large

MAX_VALUES = 200_000
"""Values of a reply, about 20 ms: one with more is encoded by a worker."""


def reply_of_value(value: Any, *, result_bytes: int) -> Reply:
    """Return the reply that REPLY describes.

    Raises:
        SandboxNeededError: it is not a plain reply; a worker names the error.
        ResultTooLargeError: the body is over the limit.
    """
    if type(value) is not dict:
        raise SandboxNeededError("REPLY is not a dict")
    status, body = value.get("status"), value.get("body")
    if type(status) is not int or not 200 <= status <= 599:
        raise SandboxNeededError("not a status")
    try:
        fields, media_type = headers_of(value.get("headers"))
    except ProgramFailedError as error:
        raise SandboxNeededError(str(error)) from error
    if body is None:
        return Reply(status, None, fields)
    encoded = _encoded(body)
    if status in EMPTY_STATUSES:
        return Reply(status, None, fields)
    is_record = type(body) is dict and "id" in body and "items" not in body
    limit = max(result_bytes, MAX_RECORD_BYTES) if is_record else result_bytes
    if len(encoded) > limit and len(encoded.decode()) > limit:
        raise too_large(result_bytes)
    if type(body) is str and not media_type.startswith(JSON):
        encoded = body.encode()
    return Reply(status, encoded, fields, media_type)


def _encoded(body: Any) -> bytes:
    """Return the JSON of a body, the same bytes as `json.dumps` in a worker."""
    if _has_odd_floats(body):
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    return orjson.dumps(body)


def _has_odd_floats(body: Any) -> bool:
    """Look at every value; return whether a float is one that orjson writes differently.

    Containers may be shared many times over, so the values are counted.

    Raises:
        SandboxNeededError: JSON has no such value, or there are too many.
    """
    is_odd = False
    count, characters, stack = 0, 0, [body]
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is str:
            characters += len(value)
        elif kind is dict or kind is list or kind is tuple:
            count += len(value)
            stack.extend(_values_of(value) if kind is dict else value)
            characters += sum(map(len, value)) if kind is dict else 0
        elif kind is float or kind is int:
            is_odd = _is_odd(value) or is_odd
        elif kind is not bool and value is not None:
            raise SandboxNeededError(f"a {kind.__name__} in REPLY")
        if count > MAX_VALUES or characters > MAX_RECORD_BYTES:
            raise SandboxNeededError("too much in REPLY")
    return is_odd


def _values_of(record: dict[Any, Any]) -> Iterable[Any]:
    for key in record:
        if type(key) is not str:
            raise SandboxNeededError("a key of another type than a string")
    return record.values()


def _is_odd(number: int | float) -> bool:
    """Return whether orjson writes a number unlike Python: `1e16` for `1e+16`, `1e-5`."""
    if isinstance(number, float):
        return not (1e-4 <= abs(number) < 1e16 or number == 0)
    if not -INTEGER_LIMIT <= number < INTEGER_LIMIT:
        raise SandboxNeededError("an integer of more than 64 bits")
    return False

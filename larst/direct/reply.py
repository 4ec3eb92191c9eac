"""The REPLY of a direct run, checked and encoded as a worker does it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import orjson

from larst.direct.limits import INTEGER_LIMIT, BudgetSpentError, SandboxNeededError
from larst.direct.operations import joined_keys
from larst.domain import Reply
from larst.errors import ProgramFailedError
from larst.exact_json import may_be_inexact
from larst.sandbox.reply import EMPTY_STATUSES, JSON, MAX_RECORD_BYTES, headers_of, too_large

LOOP_VALUES = 50_000
"""Values of a reply that is encoded on the event loop, in about 10 ms."""

_SMALL_FLOAT = b"0.0000"
"""How a float begins that Python writes with an exponent, and orjson perhaps without."""

LOOP_CHARACTERS = 2 * 1024 * 1024

THREAD_VALUES = 10_000_000

_CONTAINERS = frozenset({dict, list, tuple})


def reply_of_value(value: Any, *, result_bytes: int, is_in_thread: bool = False) -> Reply:
    """Return the reply that REPLY describes.

    Raises:
        BudgetSpentError: its body is too large to be encoded on the event loop.
        SandboxNeededError: it is not a plain reply; a worker names the error.
        ResultTooLargeError: the body is over the limit.
    """
    status, fields, media_type = _head(value)
    body = value.get("body")
    if body is None:
        return Reply(status, None, fields)
    limit = _limit(status, body, result_bytes)
    survey = (
        _Survey(THREAD_VALUES, limit, is_in_thread=True)
        if is_in_thread
        else _Survey(LOOP_VALUES, min(limit, LOOP_CHARACTERS), is_in_thread=False)
    )
    if survey.is_too_long(body):
        raise too_large(result_bytes)
    encoded = _encoded(body, has_odd_floats=survey.has_odd_floats)
    if status in EMPTY_STATUSES:
        return Reply(status, None, fields)
    if len(encoded) > limit and len(encoded.decode()) > limit:
        raise too_large(result_bytes)
    if type(body) is str and not media_type.startswith(JSON):
        encoded = body.encode()
    return Reply(status, encoded, fields, media_type)


def reply_of_record(value: Any, record: Any, *, result_bytes: int) -> Reply | None:
    """Return the reply that REPLY describes if its body is this small record, as it was stored.

    None: it is another reply, or `reply_of_value` has to look closer.

    Raises:
        SandboxNeededError: as `reply_of_value`.
    """
    if record is None or type(value) is not dict or value.get("body") is not record:
        return None
    status, fields, media_type = _head(value)
    if status in EMPTY_STATUSES:
        return None
    encoded = orjson.dumps(record)
    if len(encoded) > result_bytes or _SMALL_FLOAT in encoded or may_be_inexact(encoded):
        return None
    return Reply(status, encoded, fields, media_type)


def _head(value: Any) -> tuple[int, dict[str, str], str]:
    """Return the status, the headers and the media type of REPLY."""
    if type(value) is not dict:
        raise SandboxNeededError("REPLY is not a dict")
    status = value.get("status")
    if type(status) is not int or not 200 <= status <= 599:
        raise SandboxNeededError("not a status")
    try:
        return status, *headers_of(value.get("headers"))
    except ProgramFailedError as error:
        raise SandboxNeededError(str(error)) from error


def _limit(status: int, body: Any, result_bytes: int) -> int:
    """Return how many characters a body may have."""
    is_record = type(body) is dict and "id" in body and "items" not in body
    if is_record or status in EMPTY_STATUSES:
        return max(result_bytes, MAX_RECORD_BYTES)
    return result_bytes


def _encoded(body: Any, *, has_odd_floats: bool) -> bytes:
    """Return the JSON of a body, the same bytes as `json.dumps` in a worker."""
    if has_odd_floats:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    return orjson.dumps(body)


@dataclass(slots=True)
class _Survey:
    """A look at every value of a body before it is encoded.

    Containers may be shared many times over, so the values are counted.
    """

    max_values: int
    max_characters: int
    is_in_thread: bool
    has_odd_floats: bool = False
    _seen: set[int] = field(default_factory=set)

    def is_too_long(self, body: Any) -> bool:
        """Return whether the texts alone are longer than the reply may be.

        Raises:
            SandboxNeededError: JSON has no such value, or a worker must name the error.
            BudgetSpentError: there is too much for the event loop.
        """
        count, characters = 0, 0
        stack: list[Any] = [(body,)]
        while stack:
            container = stack.pop()
            for value in container.values() if type(container) is dict else container:
                kind = type(value)
                if kind is str:
                    characters += len(value)
                elif kind in _CONTAINERS:
                    count += len(value)
                    stack.append(value)
                elif kind is not bool and value is not None:
                    self._look_at_number(value)
            characters += self._enter(container)
            if count > self.max_values or count + characters > self.max_characters:
                return self._exceeded()
        return False

    def _look_at_number(self, value: Any) -> None:
        kind = type(value)
        if kind is float:
            self.has_odd_floats = self.has_odd_floats or _is_odd(value)
        elif kind is not int:
            raise SandboxNeededError(f"a {kind.__name__} in REPLY")
        elif not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            raise SandboxNeededError("an integer of more than 64 bits")

    def _enter(self, container: Any) -> int:
        """Return the characters of the keys of a container.

        In a thread, note the container; one that appears twice was made by the program, not stored.
        """
        if self.is_in_thread:
            if container and id(container) in self._seen:
                raise SandboxNeededError("a container appears twice in REPLY")
            self._seen.add(id(container))
        return len(joined_keys(container)) if type(container) is dict else 0

    def _exceeded(self) -> bool:
        if not self.is_in_thread:
            raise BudgetSpentError("too much in REPLY")
        return True


def _is_odd(number: float) -> bool:
    """Return whether orjson writes a float unlike Python: `1e16` for `1e+16`, `1e-5`."""
    return not (1e-4 <= abs(number) < 1e16 or number == 0)

"""The attributes of a span's exception event. Must never show a message that may quote a value."""

from __future__ import annotations

import traceback

from larst.errors import LarstError, NoUsablePlanError, ProgramFailedError
from larst.telemetry.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE
from larst.telemetry.spans import Value

_MAX_MESSAGE_CHARACTERS = 500
_QUOTING = (ProgramFailedError, NoUsablePlanError)
"""Errors whose message may quote a stored value, because a program raised it."""


def exception_attributes(error: BaseException, *, shows_content: bool) -> dict[str, Value]:
    """Return the event's attributes; `shows_content` adds messages that may quote a value."""
    kind = type(error)
    attributes: dict[str, Value] = {EXCEPTION_TYPE: f"{kind.__module__}.{kind.__qualname__}"}
    is_ours = isinstance(error, LarstError)
    if shows_content or (is_ours and not isinstance(error, _QUOTING)):
        attributes[EXCEPTION_MESSAGE] = str(error)[:_MAX_MESSAGE_CHARACTERS]
    if not is_ours and error.__traceback__ is not None:
        attributes[EXCEPTION_STACKTRACE] = "".join(traceback.format_tb(error.__traceback__))
    return attributes

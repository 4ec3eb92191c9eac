"""Logging: one JSON object a line on stderr, whoever logs.

Extra fields come as `extra={"fields": {...}}`. Must never be given a secret or a body.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from larst.telemetry import current_request

_TALKATIVE = ("anthropic", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "urllib3")
"""Packages that write whole requests, with prompts in them, where the level is debug."""


def set_up_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every record from `level` up, and Python's warnings, to `stream` (stderr) as JSON.

    May be called again, with another level: it replaces what was set up before.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(shows_messages=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(capture=True)


class JsonLines(logging.Formatter):
    """Writes `ts`, `level`, `logger`, `msg`, the record's own fields, and any `traceback`.

    What is logged while a request is at hand names it: `request_id`, `trace_id`, `session_id`.
    A traceback has the lines of the code and the class of what was raised; the message, which may
    quote a stored value, only where `shows_messages`.
    """

    def __init__(self, *, shows_messages: bool = False) -> None:
        super().__init__()
        self._shows_messages = shows_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; what JSON cannot say goes in as text."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        # A field must not pass itself off as the time, level, logger or message.
        line = {**line, **_request(), **getattr(record, "fields", {}), **line}
        if trace := self._trace(record):
            line["traceback"] = trace
        return _encode(line)

    def _trace(self, record: logging.LogRecord) -> str:
        raised = ""
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            shows = self._shows_messages
            raised = self.formatException(record.exc_info) if shows else _without_messages(error)
        return "\n".join(part for part in (raised, record.stack_info or "") if part)


def _without_messages(error: BaseException) -> str:
    """Return the tracebacks of an error and its causes, and each one's class and notes."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(map(_raised, reversed(chain)))


def _raised(error: BaseException) -> str:
    kind = type(error)
    frames = "".join(traceback.format_tb(error.__traceback__))
    told = [f"{kind.__module__}.{kind.__qualname__}", *getattr(error, "__notes__", ())]
    if isinstance(error, BaseExceptionGroup):
        told += [line for one in error.exceptions for line in _without_messages(one).split("\n")]
    return f"Traceback (most recent call last):\n{frames}" + "\n".join(told)


def _request() -> dict[str, str | None]:
    """Return what finds the request that is at hand while this is logged."""
    if (request := current_request()) is None:
        return {}
    return request.ids()


def _encode(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        # Lone surrogates and integers over 64 bits, which orjson refuses.
        return json.dumps(line, default=str)

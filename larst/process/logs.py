"""The log on stderr: one JSON object per line, or lines for people on a terminal.

A record takes extra fields as `extra={"fields": {...}}`. Must never contain a secret or a body.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from larst.config import LogFormat
from larst.process.log_stream import LogStream
from larst.process.terminal import TerminalLines
from larst.telemetry import current_request

_VERBOSE_LOGGERS = ("anthropic", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "urllib3")
"""Loggers of packages that log whole requests, including prompts, at level debug."""


def set_up_logging(
    level: str, stream: TextIO | None = None, *, log_format: LogFormat = "auto"
) -> LineHandler:
    """Send every record from `level` up, and Python's warnings, to `stream` (stderr).

    As JSON, or as lines for people: `auto` chooses those on a terminal. A second call replaces the
    set-up of the first, for example with another level. Returns the handler, which also takes
    finished lines of JSON if it writes JSON.
    """
    handler = LineHandler(stream or sys.stderr)
    is_terminal = handler.stream.isatty()
    handler.is_for_people = log_format == "text" or (log_format == "auto" and is_terminal)
    if handler.is_for_people:
        has_colours = is_terminal and not os.environ.get("NO_COLOR")
        handler.setFormatter(TerminalLines(has_colours=has_colours))
    else:
        handler.setFormatter(JsonLines(shows_messages=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(capture=True)
    return handler


class LineHandler(logging.StreamHandler[LogStream]):
    """Writes records at once, and finished lines at the end of the turn of the event loop.

    A record of `logging` takes 40 us to create, format and write; most lines are those of requests.
    Lines and records keep their order.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(LogStream(stream))
        self.is_for_people = False
        self._lines: deque[bytes] = deque()

    def add_line(self, line: bytes) -> None:
        """Write a line, given without its end, soon; called on the event loop."""
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the lines before the record, and the record."""
        self._write_lines()
        super().emit(record)

    def flush(self) -> None:
        """Write what waits; also called at the exit of the process."""
        self._write_lines()
        super().flush()

    def close(self) -> None:
        """Write what waits, as far as the reader takes it in time."""
        self._write_lines()
        self.stream.close()
        super().close()

    def _write_lines(self) -> None:
        lines: list[bytes] = []
        with suppress(IndexError):
            while True:  # one at a time: a thread that logs may take lines meanwhile
                lines.append(self._lines.popleft())
        if lines:
            with suppress(OSError):  # the reader of the log has gone; logging ignores it, too
                self.stream.write(b"\n".join((*lines, b"")).decode())


class JsonLines(logging.Formatter):
    """Formats `ts`, `level`, `logger`, `msg`, the fields of the record, and `traceback`.

    A line that is logged during a request has its `request_id`, `trace_id` and `session_id`. A
    traceback has the lines of code and the class of each error; it has messages, which may quote
    stored values, only if `shows_messages` is set.
    """

    def __init__(self, *, shows_messages: bool = False) -> None:
        super().__init__()
        self._shows_messages = shows_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; a value that JSON does not have becomes text."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        # Listed twice: it comes first, and no field replaces its time, level, logger or message.
        line = {**line, **_request_ids(), **getattr(record, "fields", {}), **line}
        if trace := self._trace(record):
            line["traceback"] = trace
        return _encode(line)

    def _trace(self, record: logging.LogRecord) -> str:
        trace = ""
        if record.exc_info and record.exc_info[1] is not None:
            if self._shows_messages:
                trace = self.formatException(record.exc_info)
            else:
                trace = _without_messages(record.exc_info[1])
        return "\n".join(filter(None, (trace, record.stack_info)))


def _without_messages(error: BaseException) -> str:
    """Return the tracebacks of an error and its causes, with the class and notes of each."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(map(_format_error, reversed(chain)))


def _format_error(error: BaseException) -> str:
    kind = type(error)
    frames = "".join(traceback.format_tb(error.__traceback__))
    lines = [f"{kind.__module__}.{kind.__qualname__}", *getattr(error, "__notes__", ())]
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            lines += _without_messages(member).split("\n")
    return f"Traceback (most recent call last):\n{frames}" + "\n".join(lines)


def _request_ids() -> dict[str, str | None]:
    """Return the ids of the current request, none outside of a request."""
    request = current_request()
    return {} if request is None else request.ids()


def _encode(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        # orjson refuses lone surrogates and integers over 64 bits.
        return json.dumps(line, default=str)

"""Logging: one JSON object a line on stderr, whoever logs.

Extra fields come as `extra={"fields": {...}}`. Must never be given a secret or a body.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from larst.telemetry import current_request


def set_up_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every record from `level` up, and Python's warnings, to `stream` (stderr) as JSON.

    May be called again, with another level: it replaces what was set up before.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)


class JsonLines(logging.Formatter):
    """Writes `ts`, `level`, `logger`, `msg`, the record's own fields, and any `traceback`.

    What is logged while a request is at hand names it: `request_id`, `trace_id`, `session_id`.
    """

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
        parts = [
            self.formatException(record.exc_info) if record.exc_info else "",
            record.stack_info or "",
        ]
        return "\n".join(part for part in parts if part)


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

"""The log on a terminal: a line for each request, and what a person needs to know below it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

_WIDTH = 9
"""The columns of the time; what belongs to a request begins behind them."""

_MAX_CHARACTERS = 400
_RESET, _DIM = "\x1b[0m", "\x1b[2m"
_OF_STATUS: Mapping[int, str] = {2: "\x1b[32m", 3: "\x1b[36m", 4: "\x1b[33m", 5: "\x1b[31m"}
_OF_LEVEL: Mapping[int, str] = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m"}


class TerminalLines(logging.Formatter):
    """Formats a request as `18:02:27 POST /members 201 3.1 ms  rules  default`.

    A hint, or the reason of an error, is a line of its own below. Other records have their time and
    message, warnings and errors their level.
    """

    def __init__(self, *, has_colours: bool) -> None:
        super().__init__()
        self._has_colours = has_colours

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as lines without control characters, which clients could send."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = getattr(record, "fields", {})
        is_request = record.name == "larst.requests" and "method" in fields
        lines = self._request(fields) if is_request else self._message(record)
        first, *below = lines
        indented = [" " * _WIDTH + item for item in below]
        return "\n".join([f"{self._in(_DIM, time)} {first}", *indented])

    def _request(self, fields: Mapping[str, object]) -> list[str]:
        status = fields["status"]
        colour = _OF_STATUS.get(status // 100, "") if isinstance(status, int) else ""
        query = f"?{fields['query']}" if fields.get("query") else ""
        target = _shown(f"{fields['path']}{query}")
        outcome = "client left" if status is None else str(status)
        facts = f"{fields['ms']} ms  {fields['plan'] or '-'}  {fields['session_id'] or '-'}"
        line = f"{fields['method']} {target} {self._in(colour, outcome)} {self._in(_DIM, facts)}"
        notes = [(name, fields.get(name)) for name in ("detail", "hint")]
        texts = [f"{name}: {_shown(note)}" for name, note in notes if note]
        return [line, *(self._in(colour, text) for text in texts)]

    def _message(self, record: logging.LogRecord) -> list[str]:
        text = _shown(record.getMessage())
        if record.levelno < logging.WARNING:
            return [text]
        level = self._in(_OF_LEVEL.get(record.levelno, ""), record.levelname.lower())
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        return [f"{level} {text}", *map(_shown, trace.splitlines())]

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._has_colours and colour else text


def _shown(value: object) -> str:
    """Return a text of limited length, with control characters escaped."""
    text = str(value)
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)

"""A stream of log lines that never waits for its reader.

A pipe whose reader stands still, or a terminal stopped by Ctrl-S, blocks a thread that writes to
it: that of the event loop, with all sessions. Lines wait in memory instead, within a limit; further
ones are dropped, and a line says how many.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import time
from collections import deque
from contextlib import suppress
from threading import Lock
from typing import TextIO

import orjson

MAX_WAITING_BYTES = 4 * 1024 * 1024
"""Lines that wait for the reader; further ones are dropped."""

PIECE_BYTES = 4096
"""A pipe that can be written takes so many bytes at once without waiting: POSIX's PIPE_BUF."""

RETRY_S = 0.1
LAST_WAIT_S = 1.0
"""How long the end of the process waits for the reader."""


class LogStream:
    """Writes to a text stream, or straight to its descriptor if that may block.

    Its methods may be called in any thread.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = _blocking_descriptor(stream)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = self._dropped = 0
        self._retry: asyncio.TimerHandle | None = None
        self._lock = Lock()

    def isatty(self) -> bool:
        """Return whether people read it on a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write a text of whole lines, now or soon."""
        if self._descriptor is None:
            return self._stream.write(text)
        data = text.encode(errors="backslashreplace")
        with self._lock:
            if self._waiting_bytes + len(data) > MAX_WAITING_BYTES:
                self._dropped += data.count(b"\n")
            else:
                self._add(data)
        self._write_waiting()
        return len(text)

    def flush(self) -> None:
        """Write what the reader takes now."""
        if self._descriptor is None:
            self._stream.flush()
        else:
            self._write_waiting()

    def close(self) -> None:
        """Write the rest, if the reader takes it within a second."""
        end_s = time.monotonic() + LAST_WAIT_S
        while self._waiting and (left_s := end_s - time.monotonic()) > 0:
            self._write_waiting(left_s)

    def _add(self, data: bytes) -> None:
        parts = range(0, len(data), PIECE_BYTES)
        self._waiting.extend(data[start : start + PIECE_BYTES] for start in parts)
        self._waiting_bytes += len(data)

    def _write_waiting(self, wait_s: float = 0.0) -> None:
        descriptor = self._descriptor
        with self._lock:
            while descriptor is not None and self._waiting and _takes_more(descriptor, wait_s):
                self._write_piece(descriptor)
            if self._dropped and self._waiting_bytes < MAX_WAITING_BYTES // 2:
                self._add(_dropped_line(self._dropped))
                self._dropped = 0
            if self._waiting:
                self._try_later()

    def _write_piece(self, descriptor: int) -> None:
        data = self._waiting.popleft()
        try:
            written = os.write(descriptor, data)
        except OSError:  # the reader has gone
            self._waiting.clear()
            self._waiting_bytes = 0
            return
        self._waiting_bytes -= written
        if rest := data[written:]:
            self._waiting.appendleft(rest)

    def _try_later(self) -> None:
        with suppress(RuntimeError):  # no event loop in this thread: the next line tries again
            loop = asyncio.get_running_loop()
            if self._retry is None or self._retry.when() <= loop.time():
                self._retry = loop.call_later(RETRY_S, self._write_waiting)


def _dropped_line(number: int) -> bytes:
    line = {"level": "warning", "logger": "larst.log", "msg": "the reader of the log stood still"}
    return orjson.dumps({**line, "dropped_lines": number}) + b"\n"


def _takes_more(descriptor: int, wait_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(wait_s * 1000))


def _blocking_descriptor(stream: TextIO) -> int | None:
    """Return the descriptor of a pipe, a socket or a terminal; None for files and other streams."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):  # a stream in memory
        return None
    return None if stat.S_ISREG(mode) else descriptor

"""The connection that offers each parsed request to the lane before aiohttp handles it.

aiohttp's protocol parses into `_messages`, and its task `start` handles them one after another. The
lane takes requests from the front of that queue while the task has nothing to do. Replies keep the
order of their requests: while the lane holds one, later requests wait in `_later`, where the task
does not see them. Must never raise in `data_received`: the event loop would drop the connection.

It rests on private parts of aiohttp; tests/http/lane/test_aiohttp_contract.py names them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from larst.http.connection import Connection
from larst.http.lane.callers import Caller
from larst.http.lane.lane import Lane
from larst.http.lane.replies import LaneReply

MAX_BODY_BYTES = 64 * 1024
"""Larger bodies are parsed in a thread, which is not now."""

_log = logging.getLogger("larst.service")


class LaneConnection(Connection):
    """A connection whose known requests the lane answers.

    `peer`, `raw_headers` and `caller` are the lane's memory of the latest request.
    """

    __slots__ = (
        "_finished_count",
        "_lane",
        "_later",
        "_reply",
        "caller",
        "peer",
        "raw_headers",
    )

    def __init__(self, manager: web.Server, lane: Lane, **options: Any) -> None:
        super().__init__(manager, **options)
        self._lane = lane
        self._finished_count = 0  # requests whose replies have been written
        self._later: deque[Any] = deque()
        self._reply: LaneReply | None = None  # the one that the lane holds
        self.peer = ""
        self.raw_headers: object = None
        self.caller: Caller | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the address of the client."""
        super().connection_made(transport)
        name: Any = self.peername
        self.peer = str(name[0] if isinstance(name, list | tuple) else name or "")

    def connection_lost(self, exc: BaseException | None) -> None:
        """Drop the reply that the lane holds; its request keeps its effect."""
        if self._reply is not None:
            self._reply.abandon()
            self._end_wait()
        self._later.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse as aiohttp does, then let the lane answer before the task sees the requests."""
        waiter, self._waiter = self._waiter, None  # the task must not wake up yet
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if data and self._messages:  # without data, the caller goes on with the queue
            self._advance()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Count the requests that the task has finished."""
        outcome = await super().finish_response(request, resp, start_time)
        is_open = bool(outcome[0].keep_alive) and not outcome[1]
        if is_open:  # otherwise the connection closes, and the lane must not answer on it
            self._finished_count += 1
        return outcome

    def close(self) -> None:
        """Close after the reply that the lane holds, like after one that the task prepares."""
        if self._reply is None:
            super().close()
        else:
            self._close = True

    def write_reply(self, data: bytes | None) -> None:
        """Send the reply of the lane, and continue with the requests behind it."""
        self._finished_count += 1
        transport = self.transport
        if data is None:
            self.force_close()
        elif transport is not None and not transport.is_closing():
            transport.write(data)
            self._stay_open()
        if self._reply is not None:  # it was held
            self._end_wait()
            self._continue()

    def _end_wait(self) -> None:
        self._reply, self._request_in_progress = None, False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)

    def _continue(self) -> None:
        """Go on with the requests behind a reply that was held."""
        self._messages.extend(self._later)
        self._later.clear()
        if self._close:
            super().close()
        elif not self._force_close:
            self._read_on()
            self._advance()

    def _advance(self) -> None:
        """Answer the first request of the queue, or leave the queue to the task.

        One in a turn of the loop: many pipelined requests must not hold it.
        """
        is_taken = self._reply is None and self._is_free() and self._take()
        if self._reply is not None:
            self._keep_for_later()
        elif is_taken:
            self._read_on()
            if self._messages:
                self._loop.call_soon(self._advance)
        elif self._messages and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read_on(self) -> None:
        """Read again if the queue was full and is not, as the task does for its requests."""
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()

    def _is_free(self) -> bool:
        """Return whether every request before the queued ones has its reply.

        Not whether the task waits: it takes turns of the loop to come back to that, and a client
        that sends its next request at once would never find it there.
        """
        return (
            0 < len(self._messages) == self._request_count - self._finished_count
            and not self._paused
            and not self._close
            and not self._force_close
            and not self._upgraded
        )

    def _take(self) -> bool:
        """Offer the first request to the lane; return whether it was accepted."""
        message, payload = self._messages[0]
        if isinstance(message, _ErrInfo) or not _has_fit_body(payload):
            return False
        count = self._finished_count
        try:
            if payload is EMPTY_PAYLOAD and (data := self._lane.recall(message, self)) is not None:
                self._remove_first()
                self.write_reply(data)
                return True
            reply = self._lane.offer(message, _body_of(payload), self)
        except Exception:  # noqa: BLE001 - a bug here must not cost the connection
            _log.exception("the lane failed; the request takes the ordinary way")
            return False
        if reply is None:
            return False
        self._remove_first()
        if self._finished_count == count:
            self._reply, self._request_in_progress = reply, True
            self._stay_open()
        return True

    def _remove_first(self) -> None:
        """Remove the first request, which the lane has accepted."""
        self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        assert self._manager is not None  # noqa: S101 - set while the connection is open
        self._manager.requests_count += 1

    def _keep_for_later(self) -> None:
        """Hide the requests behind a held reply from the task, and read no more of them."""
        if not self._messages:
            return
        self._later.extend(self._messages)
        self._messages.clear()
        if not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _stay_open(self) -> None:
        """Postpone the end of the idle connection."""
        close_s = self._loop.time() + self._keepalive_timeout
        self._next_keepalive_close_time = close_s
        if self._keepalive_handle is None and self._keepalive_timeout > 0:
            self._keepalive_handle = self._loop.call_at(close_s, self._process_keepalive)


def _has_fit_body(payload: StreamReader) -> bool:
    """Return whether a body is small and has arrived, or does not exist."""
    return payload is EMPTY_PAYLOAD or (
        type(payload) is StreamReader
        and payload.is_eof()
        and payload.exception() is None
        and payload.total_bytes < MAX_BODY_BYTES
    )


def _body_of(payload: StreamReader) -> bytes | None:
    """Return a body without consuming it: the task may have to read it; None without a body."""
    return None if payload is EMPTY_PAYLOAD else b"".join(payload._buffer)

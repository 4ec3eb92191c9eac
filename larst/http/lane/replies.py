"""The reply to a request in the lane: from the session's answer to bytes.

Does what the ingress and the middleware do around a request. Must never raise: it is called in
the connection's or in the gate's turn.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from larst.domain import RequestContext
from larst.http.access_log import finish_planned
from larst.http.ingress import log_hint
from larst.http.lane.callers import Caller
from larst.http.lane.wire import reply_bytes
from larst.http.presentation import Place, present
from larst.http.responses import error_response, program_response, trace_headers
from larst.session import Answer, SessionReply
from larst.telemetry import RequestTrace

_log = logging.getLogger("larst.service")


class Writer(Protocol):
    """A connection that waits for one reply."""

    def write_reply(self, data: bytes | None) -> None:
        """Send a whole reply; None closes the connection, because the reply cannot be made."""


@dataclass(slots=True, eq=False)
class LaneReply:
    """Receives a session's answer, and passes its bytes to the connection.

    `path` is decoded. `is_written` is set once the connection has its bytes, or needs none.
    """

    message: RawRequestMessage
    context: RequestContext
    caller: Caller
    trace: RequestTrace
    path: str
    writer: Writer
    is_written: bool = False

    def deliver(self, reply: Answer) -> None:
        """Send the reply of the session."""
        assert reply is not None  # noqa: S101 - only store tasks are answered with None
        if self.is_written:
            return
        try:
            self.trace.end_commit(None)
            response = self._response(reply)
        except Exception as error:  # noqa: BLE001 - becomes a reply, as in the middleware
            self._fail(error)
        else:
            self._send(response)

    def fail(self, error: Exception) -> None:
        """Send a reply that reports an error."""
        if self.is_written:
            return
        self.trace.end_commit(error)
        self._fail(error)

    def abandon(self) -> None:
        """Record that the client has left; its request keeps its effect."""
        self.is_written = True
        finish_planned(self.trace, self.message.method, self.path, None)

    def _response(self, reply: SessionReply) -> web.Response:
        presented = present(reply, self.context, self._place)
        response = program_response(self.context, presented, reply)
        log_hint(self.trace, reply, response)
        return response

    def _place(self) -> Place:
        raw_path, _, raw_query = self.message.path.partition("?")
        return Place(self.caller.address, raw_path, raw_query)

    def _fail(self, error: Exception) -> None:
        self.trace.set_error(error)
        try:
            response = error_response(self.message, error, self.trace.request_id)
        except Exception:  # noqa: BLE001 - a bug; the client must not wait for ever
            _log.exception("the reply to an error failed")
            self._write(None)
        else:
            self._send(response)

    def _send(self, response: web.Response) -> None:
        finish_planned(self.trace, self.message.method, self.path, response.status)
        try:
            added = {**trace_headers(self.trace), **self.caller.cors}
            data = reply_bytes(response, self.message.method, added)
        except Exception:  # noqa: BLE001 - aiohttp closes the connection, too
            _log.exception("the connection failed")
            data = None
        self._write(data)

    def _write(self, data: bytes | None) -> None:
        self.is_written = True
        try:
            self.writer.write_reply(data)
        except Exception:  # noqa: BLE001 - a bug here must not break the gate
            _log.exception("the connection failed")

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

from larst.domain import Reply, RequestContext
from larst.http.access_log import finish_planned, logged_path, query_of
from larst.http.cors import beside
from larst.http.ingress import log_hint
from larst.http.lane.callers import Caller
from larst.http.lane.memory import RememberedReply, ReplyMemory, template_of
from larst.http.lane.wire import is_plain_write, plain_bytes, reply_bytes
from larst.http.presentation import Place, present
from larst.http.request_notes import RequestNotes
from larst.http.responses import error_response, program_response, trace_headers
from larst.session import Answer, ReplyMemo, SessionReply
from larst.telemetry import RequestTrace

NOT_MODIFIED = 304

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
    notes: RequestNotes
    memory: ReplyMemory | None = None
    is_written: bool = False

    def deliver(self, reply: Answer) -> None:
        """Send the reply of the session."""
        assert reply is not None  # noqa: S101 - only store tasks are answered with None
        if self.is_written:
            return
        try:
            self.trace.end_commit(None)
            presented = present(reply, self.context, self._place)
            is_noted = self.trace.details is not None  # with the headers and the body of its reply
            is_plain = (
                not is_noted
                and reply.memo is None
                and is_plain_write(presented, reply, self.context)
            )
            response = None if is_plain else self._response(presented, reply)
        except Exception as error:  # noqa: BLE001 - becomes a reply, as in the middleware
            self._fail(error)
        else:
            if response is None:
                self._send_plain(presented)
            else:
                self._send(response, reply.memo)

    def fail(self, error: Exception) -> None:
        """Send a reply that reports an error."""
        if self.is_written:
            return
        self.trace.end_commit(error)
        self._fail(error)

    def abandon(self) -> None:
        """Record that the client has left; its request keeps its effect."""
        self.is_written = True
        message = self.message
        finish_planned(self.trace, message.method, self.path, None, message.path)
        self._note(None)

    def _response(self, presented: Reply, reply: SessionReply) -> web.Response:
        response = program_response(self.context, presented, reply)
        log_hint(self.trace, reply, response)
        return response

    def _place(self) -> Place:
        raw_path, _, raw_query = self.message.path.partition("?")
        return Place(self.caller.address, raw_path, raw_query)

    def _note(self, response: web.Response | None) -> None:
        if self.trace.details is not None:
            message = self.message
            query = query_of(message.path)
            self.notes.end(self.trace, message.method, self.path, query, response)

    def _fail(self, error: Exception) -> None:
        self.trace.set_error(error)
        try:
            response = error_response(self.message, error, self.trace.request_id)
        except Exception:  # noqa: BLE001 - a bug; the client must not wait for ever
            _log.exception("the reply to an error failed")
            self._write(None)
        else:
            self._send(response)

    def _send_plain(self, reply: Reply) -> None:
        message = self.message
        finish_planned(self.trace, message.method, self.path, reply.status, message.path)
        try:
            data = plain_bytes(reply, self.trace, self.caller.cors)
        except Exception:  # noqa: BLE001 - as in `_send`
            _log.exception("the connection failed")
            self._write(None)
        else:
            self._write(data)

    def _send(self, response: web.Response, memo: ReplyMemo | None = None) -> None:
        message = self.message
        finish_planned(self.trace, message.method, self.path, response.status, message.path)
        try:
            cors = beside(response.headers, self.caller.cors)
            added = {**trace_headers(self.trace), **cors}
            data = reply_bytes(response, self.message.method, added)
            self._note(response)
            if memo is not None and self.memory is not None:
                self._remember(self.memory, memo, response)
        except Exception:  # noqa: BLE001 - aiohttp closes the connection, too
            _log.exception("the connection failed")
            data = None
        self._write(data)

    def _remember(self, memory: ReplyMemory, memo: ReplyMemo, response: web.Response) -> None:
        """Remember a reply that says nothing but what follows from the request and the data."""
        body = response.body or b""
        if "X-LARST-Hint" in response.headers or not isinstance(body, bytes):
            return  # each hint is a line of the log
        method, route = self.message.method, self.trace.route
        has_no_body = method == "HEAD" or response.status == NOT_MODIFIED
        fields: dict[str, object] = {
            "method": method,
            "path": logged_path(self.path),
            "route": route,
            "status": response.status,
            "outcome": "replied",
        }
        if self.trace.telemetry.for_people:
            fields["query"] = query_of(self.message.path)
        reply = RememberedReply(
            states=memo.states,
            session_id=self.context.session_id,
            session_key=self.context.session_key,
            head=template_of(response.status, response.reason, response.headers),
            # A copy: the bytes that orjson returns take 4 KB of memory, however few they are.
            body=b"" if has_no_body else bytes(memoryview(body)),
            method=method,
            route=route,
            status=response.status,
            fields=fields,
            count_use=memo.count_use,
            plan_key=self.trace.plan_key,
            details=self.trace.details,
        )
        memory.put((self.caller, method, self.message.path), reply)

    def _write(self, data: bytes | None) -> None:
        self.is_written = True
        try:
            self.writer.write_reply(data)
        except Exception:  # noqa: BLE001 - a bug here must not break the gate
            _log.exception("the connection failed")

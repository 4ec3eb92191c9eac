"""Which requests the lane offers to their sessions, and with which context.

Must never change anything about a request that it does not accept: the ordinary way follows.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Protocol

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from cachetools import LRUCache

from larst.config import HttpSettings
from larst.domain import Body, RequestContext
from larst.errors import LarstError
from larst.http.access_log import unrecorded_trace
from larst.http.client_identity import new_ids
from larst.http.ingress import Ingress, empty_body
from larst.http.lane.callers import Caller, caller_of
from larst.http.lane.memory import ReplyMemory
from larst.http.lane.recalled import recalled_bytes
from larst.http.lane.replies import LaneReply, Writer
from larst.http.middleware import CONTROL_PATH
from larst.http.parsing import parse_body, parse_target
from larst.session import SessionClient
from larst.telemetry import RequestTrace, Telemetry

LANE: web.AppKey[Lane] = web.AppKey("lane")

MAX_CALLERS = 1_000
"""Sets of headers whose outcome is remembered, of all connections together."""

MAX_CALLER_BYTES = 16 * 1024
"""Callers with more headers are not remembered, nor the replies to them."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""The methods that the lane answers."""


class LaneClient(Writer, Protocol):
    """A connection, which remembers the caller behind the headers of its latest request."""

    peer: str
    raw_headers: object
    caller: Caller | None


class Lane:
    """Answers known requests of all connections.

    `answered` counts the accepted requests, `recalled` those with a remembered reply. `reserved`
    are the paths that are never planned.
    """

    def __init__(
        self,
        settings: HttpSettings,
        ingress: Ingress,
        sessions: SessionClient,
        telemetry: Telemetry,
        reserved: Collection[str],
    ) -> None:
        self.answered = self.recalled = 0
        self._settings = settings
        self._ingress = ingress
        self._sessions = sessions
        self._telemetry = telemetry
        self._reserved = frozenset(reserved)
        self._memory = ReplyMemory()
        self._callers: LRUCache[tuple[str, object], Caller] = LRUCache(MAX_CALLERS)

    def recall(self, message: RawRequestMessage, client: LaneClient) -> bytes | None:
        """Return the remembered reply to a request without a body, if its session is awake."""
        started_s = time.perf_counter()
        if message.raw_headers != client.raw_headers:
            client.raw_headers = message.raw_headers
            client.caller = self._callers.get((client.peer, message.raw_headers))
        if (caller := client.caller) is None:
            return None
        reply = self._memory.find((caller, message.method, message.path))
        if reply is None or message.version != HttpVersion11:
            return None  # any other version says something else about the connection
        if self._telemetry.recorder is not None or not self._sessions.touch(caller.session_id):
            return None
        self.answered += 1
        self.recalled += 1
        return recalled_bytes(reply, caller, self._telemetry, started_s)

    def offer(
        self, message: RawRequestMessage, raw_body: bytes | None, client: LaneClient
    ) -> LaneReply | None:
        """Return the reply to a request, which `client` gets now or later; None if not now.

        `raw_body` None: the request has no body.
        """
        if not _is_plain(message) or self._telemetry.recorder is not None:
            return None  # a sampled request has spans in other places
        path = message.path if "%" not in message.path else message.url.path
        path, _, _ = path.partition("?")
        if path in self._reserved or path.startswith(CONTROL_PATH):
            return None
        try:
            caller = self._caller(message, client)
            reply = caller and self._reply(message, raw_body, path, caller, client)
        except LarstError:
            return None  # the ordinary way raises it again
        if not reply or not self._sessions.request_now(reply.context, reply.trace, reply):
            return None
        self.answered += 1
        return reply

    def _caller(self, message: RawRequestMessage, client: LaneClient) -> Caller | None:
        if message.raw_headers == client.raw_headers and client.caller is not None:
            return client.caller
        caller = caller_of(message, client.peer, self._settings, self._ingress)
        if caller is not None and caller.size_bytes <= MAX_CALLER_BYTES:
            self._callers[client.peer, message.raw_headers] = caller
        client.caller, client.raw_headers = caller, message.raw_headers
        return caller

    def _reply(
        self,
        message: RawRequestMessage,
        raw_body: bytes | None,
        path: str,
        caller: Caller,
        writer: Writer,
    ) -> LaneReply:
        if caller.request_id is None and not caller.has_trace:
            trace = RequestTrace(self._telemetry, *new_ids())  # as `unrecorded_trace`
        else:
            trace = unrecorded_trace(message, self._telemetry)
        trace.session_id = caller.session_id
        target = parse_target(message.path)
        context = RequestContext(
            method=message.method,
            path=target.path,
            segments=target.segments,
            query=target.query,
            headers=caller.headers,
            body=_body(message, raw_body),
            client_ip=caller.client_ip,
            session_id=caller.session_id,
            request_id=trace.request_id,
        )
        may_recur = not caller.has_trace and caller.size_bytes <= MAX_CALLER_BYTES
        memory = self._memory if raw_body is None and may_recur else None
        return LaneReply(message, context, caller, trace, path, writer, memory)


def _is_plain(message: RawRequestMessage) -> bool:
    """Return whether a request needs nothing of the connection but a reply."""
    return (
        message.method in METHODS
        and message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked or message.compression)
        and message.path[:1] == "/"
        and message.path.isascii()
        and "#" not in message.path
    )


def _body(message: RawRequestMessage, raw: bytes | None) -> Body:
    if raw is None:
        return empty_body(message)
    return parse_body(message.method, message.headers.get("Content-Type", ""), raw)

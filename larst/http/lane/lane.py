"""Which requests the lane offers to their sessions, and with which context.

Must never change anything about a request that it does not accept: the ordinary way follows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from cachetools import LRUCache

from larst.config import HttpSettings
from larst.domain import Body, RequestContext
from larst.errors import LarstError
from larst.http.access import RouteTable
from larst.http.access_log import query_of, unrecorded_trace
from larst.http.client_identity import new_ids
from larst.http.cors import SAFE_METHODS
from larst.http.event_streams import has_watch
from larst.http.ingress import Ingress, empty_body
from larst.http.lane.callers import Caller, caller_of, with_length_of
from larst.http.lane.memory import ReplyMemory
from larst.http.lane.recalled import Recall, recalled_bytes
from larst.http.lane.replies import LaneReply, Writer
from larst.http.middleware import Admission
from larst.http.parsing import may_lack_body, parse_body, parse_target
from larst.http.session_prefix import SplitTarget, split_target
from larst.session import SessionClient
from larst.telemetry import RequestTrace, Telemetry
from larst.tokens import TokenSource

LANE: web.AppKey[Lane] = web.AppKey("lane")

MAX_CALLERS_BYTES = 16 * 1024 * 1024
"""Sets of headers whose outcome is remembered, of all connections together: about 12,000."""

_CALLER_OVERHEAD_BYTES = 1_000

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

    `answered` counts the accepted requests, `recalled` those with a remembered reply.
    """

    def __init__(
        self,
        settings: HttpSettings,
        ingress: Ingress,
        sessions: SessionClient,
        telemetry: Telemetry,
        tokens: TokenSource,
        routes: RouteTable,
    ) -> None:
        self.answered = self.recalled = 0
        self._admission = Admission.of(settings)
        self._ingress = ingress
        self._notes = ingress.instruments.notes
        self._rates = ingress.instruments.rates
        self._sessions = sessions
        self._telemetry = telemetry
        self._tokens = tokens
        self._routes = routes
        self._memory = ReplyMemory()
        self._callers: LRUCache[tuple[str, object], Caller] = LRUCache(
            MAX_CALLERS_BYTES, getsizeof=_bytes_of
        )

    def recall(self, message: RawRequestMessage, client: LaneClient) -> bytes | None:
        """Return the remembered reply to a request without a body, if its session is awake."""
        started_s = time.perf_counter()
        if message.raw_headers != client.raw_headers:
            client.raw_headers = message.raw_headers
            client.caller = self._callers.get((client.peer, message.raw_headers))
        caller = client.caller
        if caller is None or caller.tokens is not self._tokens.table:
            return None
        reply = self._memory.find((caller, message.method, message.path))
        if reply is None or message.version != HttpVersion11:
            return None  # any other version says something else about the connection
        if self._telemetry.recorder is not None or not self._sessions.touch(reply.session_key):
            return None
        if self._ingress.instruments.needs_task(reply.session_key):
            return None
        if not self._rates.admits(reply.session_key):
            return None
        self._rates.count(reply.session_key)
        self.answered += 1
        self.recalled += 1
        recall = Recall(reply, caller, message.path, started_s)
        return recalled_bytes(recall, self._telemetry, self._notes)

    def offer(
        self, message: RawRequestMessage, raw_body: bytes | None, client: LaneClient
    ) -> LaneReply | None:
        """Return the reply to a request, which `client` gets now or later; None if not now.

        `raw_body` None: the request has no body.
        """
        if not _is_plain(message) or self._telemetry.recorder is not None:
            return None  # a sampled request has spans in other places
        if not self._routes.is_planned(message.path.partition("?")[0]):
            return None
        if "watch" in message.path and has_watch(query_of(message.path)):
            return None
        path = message.path if "%" not in message.path else message.url.path
        path, _, _ = path.partition("?")
        try:
            split = split_target(message.path)
            caller = self._caller(message, client)
            if caller is None or not _is_admitted(caller, message.method):
                return None
            reply = self._reply(message, raw_body, path, split, caller, client)
        except LarstError:
            return None  # the ordinary way raises it again
        key = reply.context.session_key
        if self._ingress.instruments.needs_task(key) or not self._rates.admits(key):
            return None
        self._begin_note(reply, split.target, raw_body)
        if not self._sessions.request_now(reply.context, reply.trace, reply):
            # The ordinary way begins to note it once more.
            was_sampled = reply.trace.details is not None
            self._notes.log.withdraw(caller.access.tenant.name, was_sampled=was_sampled)
            return None
        self._rates.count(key)
        self.answered += 1
        return reply

    def _begin_note(self, reply: LaneReply, target: str, raw_body: bytes | None) -> None:
        caller = reply.caller
        tenant = caller.access.tenant.name
        if not self._notes.log.admits(tenant):
            return
        details = self._notes.begin(
            reply.trace,
            tenant,
            client_ip=caller.client_ip,
            address=caller.address,
            target=target,
            headers=caller.headers,
        )
        if raw_body is not None:
            details.set_body(raw_body, reply.message.headers.get("Content-Type"))

    def _caller(self, message: RawRequestMessage, client: LaneClient) -> Caller | None:
        tokens = self._tokens.table
        caller = client.caller
        if caller is not None and caller.tokens is tokens:
            if message.raw_headers == client.raw_headers:
                return caller
            if (other := with_length_of(message, caller, client.raw_headers)) is not None:
                client.caller, client.raw_headers = other, message.raw_headers
                return other
        caller = caller_of(message, client.peer, self._admission, self._ingress, tokens)
        if caller is not None and caller.size_bytes <= MAX_CALLER_BYTES:
            self._callers[client.peer, message.raw_headers] = caller
        client.caller, client.raw_headers = caller, message.raw_headers
        return caller

    def _reply(
        self,
        message: RawRequestMessage,
        raw_body: bytes | None,
        path: str,
        split: SplitTarget,
        caller: Caller,
        writer: Writer,
    ) -> LaneReply:
        if caller.request_id is None and not caller.has_trace:
            trace = RequestTrace(self._telemetry, *new_ids())  # as `unrecorded_trace`
        else:
            trace = unrecorded_trace(message, self._telemetry)
        trace.session_id = (
            caller.session_id
            if split.session_id is None
            else self._ingress.session_id(message, caller.access, split)
        )
        target = parse_target(split.target)
        context = RequestContext(
            method=message.method,
            path=target.path,
            segments=target.segments,
            query=target.query,
            headers=caller.headers,
            body=_body(message, target.segments, raw_body),
            client_ip=caller.client_ip,
            session_id=trace.session_id,
            request_id=trace.request_id,
            tenant=caller.access.tenant,
            prefix=split.prefix,
        )
        may_recur = not caller.has_trace and caller.size_bytes <= MAX_CALLER_BYTES
        memory = self._memory if raw_body is None and may_recur else None
        return LaneReply(message, context, caller, trace, path, writer, self._notes, memory)


def _is_admitted(caller: Caller, method: str) -> bool:
    """Return whether a caller may send such a request, and the lane can answer it.

    Pages and streams are made on the ordinary way.
    """
    if not caller.access.may_send(method):
        return False
    if method in SAFE_METHODS:
        return not (caller.wants_page or caller.wants_events)
    return caller.may_change


def _bytes_of(caller: Caller) -> int:
    return caller.size_bytes + _CALLER_OVERHEAD_BYTES


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


def _body(message: RawRequestMessage, segments: Sequence[str], raw: bytes | None) -> Body:
    may_be_empty = may_lack_body(message.method, segments)
    if raw is None:
        return empty_body(message, may_be_empty=may_be_empty)
    content_type = message.headers.get("Content-Type", "")
    return parse_body(content_type, raw, may_be_empty=may_be_empty)

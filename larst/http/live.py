"""Live changes over HTTP: a GET of records that prefers `text/event-stream`, or has `?watch`.

It sends the present state, then each committed change as an event; see docs/live.md. All other
planned requests go to the ingress. Must never send a change before it is durable: the session
releases both.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from aiohttp import web

from larst.domain import RequestContext
from larst.errors import DeadlineError, LarstError
from larst.http.event_streams import (
    HEARTBEAT_S,
    WATCH,
    accepts_events,
    event_stream,
    has_watch,
    write_events,
    write_last,
)
from larst.http.ingress import INGRESS, serve_planned
from larst.http.keys import ACCESS, TRACE
from larst.http.responses import JSON
from larst.session import SessionClient
from larst.session.live import Cut, LiveHub, Watch, Watcher, encode_close, parse_event_id
from larst.telemetry import RequestTrace

LIVE: web.AppKey[LiveService] = web.AppKey("live")

RETRY = b"retry: 1000\n\n"
"""Milliseconds after which an EventSource connects again."""

STILL_HERE = b": still here\n\n"


async def serve(request: web.Request) -> web.StreamResponse:
    """Serve a request whose path is not reserved."""
    if not _is_watch(request):
        return await serve_planned(request)
    return await request.app[LIVE].stream(request)


def _is_watch(request: web.Request) -> bool:
    if request.method not in ("GET", "HEAD"):
        return False
    accept = request.headers.get("Accept", "")
    return accepts_events(accept) or has_watch(request.rel_url.raw_query_string)


@dataclass(frozen=True, slots=True)
class LiveService:
    """Streams the changes of records; a state over `limit_bytes` is refused.

    A watch opens within `timeout_s`, or not at all.
    """

    sessions: SessionClient
    hub: LiveHub
    limit_bytes: int
    timeout_s: float

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send events until the client leaves, is too slow, or the service stops.

        Raises:
            LarstError, ActorError: the watch cannot begin; problems.py has their statuses.
        """
        context = await _plain_context(request)
        if request.method == "HEAD":
            return event_stream()
        with self.hub.watcher(context.session_key) as watcher:
            last_id = request.headers.get("Last-Event-ID")
            opening = await self._open(context, request[TRACE], watcher, last_id)
            response = event_stream()
            await response.prepare(request)
            try:
                await write_events(response, RETRY + opening)
                cut = await self._follow(response, context, request[TRACE], watcher)
            except TimeoutError:
                cut = SLOW_READER
            except ConnectionError:
                if request.transport is not None:
                    request.transport.abort()  # in the middle of an event, nothing can follow
                raise
            await write_last(request, response, encode_close(cut.reason, cut.detail))
            return response

    async def _open(
        self, context: RequestContext, trace: RequestTrace, watcher: Watcher, last_id: str | None
    ) -> bytes:
        last, key = parse_event_id(last_id), context.session_key
        watch = Watch(context, trace, key, watcher, self.hub.feeds, last, self.limit_bytes)
        try:
            async with asyncio.timeout(self.timeout_s), self.hub.turn(key):
                await self.sessions.watch(watch)
        except TimeoutError as error:
            raise DeadlineError(
                f"the watch could not be opened within {self.timeout_s:g} seconds, because so many"
                " others are being opened; try again"
            ) from error
        return watch.opening

    async def _follow(
        self,
        response: web.StreamResponse,
        context: RequestContext,
        trace: RequestTrace,
        watcher: Watcher,
    ) -> Cut:
        """Write events as they come; return why the stream ends.

        Raises:
            ConnectionError: the client has left.
            TimeoutError: it takes nothing.
        """
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await watcher.has_news.wait()
            except TimeoutError:
                await write_events(response, STILL_HERE)
                continue
            if watcher.is_stale:
                try:
                    data: bytes | Cut = await self._open(context, trace, watcher, None)
                except LarstError as error:
                    return Cut("refused", error.detail)
            else:
                data = watcher.take()
            if isinstance(data, Cut):
                return data
            await write_events(response, data)


SLOW_READER = Cut(
    "slow",
    "the reader took nothing for 10 seconds; connect again with the Last-Event-ID, and read faster",
)


async def _plain_context(request: web.Request) -> RequestContext:
    """Return the context of the request as of a plain GET: without `watch`, and for JSON."""
    ingress = request.app[INGRESS]
    with ingress.bodies.share() as share:
        context = await ingress.context(request, request[TRACE], request[ACCESS], share)
    query = dict(context.query)
    if has_watch(request.rel_url.raw_query_string):
        query.pop(WATCH, None)
    headers = {**context.headers, "accept": JSON}
    return replace(context, method="GET", query=query, headers=headers)

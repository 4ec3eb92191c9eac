"""Server-sent events: who asks for them, and how they are written to a reader of any speed.

Must never wait for a slow reader: it is cut.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from larst.accept import preferred
from larst.http.responses import JSON

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
WRITE_TIMEOUT_S = 10.0
"""A reader that takes nothing for so long is cut."""

LINGER_S = 2.0
"""How long a reader that is cut may take to read why."""

WATCH = "watch"
PIECE_BYTES = 64 * 1024
"""The part of a larger event that is written at once: all readers together may be slow."""


def accepts_events(accept: str) -> bool:
    """Return whether an Accept header prefers events to JSON."""
    if EVENT_STREAM not in accept:
        return False
    return preferred(accept, (JSON, EVENT_STREAM), default=JSON) == EVENT_STREAM


def has_watch(raw_query: str) -> bool:
    """Return whether a query has `watch` without a value, as in `?watch` and `?status=open&watch`.

    With a value it is a filter on a field of that name.
    """
    return WATCH in raw_query and WATCH in raw_query.split("&")


def event_stream() -> web.StreamResponse:
    """Return the head of a stream; no server in front may buffer or store it."""
    return web.StreamResponse(
        headers={
            "Content-Type": EVENT_STREAM,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )


async def write_events(response: web.StreamResponse, data: bytes) -> None:
    """Write whole events to a reader, as fast as it reads.

    Raises:
        ConnectionError: it has left, or takes nothing in the middle of the events.
        TimeoutError: it takes nothing, and has all of these events before it.
    """
    view = memoryview(data)
    for start in range(0, len(data), PIECE_BYTES):
        piece = bytes(view[start : start + PIECE_BYTES])
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await response.write(piece)
        except TimeoutError:
            if start + len(piece) < len(data):
                raise ConnectionResetError("the reader of the stream is too slow") from None
            raise


async def write_last(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Write the last event of a stream; a reader that does not take it is disconnected."""
    response.force_close()
    try:
        async with asyncio.timeout(LINGER_S):
            await response.write(data)
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        with contextlib.suppress(AttributeError):  # the transport has gone
            if request.transport is not None:
                request.transport.abort()  # what waits to be written is dropped, too

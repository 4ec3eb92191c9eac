"""What a fault does to a request and to its reply on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

import orjson
from aiohttp import web

from larst.http.faults.faults import Fault

MAX_REPLY_S = 60.0
"""A reply takes no longer, however few bytes a second its fault names."""

TICK_S = 0.05

_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes a request, with the delay that was drawn for it."""

    fault: Fault
    delay_s: float

    @classmethod
    def draw(cls, fault: Fault, generator: Random) -> Strike:
        """Return the strike of a fault."""
        return cls(fault, 0.0 if fault.delay is None else fault.delay.draw(generator))

    async def before(self, request: web.Request) -> web.Response | None:
        """Do what happens before the session sees the request; return a reply that comes instead.

        Raises:
            ConnectionResetError: the connection was dropped.
        """
        return None if self.fault.is_after else await self._act(request)

    async def after(self, request: web.Request) -> web.Response | None:
        """Do what happens once the request is served; return a reply that comes instead.

        Raises:
            ConnectionResetError: the connection was dropped.
        """
        return await self._act(request) if self.fault.is_after else None

    async def _act(self, request: web.Request) -> web.Response | None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.fault.drop:
            drop(request)
        return None if self.fault.status is None else _reply(self.fault, self.fault.status)


STRIKE = web.RequestKey("strike", Strike)
"""The fault that strikes the request."""

SERVED = web.RequestKey("served", web.Response)
"""The whole reply, if only a part of it is sent."""


def drop(request: web.Request) -> None:
    """End the connection of a request without a reply.

    Raises:
        ConnectionResetError: always, which ends the handler.
    """
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("the connection was dropped on demand")


async def spoiled(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Return a reply as the fault of its request leaves it.

    Raises:
        ConnectionResetError: the connection was dropped.
    """
    if (strike := request.get(STRIKE)) is None:
        return response
    response = await strike.after(request) or response
    fault = strike.fault
    response.headers["X-LARST-Fault"] = str(fault)
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes | None):
        return response
    if request.method == "HEAD" or response.status in _NO_BODY:
        return response
    body = response.body or b""
    if fault.malformed:
        response.body = body = body[: len(body) // 2] + b'{"'
    request[SERVED] = response
    if fault.truncate is None and fault.bytes_per_s is None:
        return response
    return await _sent_in_parts(request, response, body, fault)


async def _sent_in_parts(
    request: web.Request, response: web.Response, body: bytes, fault: Fault
) -> web.StreamResponse:
    """Send a reply slowly, or only its begin, which its length contradicts."""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    part = body if fault.truncate is None else body[: fault.truncate]
    is_cut = len(part) < len(body)
    if is_cut:
        stream.force_close()
    await stream.prepare(request)
    per_s = max(fault.bytes_per_s or len(part) / TICK_S, len(part) / MAX_REPLY_S)
    size = max(1, int(per_s * TICK_S))
    for start in range(0, len(part), size):
        if start:
            await asyncio.sleep(size / per_s)
        await stream.write(part[start : start + size])
    if is_cut and request.transport is not None:
        request.transport.close()  # the bytes written before are sent first
        raise ConnectionResetError("the body was truncated on demand")
    await stream.write_eof()
    return stream


def _reply(fault: Fault, status: int) -> web.Response:
    """Return the reply that a fault describes; by default an error as the service sends them."""
    headers = dict(fault.headers or {})
    if status in _NO_BODY:
        return web.Response(status=status, headers=headers)
    body = fault.body
    if body is None:
        body = {"error": "fault on demand", "detail": f"X-LARST-Fault: {fault}"}
    if isinstance(body, str):
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        return web.Response(status=status, headers=headers, body=body.encode())
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return web.Response(status=status, headers=headers, body=orjson.dumps(body))

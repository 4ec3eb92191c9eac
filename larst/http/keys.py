"""The types of requests and handlers, and the keys of the facts attached to a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web
from multidict import MultiMapping

from larst.session import SessionReply
from larst.telemetry import RequestTrace
from larst.tokens import Access

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WithHeaders(Protocol):
    """A request as far as its headers go; their names have no case."""

    @property
    def headers(self) -> MultiMapping[str]:
        """The headers; `get` returns the first line of a repeated one."""


TRACE = web.RequestKey("trace", RequestTrace)
"""The trace of the request."""

ANSWER = web.RequestKey("answer", SessionReply)
"""The session's reply to a planned request, once it is there."""

ACCESS = web.RequestKey("access", Access)
"""What the sender of the request may do; absent on paths that are open to everyone."""

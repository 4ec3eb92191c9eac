"""The keys of the facts that the middleware attaches to a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from larst.telemetry import RequestTrace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TRACE = web.RequestKey("trace", RequestTrace)
"""The trace of the request."""

TOKEN = web.RequestKey("token", str)
"""The bearer token that the client sent."""

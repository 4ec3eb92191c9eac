"""Keys under which a request carries what the middleware found out about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from larst.telemetry import RequestTrace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


TRACE = web.RequestKey("trace", RequestTrace)
"""What is noted of a request."""


TOKEN = web.RequestKey("token", str)
"""The bearer token that it came with."""

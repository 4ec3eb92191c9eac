"""The console at `/_larst/`: a page without data, whose own small scripts use the control API.

The page and its files are the same for every visitor, so they need no token. The scripts put all
text into the page as text, never as HTML. No library: what they need of one is less than it would
weigh. Must never refer to another host.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files

from aiohttp import web

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PARTS = ("api", "cases", "data", "dom", "health", "plans", "requests", "session")
_FILES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    **{f"console-{part}.js": "text/javascript" for part in _PARTS},
}


async def page() -> web.Response:
    """Return the page."""
    return web.Response(
        body=await asyncio.to_thread(_content, "console.html"),
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )


async def file(name: str) -> web.Response | None:
    """Return a file of the page; None for any other name."""
    if name not in _FILES:
        return None
    return web.Response(
        body=await asyncio.to_thread(_content, name),
        headers={
            "Content-Type": f"{_FILES[name]}; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )


@cache
def _content(name: str) -> bytes:
    return (files(__name__) / name).read_bytes()

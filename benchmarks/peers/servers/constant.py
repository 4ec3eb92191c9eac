"""The unit of cost: an aiohttp Application on uvloop that replies the same to every request.

    python constant.py PORT

It reads the body and replies with as many records as a real server would, and does nothing else.
"""

from __future__ import annotations

import json
import sys

import uvloop
from aiohttp import web

_RECORD = {
    "id": 1,
    "name": "User 7919",
    "email": "user1@example.com",
    "age": 19,
    "city": "Paris",
    "active": False,
    "score": 1.37,
    "tags": ["alpha", "beta"],
    "address": {"street": "1 Main Street", "zip": "10001"},
    "grp": 1,
}
_ONE = json.dumps(_RECORD, separators=(",", ":")).encode()
_LIST = json.dumps([_RECORD] * 20, separators=(",", ":")).encode()
_MATCHES = json.dumps([_RECORD] * 10, separators=(",", ":")).encode()


async def _one(request: web.Request) -> web.Response:
    return web.Response(body=_ONE, content_type="application/json")


async def _list(request: web.Request) -> web.Response:
    body = _MATCHES if "grp" in request.query else _LIST
    return web.Response(body=body, content_type="application/json")


async def _post(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=_ONE, status=201, content_type="application/json")


async def _patch(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=_ONE, content_type="application/json")


async def _delete(request: web.Request) -> web.Response:
    return web.Response(status=204)


def application() -> web.Application:
    """Return the application."""
    app = web.Application()
    app.router.add_get("/users/{id}", _one)
    app.router.add_get("/users", _list)
    app.router.add_post("/users", _post)
    app.router.add_patch("/users/{id}", _patch)
    app.router.add_delete("/users/{id}", _delete)
    return app


if __name__ == "__main__":
    web.run_app(
        application(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )

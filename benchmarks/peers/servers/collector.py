"""A collector of traces that accepts everything and keeps nothing: python collector.py PORT."""

from __future__ import annotations

import sys

from aiohttp import web

MAX_BODY_BYTES = 64 * 1024**2


async def _ready(_request: web.Request) -> web.Response:
    return web.json_response({})


async def _accept(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(content_type="application/x-protobuf")


def main() -> None:
    """Serve until a signal ends the process."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/", _ready)
    app.router.add_route("*", "/{path:.*}", _accept)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()

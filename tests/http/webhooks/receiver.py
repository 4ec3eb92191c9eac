"""A receiver of webhooks on loopback: it notes the requests, and replies as a test wants."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.http.helpers import Client

HOOKS = "/_larst/sessions/one/webhooks"
PATIENCE_S = 20


@dataclass(frozen=True)
class Received:
    """A request that the receiver got."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> tuple[str, Any]:
        """The type of the message and its record, or the type and its data."""
        message = json.loads(self.body)
        return message["type"], message["data"].get("record", message["data"])

    def is_signed_with(self, secret: str) -> bool:
        """Verify the signature as Standard Webhooks describes it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{digest}"


class Receiver:
    """Replies with each of `statuses`, and then with 204; `hold` keeps the replies back."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: deque[int] = deque()
        self.hold = asyncio.Event()
        self.hold.set()
        self._news = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/changes"))

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = f"{request.method} {request.path}"
        self.received.append(Received(target, headers, await request.read()))
        async with self._news:
            self._news.notify_all()
        await self.hold.wait()
        status = self.statuses.popleft() if self.statuses else 204
        return web.Response(status=status, headers={"Location": "/other"} if status == 302 else {})

    async def take(self, count: int) -> list[Received]:
        """Wait until so many requests have come in all, and return all."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def events(self, count: int) -> list[tuple[str, Any]]:
        return [received.event for received in await self.take(count)]


async def put(client: Client, url: str, name: str = "audit", **more: Any) -> Any:
    reply = await client.put(f"{HOOKS}/{name}", json={"url": url, **more})
    assert reply.status == 200, await reply.text()
    return await reply.json()


async def shown(client: Client, name: str = "audit") -> Any:
    items = (await (await client.get(HOOKS)).json())["items"]
    return next(item for item in items if item["name"] == name)


async def becomes(client: Client, **expected: Any) -> Any:
    """Wait until a webhook is shown with these values."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            webhook = await shown(client)
            if {name: webhook[name] for name in expected} == expected:
                return webhook
            await asyncio.sleep(0.01)

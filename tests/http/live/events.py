"""Reading a stream of events in tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.http.helpers import Client

EVENTS = {"Accept": "text/event-stream"}
PATIENCE_S = 20


@dataclass(frozen=True)
class Event:
    """An event as a client gets it."""

    name: str
    data: Any
    id: str | None = None

    def __eq__(self, other: object) -> bool:
        return other == (self.name, self.data)

    def __hash__(self) -> int:
        return hash(self.name)


class Stream:
    """The events of an open response."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self.last_id: str | None = None

    async def next(self) -> Event:
        """Return the next event.

        Raises:
            EOFError: the stream has ended.
        """
        name, data = "", ""
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self._content.readline()).decode():
                field, _, value = line.rstrip("\n").partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not line.strip() and name:
                    return Event(name, json.loads(data), self.last_id)
        raise EOFError

    async def take(self, count: int) -> list[Event]:
        """Return the next events."""
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def watching(
    client: Client, path: str, last_id: str | None = None, **headers: str
) -> AsyncIterator[Stream]:
    """Open a stream of events."""
    more = {} if last_id is None else {"Last-Event-ID": last_id}
    async with client.get(path, headers={**EVENTS, **more, **headers}) as reply:
        assert reply.status == 200, await reply.text()
        assert reply.content_type == "text/event-stream"
        yield Stream(reply.content)


def state(*records: dict[str, Any]) -> tuple[str, Any]:
    """Return the event with the state of a collection."""
    page = {"total": len(records), "limit": None, "offset": 0}
    return "state", {"items": list(records), "page": page}

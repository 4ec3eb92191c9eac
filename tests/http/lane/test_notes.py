"""The list of requests has those that the lane answers, with what it shows of any other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.http.lane.servers import Server, Twins, request


async def listed(server: Server) -> list[dict[str, Any]]:
    """Return the requests of the session `notes`, the oldest first."""
    path = "/_larst/requests?session=notes"
    asked = request("GET", path, headers={"Connection": "close"})
    reply = await server.exchange(asked)
    items: list[dict[str, Any]] = json.loads(reply.partition(b"\r\n\r\n")[2])["items"]
    return items[::-1]


@pytest.mark.parametrize("lane", ["on", "off"])
async def test_writes_and_reads_of_known_plans_are_listed(twins: Twins, lane: str) -> None:
    """The console, and `larst tail`, showed the first write of a client and no other."""
    server: Server = getattr(twins, lane)
    answered = server.answered
    for number in range(1, 5):
        for method, path, body in (
            ("POST", "/notes", b'{"text":"a"}'),
            ("PATCH", f"/notes/{number}", b'{"text":"b"}'),
            ("GET", f"/notes/{number}", None),
            ("DELETE", f"/notes/{number}", None),
        ):
            sent = request(method, path, body, session="notes")
            await server.exchange(sent)

    assert (server.answered > answered) is (lane == "on")
    requests = await listed(server)
    assert [item["method"] for item in requests] == ["POST", "PATCH", "GET", "DELETE"] * 4
    assert {item["status"] for item in requests} == {200, 201, 204}

"""`larst tail` prints the requests of a running service as they are served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import aiohttp

from tests.service.api import Api, Service
from tests.service.command import CommandResult, run_larst


async def tail_while_sending(
    http: aiohttp.ClientSession, service: Service, *arguments: str
) -> CommandResult:
    """Run `larst tail` until it ends, and send requests all the while."""
    api = Api(http, service.url, "one")
    command = asyncio.create_task(
        asyncio.to_thread(run_larst, "tail", "--url", service.url, *arguments)
    )
    while not command.done():
        await api.post("/books", {"title": "A"})
        await api.session("two").get("/pens/%1B%5B31m")
        await asyncio.wait({command}, timeout=0.05)
    return command.result()


async def test_it_prints_a_line_for_each_request(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    """The path of a request is a client's text: escape sequences must not reach the terminal."""
    result = await tail_while_sending(http, start_service(), "--count", "8", "--path", "/")

    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 8
    assert any("201" in line and " POST   /books [one]" in line for line in lines)
    assert any("/pens/\\x1b[31m [two]" in line for line in lines)


async def test_it_prints_json_and_filters(
    start_service: Callable[..., Service], http: aiohttp.ClientSession
) -> None:
    arguments = ("--json", "--count", "1", "--session", "two")
    result = await tail_while_sending(http, start_service(), *arguments)

    (request,) = map(json.loads, result.stdout.splitlines())
    assert (request["session"], request["method"]) == ("two", "GET")


def test_a_wrong_filter_is_explained(start_service: Callable[..., Service]) -> None:
    result = run_larst("tail", "--url", start_service().url, "--status", "404")

    assert result.exit_code == 1
    assert "status must be one of 2xx, 3xx, 4xx, 5xx" in result.stderr

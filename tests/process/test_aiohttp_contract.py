"""The private parts of aiohttp that larst/process/server.py uses.

If a test here fails after an upgrade of aiohttp, read `AppRunner._make_server`, `web.Server` and
`RequestHandler.handle_error` of that version, adapt `ServiceRunner` in larst/process/server.py, and
then raise the upper bound of aiohttp in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from importlib.metadata import version

import aiohttp
import pytest
from aiohttp import web
from packaging.requirements import Requirement

from larst.process.server import ServiceRunner
from tests.test_repository import PROJECT


def test_the_bounds_admit_the_installed_version_and_not_the_next_minor_one() -> None:
    """A minor version may change private parts."""
    (requirement,) = [
        requirement
        for requirement in map(Requirement, PROJECT["dependencies"])
        if requirement.name == "aiohttp"
    ]
    major, minor = version("aiohttp").split(".")[:2]

    assert requirement.specifier.contains(version("aiohttp"))
    assert not requirement.specifier.contains(f"{major}.{int(minor) + 1}.0")


def test_a_runner_makes_its_server_in_a_coroutine_without_arguments() -> None:
    assert inspect.iscoroutinefunction(web.AppRunner._make_server)
    assert list(inspect.signature(web.AppRunner._make_server).parameters) == ["self"]


def test_a_server_takes_the_parts_of_another_server() -> None:
    """`ServiceRunner` builds its server from the one that aiohttp built."""
    parameters = inspect.signature(web.Server.__init__).parameters

    assert {"handler", "request_factory", "handler_cancellation"} <= set(parameters)


async def test_a_built_server_has_the_attributes_that_are_copied() -> None:
    server = web.Server(_handle, access_log=None)

    assert server.request_handler is _handle
    assert callable(server.request_factory)
    assert isinstance(server.handler_cancellation, bool)
    assert server._kwargs == {"access_log": None}
    assert server._loop is asyncio.get_running_loop()


def test_errors_of_the_protocol_pass_through_one_method() -> None:
    parameters = inspect.signature(web.RequestHandler.handle_error).parameters

    assert list(parameters) == ["self", "request", "status", "exc", "message"]
    assert not inspect.iscoroutinefunction(web.RequestHandler.handle_error)


async def test_bytes_that_are_not_http_get_a_reply_in_json() -> None:
    """All of the above in use: the connection class is ours, on a real port."""
    runner = ServiceRunner(web.Application(), access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(b"GET / HTTP/1.1\r\nno colon\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    finally:
        await runner.cleanup()

    assert head.split()[1] == b"400"
    assert b"Server: larst" in head
    assert json.loads(body)["error"] == "bad request"


async def test_a_request_still_reaches_the_application() -> None:
    app = web.Application()
    app.router.add_get("/", _handle)
    runner = ServiceRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as reply:
            assert (reply.status, await reply.text()) == (200, "served")
    finally:
        await runner.cleanup()


async def _handle(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="served")


@pytest.mark.parametrize(
    "name", ["_request_count", "_request_in_progress", "_messages", "_loop", "peername"]
)
def test_a_connection_has_what_its_watch_reads(name: str) -> None:
    """`Connection.standing` separates heads from replies by them (larst/http/pace.py)."""
    assert hasattr(web.RequestHandler, name)


def test_a_connection_learns_when_its_client_has_read() -> None:
    """`Connection` counts it."""
    assert list(inspect.signature(web.RequestHandler.resume_writing).parameters) == ["self"]
    assert list(inspect.signature(web.RequestHandler.force_close).parameters) == ["self"]
    options = inspect.signature(web.RequestHandler.__init__).parameters
    assert {"keepalive_timeout", "lingering_time"} <= set(options)

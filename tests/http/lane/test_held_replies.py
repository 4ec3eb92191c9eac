"""Replies that wait for the disk, on a connection in the lane."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from larst.store import DiskFiles
from tests.http.lane.servers import REPLY, Server, finish, masked, request, start

POST = request("POST", "/members", b'{"name":"Ann"}')
GET = request("GET", "/members/1")


class SlowFiles(DiskFiles):
    """Files whose journal waits for the test, and may refuse."""

    def __init__(self) -> None:
        self.may_write = threading.Event()
        self.may_write.set()
        self.has_begun = threading.Event()
        self.refuses = False

    def write_at(self, path: Path, offset: int, data: bytes) -> None:
        self.has_begun.set()
        assert self.may_write.wait(20)
        if self.refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write_at(path, offset, data)

    def hold(self) -> None:
        """Let the next write wait, from its beginning."""
        self.may_write.clear()
        self.has_begun.clear()

    async def begun(self) -> None:
        """Return when a write has begun."""
        assert await asyncio.to_thread(self.has_begun.wait, 20)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> SlowFiles:
    files = SlowFiles()
    monkeypatch.setattr("larst.http.session_assembly.DiskFiles", lambda **_options: files)
    return files


@pytest.fixture
async def stack(files: SlowFiles) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack
        files.may_write.set()


async def known(stack: AsyncExitStack, root: Path, *, lane: str) -> Server:
    """Start a server that knows the plans of both requests."""
    server = await start(stack, root, lane=lane)
    await server.exchange(POST, GET)
    return server


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def is_silent(reader: asyncio.StreamReader) -> bool:
    """Return whether nothing arrives for a moment."""
    try:
        async with asyncio.timeout(0.05):
            await reader.read(1)
    except TimeoutError:
        return True
    return False


async def test_no_reply_leaves_before_the_write_is_on_disk(
    stack: AsyncExitStack, files: SlowFiles, tmp_path: Path
) -> None:
    """Neither the reply to the write, nor one to a read that saw it."""
    server = await known(stack, tmp_path, lane="on")
    before = server.answered
    files.hold()
    reader, writer = await connect(server)
    other_reader, other_writer = await connect(server)
    writer.write(POST)
    await files.begun()
    other_writer.write(request("GET", "/members/2"))

    assert await is_silent(reader)
    assert await is_silent(other_reader)
    assert server.answered == before + 2

    files.may_write.set()
    assert b"201 Created" in await finish(reader, writer)
    assert b'"id":2' in await finish(other_reader, other_writer)


async def test_requests_behind_a_held_reply_wait(
    stack: AsyncExitStack, files: SlowFiles, tmp_path: Path
) -> None:
    """Replies keep the order of their requests, also those that have nothing to wait for."""
    server = await known(stack, tmp_path, lane="on")
    files.hold()
    reader, writer = await connect(server)
    writer.write(POST)
    await files.begun()
    writer.write(request("OPTIONS", "/members") + GET + POST + request("GET", "/healthz"))
    assert await is_silent(reader)

    files.may_write.set()
    data = await finish(reader, writer)

    assert REPLY.findall(data) == [b"201", b"204", b"200", b"201", b"200", b"200"]


@pytest.mark.parametrize("lane", ["on", "off"])
async def test_a_failed_write_is_507(
    stack: AsyncExitStack, files: SlowFiles, tmp_path: Path, lane: str
) -> None:
    """And nothing of it is there afterwards."""
    server = await known(stack, tmp_path, lane=lane)
    before = server.answered
    files.refuses = True
    refused = await server.exchange(POST)
    files.refuses = False

    assert refused.startswith(b"HTTP/1.1 507 ")
    assert b'"detail":"the disk refused: No space left on device' in refused
    assert b"404 Not Found" in await server.exchange(request("GET", "/members/2"))
    assert (server.answered > before) == (lane == "on")


async def test_a_failed_write_has_the_same_bytes_on_both_ways(
    stack: AsyncExitStack, files: SlowFiles, tmp_path: Path
) -> None:
    servers = [await known(stack, tmp_path / lane, lane=lane) for lane in ("on", "off")]
    files.refuses = True

    on, off = [masked(await server.exchange(POST)) for server in servers]

    assert on == off


async def test_a_write_happens_even_if_its_client_leaves(
    stack: AsyncExitStack, files: SlowFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As on the ordinary way: a request that has begun is not interrupted."""
    caplog.set_level("INFO", "larst.requests")
    server = await known(stack, tmp_path, lane="on")
    files.hold()
    _, writer = await connect(server)
    writer.write(POST)
    await files.begun()
    caplog.clear()
    writer.close()
    async with asyncio.timeout(20):
        while not caplog.records:  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0.001)
    files.may_write.set()

    assert b'"id":2' in await server.exchange(request("GET", "/members/2"))
    fields = caplog.records[0].__dict__["fields"]
    assert (fields["status"], fields["outcome"]) == (None, "client left")


async def test_a_stop_waits_for_a_held_reply(files: SlowFiles, tmp_path: Path) -> None:
    """An accepted request gets its reply, if the disk is in time."""
    async with AsyncExitStack() as stack:
        server = await known(stack, tmp_path, lane="on")
        files.hold()
        reader, writer = await connect(server)
        writer.write(POST)
        await files.begun()
        stopping = asyncio.create_task(stack.aclose())
        assert await is_silent(reader)
        files.may_write.set()
        await stopping
        assert b"201 Created" in await reader.read()
        writer.close()

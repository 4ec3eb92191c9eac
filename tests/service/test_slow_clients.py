"""Clients that send or read one byte at a time, against a service with its default limits."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.service.api import Service

END_S = 30.0
DRIP_S = 0.2

LINE = b"POST /texts HTTP/1.1\r\n"
HEAD = LINE + b"Host: localhost\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
RECORD_BYTES = 400_000


def chunks() -> Iterator[bytes]:
    while True:
        yield from (b"1", b"\r", b"\n", b"a", b"\r", b"\n")


def endless(text: bytes) -> Iterator[bytes]:
    while True:
        for number in text:
            yield bytes([number])


FORMS: dict[str, tuple[bytes, Iterator[bytes]]] = {
    "nothing": (b"", iter(())),
    "request line": (b"GET /", endless(b"a")),
    "blank lines": (b"", endless(b"\r\n")),
    "headers": (LINE, endless(b"X-A: a\r\n")),
    "header value": (LINE + b"X-A: ", endless(b"a")),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n", endless(b"a")),
    "form": (HEAD.replace(b"text/plain", b"application/x-www-form-urlencoded")
             + b"Content-Length: 100000\r\n\r\n", endless(b"a=1&")),
    "chunks": (CHUNKED, chunks()),
    "chunk extension": (CHUNKED + b"1;", endless(b"a=b;")),
    "trailers": (CHUNKED + b"1\r\na\r\n0\r\n", endless(b"X-A: a\r\n")),
    "expected body": (HEAD + b"Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
                      endless(b"a")),
    "second request": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /", endless(b"a")),
}  # fmt: skip


async def seconds_to_end(port: int, head: bytes, drips: Iterator[bytes]) -> float:
    """Send a head, and then a byte at a time; return when the service ends the connection."""
    begin_s = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    ended = asyncio.ensure_future(reader.read())
    while not ended.done() and time.monotonic() - begin_s < 2 * END_S:
        if (drip := next(drips, None)) is not None and not writer.is_closing():
            writer.write(drip)
        await asyncio.wait({ended}, timeout=DRIP_S)
    ended.cancel()
    writer.close()
    return time.monotonic() - begin_s


async def status_of(port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    data = await asyncio.wait_for(reader.read(), END_S)
    writer.close()
    return data[9:12]


@pytest.mark.slow
async def test_every_slow_form_of_a_request_ends(own_service: Service) -> None:
    port = urlsplit(own_service.url).port or 0

    taken_s = await asyncio.gather(*(seconds_to_end(port, *form) for form in FORMS.values()))

    slow = {
        name: round(seconds)
        for name, seconds in zip(FORMS, taken_s, strict=True)
        if seconds > END_S
    }
    assert slow == {}


@pytest.mark.slow
async def test_a_client_that_reads_slowly_loses_its_connection(own_service: Service) -> None:
    """Its kernel and that of the service hold some MB, so it asks for more than that."""
    port = urlsplit(own_service.url).port or 0
    body = b'{"t":"' + b"a" * RECORD_BYTES + b'"}'
    head = LINE + b"Host: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    assert await status_of(port, head % len(body) + body) == b"201"
    sockets = socket_count(own_service)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop, begin_s = asyncio.get_running_loop(), time.monotonic()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, b"GET /texts/1 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)

    await loop.sock_recv(client, 16)
    assert socket_count(own_service) == sockets + 1
    while socket_count(own_service) > sockets and time.monotonic() - begin_s < END_S:
        await loop.sock_recv(client, 16)
        await asyncio.sleep(DRIP_S)
    client.close()

    assert time.monotonic() - begin_s < END_S


def socket_count(service: Service) -> int:
    """Return how many sockets the service has open."""
    links = []
    for file in Path(f"/proc/{service.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(file.readlink()))
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.slow
async def test_a_flood_of_half_open_connections_leaves_room(own_service: Service) -> None:
    port = urlsplit(own_service.url).port or 0
    half_open = await asyncio.gather(
        *(asyncio.open_connection("127.0.0.1", port) for _ in range(800))
    )
    for _, writer in half_open:
        writer.write(LINE + b"X-A: ")

    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    statuses = {await status_of(port, asked) for _ in range(50)}

    assert statuses == {b"200"}
    ended = await asyncio.wait_for(
        asyncio.gather(*(reader.read() for reader, _ in half_open)), END_S
    )
    assert {data[9:12] for data in ended} == {b"408"}
    for _, writer in half_open:
        writer.close()

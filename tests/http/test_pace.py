"""Clients that are slow on purpose lose their connections; the others keep theirs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from larst.config import load_settings
from larst.errors import BodiesFullError
from larst.http import pace
from larst.http.bodies import BodiesInFlight
from larst.http.ingress import INGRESS
from larst.http.pace import ConnectionWatch, PaceLimits, Phase, Standing, Watched
from tests.http.lane.servers import Server, request, start

LIMITS = PaceLimits(head_s=10, min_bytes_per_s=500, max_per_address=3, max_beginners=5)


@dataclass(eq=False)
class FakeConnection:
    standing: Standing = field(default_factory=lambda: Standing(Phase.HEAD))
    ended: list[Phase] = field(default_factory=list)

    def end_slow(self, phase: Phase) -> None:
        self.ended.append(phase)


@dataclass
class Bench:
    """A watch with a clock that the test sets."""

    limits: PaceLimits = LIMITS
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.watch = ConnectionWatch(self.limits, now=lambda: self.now_s)

    def connect(self, peer: str = "192.0.2.1") -> FakeConnection:
        connection = FakeConnection()
        self.watch.add(connection, peer)
        return connection

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.watch.sweep()


def test_a_head_must_arrive_in_time() -> None:
    bench = Bench()
    silent, busy = bench.connect(), bench.connect()

    for count in range(9):
        busy.standing = Standing(Phase.HEAD, requests=count)
        bench.pass_time(1)
    assert silent.ended == busy.ended == []
    busy.standing = Standing(Phase.HEAD, requests=10)
    bench.pass_time(1)

    assert silent.ended == [Phase.HEAD]
    assert busy.ended == []


def test_a_reply_must_be_read_at_the_least_rate() -> None:
    bench, readers = Bench(), {}
    for name in ("none", "slow", "steady", "streamed"):
        readers[name] = bench.connect(name)
    left = dict.fromkeys(readers, 100_000)

    for second in range(60):
        left["slow"] -= 100
        left["steady"] -= 600
        for name, reader in readers.items():
            drains = second if name == "streamed" else 0
            reader.standing = Standing(Phase.REPLY, 1, left[name], drains)
        bench.pass_time(1)

    assert [name for name, reader in readers.items() if reader.ended] == ["none", "slow"]


def test_a_flood_of_silent_connections_leaves_room() -> None:
    """The newest may begin; those that have sent a request are not touched."""
    bench = Bench()
    served = bench.connect("198.51.100.1")
    bench.watch.note_request(served)

    silent = [bench.connect(f"192.0.2.{number}") for number in range(50)]

    assert served.ended == []
    assert [connection.ended for connection in silent].count([Phase.HEAD]) == 45
    assert all(not connection.ended for connection in silent[-5:])


def test_an_address_has_a_limit_which_ends_with_its_connections() -> None:
    bench = Bench()
    connections = [bench.connect() for _ in range(3)]

    assert not bench.watch.admits("192.0.2.1")
    assert bench.watch.admits("192.0.2.2")
    bench.watch.remove(connections[0])
    assert bench.watch.admits("192.0.2.1")


def test_the_addresses_of_one_ipv6_network_share_the_limit() -> None:
    """A client has 2**64 of them. An IPv4 address counts the same in either form."""
    bench = Bench()
    connections = [bench.connect(f"2001:db8::{number}") for number in range(3)]
    for _ in range(3):
        bench.connect("::ffff:192.0.2.1")

    assert not bench.watch.admits("2001:db8::ffff:1")
    assert bench.watch.admits("2001:db8:0:1::1")
    assert not bench.watch.admits("192.0.2.1")
    bench.watch.remove(connections[0])
    assert bench.watch.admits("2001:db8::1")


def test_trusted_proxies_have_no_such_limit() -> None:
    settings = load_settings({"LARS_TRUSTED_PROXIES": "192.0.2.0/24"}).http
    limits = PaceLimits.of(settings)
    bench = Bench(limits)
    for _ in range(limits.max_per_address + 1):
        bench.connect()

    assert bench.watch.admits("192.0.2.1")


def test_bodies_share_a_number_of_bytes() -> None:
    bodies = BodiesInFlight(100)
    with bodies.share() as first, bodies.share() as second:
        first.add(90)
        with pytest.raises(BodiesFullError, match=r"100 .*LARS_MAX_BODY_BYTES_IN_FLIGHT"):
            second.add(20)

    assert bodies.size_bytes == 0
    with bodies.share() as alone:
        alone.add(500)


WINDOW_S = 0.05


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A service that is as impatient as a test."""
    limits_of = PaceLimits.of
    monkeypatch.setattr(pace, "SWEEP_S", WINDOW_S / 5)
    monkeypatch.setattr(
        PaceLimits, "of", lambda settings: replace(limits_of(settings), window_s=WINDOW_S)
    )
    async with AsyncExitStack() as stack:
        server = await start(
            stack,
            tmp_path,
            lane="on",
            LARS_HEAD_TIMEOUT_S=str(WINDOW_S),
            LARS_KEEPALIVE_S=str(WINDOW_S * 6),
        )
        ingress = server.app[INGRESS]
        monkeypatch.setattr(ingress, "_body_rules", replace(ingress._body_rules, window_s=WINDOW_S))
        yield server


async def received(port: int, *parts: bytes) -> bytes:
    """Send parts, and then nothing; return what comes until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


HEAD = b"POST /members HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([], b""),
        ([b"GET /mem"], b"HTTP/1.1 408"),
        ([b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A:"], b"HTTP/1.1 408"),
        ([b"\r\n"], b"HTTP/1.1 408"),
        ([HEAD + b"Content-Length: 100\r\n\r\nab"], b"HTTP/1.1 408"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"], b"HTTP/1.1 408"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], b"HTTP/1.1 408"),
    ],
    ids=["nothing", "line", "headers", "blank", "body", "chunk", "chunked"],
)
async def test_a_slow_request_ends(server: Server, parts: list[bytes], status: bytes) -> None:
    data = await received(server.port, *parts)

    assert data[: len(status) or None] == status


async def test_the_second_request_of_a_connection_must_be_in_time_too(server: Server) -> None:
    data = await received(server.port, request("GET", "/healthz"), b"GET /healthz HT")

    assert data.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("requests", [1, 200], ids=["one", "pipelined"])
async def test_a_client_that_does_not_read_loses_its_connection(
    server: Server, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its replies would stay in memory."""
    is_ended = asyncio.Event()
    record = b'{"text":"' + b"x" * (8_000_000 // requests) + b'"}'
    await server.exchange(request("POST", "/members", record))
    remove = server.watch.remove

    def note_end(connection: Watched) -> None:
        remove(connection)
        is_ended.set()

    monkeypatch.setattr(server.watch, "remove", note_end)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", server.port))
    await loop.sock_sendall(client, request("GET", "/members/1") * requests)

    await asyncio.wait_for(is_ended.wait(), 20)
    client.close()


async def test_one_connection_too_many_is_refused(server: Server) -> None:
    watch = server.watch
    for _ in range(watch._limits.max_per_address):
        watch.add(FakeConnection(), "127.0.0.1")

    data = await received(server.port, request("GET", "/healthz"))

    assert data.startswith(b"HTTP/1.1 429")
    assert b"Retry-After" in data

"""Raw HTTP, mutated: the service replies or closes the connection, and never has a bug."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import example, given

from tests.fuzz.mutations import effort, mutated
from tests.fuzz.test_readers import BODIES, CONTENT_TYPES, TARGETS
from tests.http.lane.servers import Server, start

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def _get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: localhost", *headers, b"", b""])


def _send(method: bytes, target: bytes, media_type: bytes, body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"X-Session-ID: fuzz"]
    return b"\r\n".join([*lines, b"Content-Type: " + media_type, length, *headers, b"", body])


SEEDS = (
    *(_get(target, b"X-Session-ID: fuzz") for target in TARGETS[:200]),
    *(_send(b"POST", b"/posts", media, body) for media in CONTENT_TYPES for body in BODIES),
    _get(b"/posts/1", b'If-None-Match: "abc"', b"Accept: text/csv, */*;q=0.1"),
    _get(b"/", b"Accept: text/html", b"X-Forwarded-For: 1.2.3.4"),
    _get(
        b"/swagger.json?session=fuzz", b"traceparent: 00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    ),
    _get(b"/_larst/sessions", b"Origin: http://evil.test"),
    _send(b"PUT", b"/posts/1", b"application/json", b'{"a":1}', b"If-Match: *"),
    _send(
        b"PATCH", b"/posts/1", b"application/json-patch+json", BODIES[1], b"Prefer: return=minimal"
    ),
    _send(b"DELETE", b"/posts?title=x", b"", b"", b"X-HTTP-Method-Override: PATCH"),
    _send(b"POST", b"/posts/1/comments", b"application/json", b'{"t":1}', b"Idempotency-Key: k"),
    b"POST /posts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n",
    b"OPTIONS /posts HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n"
    b"Access-Control-Request-Method: PATCH\r\n\r\n",
    b"GET /posts HTTP/1.0\r\n\r\n",
    b"HEAD /posts/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
)


SILENCE_S = 0.2
"""After so long the service waits for the rest of a request."""


class Fuzzed:
    """A server that lives as long as the tests of this module, in a loop of its own."""

    def __init__(self, root: Path) -> None:
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.server: Server = self.runner.run(self._start(root))

    async def _start(self, root: Path) -> Server:
        return await start(self._stack, root, lane="on", LARS_MAX_RECORDS=200)

    def close(self) -> None:
        self.runner.run(self._stack.aclose())
        self.runner.close()

    def statuses(self, data: bytes, wait_s: float = SILENCE_S) -> list[int]:
        """Send bytes, and return the statuses of the first replies; none after `wait_s`."""
        return self.runner.run(self._statuses(data, wait_s))

    async def _statuses(self, data: bytes, wait_s: float) -> list[int]:
        async with _connection(self.server.port) as (reader, writer):
            writer.write(data)
            received = b""
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    received = await reader.read(2**16)
        return [int(match[1]) for match in STATUS.finditer(received)]


@asynccontextmanager
async def _connection(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    fuzzed = Fuzzed(tmp_path_factory.mktemp("fuzz"))
    yield fuzzed
    fuzzed.close()


@effort(500)
@given(data=mutated(SEEDS))
@example(data=SEEDS[0] * 3)
@example(data=b"\r\n" * 50 + SEEDS[0])
def test_raw_requests(fuzzed: Fuzzed, data: bytes) -> None:
    statuses = fuzzed.statuses(data)

    assert 500 not in statuses, data
    assert fuzzed.statuses(_get(b"/healthz"), wait_s=20) == [200]

"""No request holds the event loop: a corpus of attacks, with the watch of tests/wire/watched.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import pytest

from tests.service.api import Service
from tests.service.attacks import Attack, attacks

CORPUS = list(attacks())
SAMPLE = [*CORPUS[::40], *(attack for attack in CORPUS if "'" not in attack.name)]
"""Some of each kind, and all that are one of a kind."""


async def reply_to(url: str, raw: bytes) -> bytes:
    """Send a request on a new connection and return the reply."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(raw)
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""  # refused before its body had arrived
    finally:
        writer.close()


async def check(service: Service, corpus: Sequence[Attack]) -> None:
    """Send a corpus; each gets a reply, and the service is there for others afterwards."""
    for attack in corpus:
        reply = await reply_to(service.url, attack.raw("victim"))
        assert reply[:9] in (b"HTTP/1.1 ", b""), attack.name
        assert reply[9:12] not in (b"500", b"502", b"504"), attack.name
    after = await reply_to(service.url, Attack("", "GET", "/healthz").raw("other"))
    assert after.startswith(b"HTTP/1.1 200")


async def test_a_sample_of_the_attacks_is_answered_at_once(own_service: Service) -> None:
    """When it stops, the service reports each turn of its event loop that took too long."""
    await check(own_service, SAMPLE)


@pytest.mark.slow
async def test_all_attacks_are_answered_at_once(own_service: Service) -> None:
    await check(own_service, CORPUS)


@pytest.mark.parametrize("other_bytes", [90_000, 0])
async def test_bodies_together_have_a_limit(
    start_service: Callable[..., Service], other_bytes: int
) -> None:
    """The refusal says when to come again; alone, a body may be as large as its own limit."""
    service = start_service(LARS_MAX_BODY_BYTES_IN_FLIGHT="100000")
    address = urlsplit(service.url)
    head = "POST /members HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
    _, other = await asyncio.open_connection(address.hostname, address.port)
    if other_bytes:
        other.write(f"{head}Content-Length: 100000\r\n\r\n".encode() + b"x" * other_bytes)
        await other.drain()
    record = b'{"a":"' + b"x" * 150_000 + b'"}'
    attack = Attack("", "POST", "/members", (("Content-Type", "application/json"),), record)

    reply = await reply_to(service.url, attack.raw("one"))
    other.close()

    if other_bytes:
        assert reply.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 1" in reply
        assert b"LARS_MAX_BODY_BYTES_IN_FLIGHT" in reply
    else:
        assert reply.startswith(b"HTTP/1.1 201")

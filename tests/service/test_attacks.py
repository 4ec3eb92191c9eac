"""No request holds the event loop: a corpus of attacks, with the watch of tests/wire/watched.py."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote, urlsplit

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


async def check(
    service: Service, corpus: Sequence[Attack], bad: Sequence[bytes] = (b"500", b"502", b"504")
) -> None:
    """Send a corpus; each gets a reply, and the service is there for others afterwards."""
    for attack in corpus:
        reply = await reply_to(service.url, attack.raw("victim"))
        assert reply[:9] in (b"HTTP/1.1 ", b""), attack.name
        assert reply[9:12] not in bad, attack.name
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


def _post(path: str, value: object) -> Attack:
    kind = (("Content-Type", "application/json"),)
    return Attack(f"{path} {str(value)[:60]}", "POST", path, kind, json.dumps(value).encode())


LONG = "aé" * 400_000
SEEDS = [
    *(_post("/texts", {"t": LONG, "n": number}) for number in range(12)),
    *(_post("/texts", {"tags": ["a"] * 50_000, "n": number}) for number in range(4)),
    *(_post("/texts", {"deep": [[["a"] * 30] * 30] * 30, "n": number}) for number in range(4)),
]
NEEDLES = [f"b{number}" for number in range(900)]
SEARCHES: tuple[object, ...] = (
    {"filter": {"t": {"ilike": NEEDLES}}},
    {"filter": {"or": [{"t": {"contains": needle}} for needle in NEEDLES[:400]]}},
    {"filter": {"or": [{"tags": {"gt": needle}} for needle in NEEDLES[:400]]}},
    {
        "where": {
            "OR": [{"t": {"contains": needle, "mode": "insensitive"}} for needle in NEEDLES[:400]]
        }
    },
    {"t": {"$regex": "(" + "a|" * 40_000}},
    {"t": {"$regex": "[a]" * 30_000}},
    {"filter": {"or": [{"deep": {"ne": [[needle]]}} for needle in NEEDLES[:400]]}},
    {"q": " ".join(NEEDLES)},
)


async def test_many_conditions_on_large_records_leave_the_loop_free(
    start_service: Callable[..., Service],
) -> None:
    """A record is a step of a search; these took up to seconds for one."""
    service = start_service(LARS_REQUEST_TIMEOUT_S="1")
    await check(service, SEEDS)
    query = "&".join(f"t_ilike=*{needle}*" for needle in NEEDLES[:300])
    words = quote(" ".join(NEEDLES)[:4_000])
    targets = (f"/texts?{query}", f"/texts?q={words}", "/texts?t__ilike=" + "*a" * 3_000)
    searches = [_post("/texts/search", search) for search in SEARCHES]
    corpus = [*searches, *(Attack(path, "GET", path) for path in targets)]
    await check(service, corpus, bad=(b"500", b"502"))
    service.stop()
    service.check_turns()

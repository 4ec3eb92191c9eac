"""A header that decides who asks, or what a request means, is sent once; lists are joined."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from multidict import CIMultiDict

from larst.http.ingress import INGRESS
from larst.http.repeated_headers import SINGLE_HEADERS
from tests.http.helpers import Client, MakeClient


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    client = await make_client()
    for _ in range(3):  # the lane knows the request then
        await client.get("/members/1")
    return client


@pytest.mark.parametrize("name", [*sorted(SINGLE_HEADERS - {"content-type"}), "X-LARST-Intent"])
async def test_a_repeated_header_is_refused(client: Client, name: str) -> None:
    """A proxy in front may read the first value, and the service the last one."""
    reply = await raw_reply(client, "/members/1", [(name, "a"), (name.upper(), "b")])

    assert reply.startswith(b"HTTP/1.1 400")
    assert f"2 headers {name.lower()}; send one".encode() in reply


async def test_the_control_api_refuses_them_too(client: Client) -> None:
    tokens = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]

    assert (await raw_reply(client, "/_larst/sessions", tokens)).startswith(b"HTTP/1.1 400")


async def test_repeated_lists_are_one_list(client: Client) -> None:
    """RFC 9110 section 5.3."""
    await client.post("/members", json={"name": "Ann"})
    etag = (await client.get("/members/1")).headers["ETag"]

    for tags in (('"other"', etag), (etag, '"other"')):
        headers = [("If-None-Match", tag) for tag in tags]
        assert (await raw_reply(client, "/members/1", headers)).startswith(b"HTTP/1.1 304")


@dataclass(frozen=True)
class Forwarded:
    """A request of a proxy."""

    headers: CIMultiDict[str]


async def test_the_address_of_a_client_is_the_last_that_a_proxy_added(
    make_client: MakeClient,
) -> None:
    """A proxy may add a line behind the one that the client made up, to pass for a local call."""
    client = await make_client(LARS_TRUSTED_PROXIES="127.0.0.1")
    lines = [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "203.0.113.7")]
    assert client.app is not None

    address = client.app[INGRESS].client_ip(Forwarded(CIMultiDict(lines)), "127.0.0.1")

    assert address == "203.0.113.7"


async def test_http_0_9_is_refused(client: Client) -> None:
    """Its replies have no status, and its requests no host that could be checked."""
    assert b"send HTTP/1.1" in await sent(client, b"GET /members/1\r\n\r\n")


async def raw_reply(client: Client, path: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return the reply to a GET with these header lines, which aiohttp's client would join."""
    lines = [("Host", "localhost"), ("Connection", "close"), *headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return await sent(client, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())


async def sent(client: Client, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(raw)
    reply = await reader.read()
    writer.close()
    return reply

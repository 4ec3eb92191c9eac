"""What the middleware and the ingress check, they check in the lane, too."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from larst.config import load_settings
from larst.errors import ConfigError
from larst.http.components import TOKENS
from larst.tokens import TokenTable
from larst.tokens.table import hash_of
from tests.http.lane.servers import REPLY, Server, masked, request, start

RECORD = b'{"name":"Ann"}'


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def both(stack: AsyncExitStack, root: Path, **variables: Any) -> list[Server]:
    """Start a server with the lane and one without."""
    lanes = ("on", "off")
    for lane in lanes:  # the same key, so that the sessions of tokens have the same names
        (root / lane).mkdir()
        (root / lane / ".key").write_bytes(bytes(32))
    return [await start(stack, root / lane, lane=lane, **variables) for lane in lanes]


def tokens_file(directory: Path, *tokens: str) -> str:
    """Write a file of tokens that may read and write; return its path."""
    entries = [
        {"name": f"token-{token}", "hash": hash_of(token), "scopes": ["read", "write"]}
        for token in tokens
    ]
    path = directory / "tokens.json"
    path.write_text(json.dumps({"tokens": entries}))
    return str(path)


async def is_same(servers: list[Server], *requests: bytes) -> list[bytes]:
    """Send the same requests to both servers; return the replies, which are equal."""
    replies = []
    for raw in requests:
        on, off = [masked(await server.exchange(raw)) for server in servers]
        assert on == off
        replies.append(on)
    return replies


def with_token(token: str, path: str = "/members/1") -> bytes:
    return request("GET", path, headers={"Authorization": f"Bearer {token}"})


async def test_a_token_is_required_for_each_request(stack: AsyncExitStack, tmp_path: Path) -> None:
    """A connection whose last request had the token must send it again."""
    servers = await both(stack, tmp_path, LARS_AUTH_TOKEN="right")
    create = request("POST", "/members", RECORD, headers={"Authorization": "Bearer right"})
    without, wrong = request("GET", "/members/1"), with_token("wrong")
    await is_same(servers, create, with_token("right"))
    before = servers[0].answered

    (data,) = await is_same(servers, with_token("right") + without + with_token("right") + wrong)

    assert REPLY.findall(data)[:4] == [b"200", b"401", b"200", b"401"]
    assert servers[0].answered > before


async def test_tokens_have_sessions_of_their_own(stack: AsyncExitStack, tmp_path: Path) -> None:
    """The memory of a connection's last headers must not mix clients."""
    servers = await both(stack, tmp_path, LARS_AUTH_TOKENS_FILE=tokens_file(tmp_path, "a", "b"))
    create = request("POST", "/members", RECORD, headers={"Authorization": "Bearer a"})
    await is_same(servers, create, with_token("a"), with_token("b"))
    before = servers[0].answered

    (data,) = await is_same(servers, with_token("a") + with_token("b") + with_token("a"))

    assert [b"Ann" in part for part in data.split(b"HTTP/1.1 ")[1:4]] == [True, False, True]
    assert servers[0].answered >= before + 2


@pytest.mark.parametrize("origin", [None, "https://a.example", "https://other.example"])
async def test_origins_get_their_headers(
    stack: AsyncExitStack, tmp_path: Path, origin: str | None
) -> None:
    servers = await both(stack, tmp_path, LARS_CORS_ORIGINS="https://a.example")
    headers = {} if origin is None else {"Origin": origin}
    get = request("GET", "/members/1", headers=headers)
    await is_same(servers, request("POST", "/members", RECORD), get, get)
    before = servers[0].answered

    await is_same(servers, get)

    assert servers[0].answered == before + 1


async def test_a_trusted_proxy_names_the_scheme(stack: AsyncExitStack, tmp_path: Path) -> None:
    """Clients behind a proxy share its connections."""
    servers = await both(stack, tmp_path, LARS_TRUSTED_PROXIES="127.0.0.1")
    first, second = (
        request("GET", "/members?limit=1", headers={"X-Forwarded-Proto": scheme})
        for scheme in ("https", "http")
    )
    create = request("POST", "/members", b"[{},{}]")
    await is_same(servers, create, first, second)
    before = servers[0].answered

    (data,) = await is_same(servers, first + second + first)

    links = [line for line in data.split(b"\r\n") if line.startswith(b"Link")]
    assert [b"<https://api.test/members" in link for link in links] == [True, False, True]
    assert servers[0].answered == before + 3


async def test_the_lane_can_be_off(stack: AsyncExitStack, tmp_path: Path) -> None:
    server = await start(stack, tmp_path, lane="off")

    assert server.lane is None


@pytest.mark.parametrize("value", ["on", "off", "ON"])
def test_the_setting_is_a_switch(value: str) -> None:
    assert load_settings({"LARS_FAST_LANE": value}).http.fast_lane == value.lower()


def test_any_other_value_of_the_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="LARS_FAST_LANE"):
        load_settings({"LARS_FAST_LANE": "fast"})


async def test_programs_in_workers_take_the_ordinary_way(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """A worker's reply is not there in this turn of the loop."""
    server = await start(stack, tmp_path, lane="on", LARS_EXECUTOR="sandbox")
    for _ in range(3):
        data = await server.exchange(
            request("POST", "/members", RECORD), request("GET", "/members/1")
        )
        assert REPLY.findall(data)[:2] == [b"201", b"200"]

    assert server.answered == 0


async def test_a_revoked_token_is_refused_on_an_open_connection(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """Neither the memory of callers nor that of replies may outlive a token."""
    path = tokens_file(tmp_path, "a", "b")
    server = await start(stack, tmp_path / "data", lane="on", LARS_AUTH_TOKENS_FILE=path)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    async def status() -> bytes:
        writer.write(with_token("a", "/members"))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        return bytes(REPLY.findall(head)[0])

    before = [await status() for _ in range(4)]
    assert server.lane is not None
    assert server.lane.recalled

    async def unchanged(_table: TokenTable) -> None:
        pass

    tokens_file(tmp_path, "b")
    await server.app[TOKENS].check(unchanged)
    after = [await status() for _ in range(2)]
    writer.close()

    assert before == [b"200"] * 4
    assert after == [b"401"] * 2

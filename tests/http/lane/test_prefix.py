"""Paths that name a session are served by the lane, too, with the same reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.http.lane.servers import REPLY, request
from tests.http.lane.test_access import both, is_same

ANN = b'{"name":"Ann"}'


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.mark.parametrize("prefix", ["/@shop", "/%40shop"])
async def test_a_prefixed_path_takes_the_lane(
    stack: AsyncExitStack, tmp_path: Path, prefix: str
) -> None:
    servers = await both(stack, tmp_path)
    get, other = request("GET", f"{prefix}/members/1"), request("GET", "/members/1")
    create = request("POST", f"{prefix}/members", ANN)
    await is_same(servers, create, get, other, get, other)
    before = servers[0].answered

    created, *_ = await is_same(servers, create)
    (data,) = await is_same(servers, get + other + get + other)

    assert b"Location: /@shop/members/2" in created
    assert REPLY.findall(data)[:4] == [b"200", b"404", b"200", b"404"]
    assert servers[0].answered == before + 5


async def test_a_remembered_reply_is_of_the_session_in_its_path(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The same headers on one connection ask for two sessions."""
    servers = await both(stack, tmp_path)
    create = request("POST", "/@a/members", ANN)
    gets = [request("GET", f"/@{name}/members") for name in ("a", "b")]
    await is_same(servers, create, *gets, *gets)

    (data,) = await is_same(servers, b"".join(gets * 3))
    totals = [line[-1:] for line in data.split(b"\r\n") if line.startswith(b"X-Total-Count")]
    await is_same(servers, request("POST", "/@b/members", ANN))
    (after,) = await is_same(servers, gets[1])

    assert totals == [b"1", b"0"] * 3
    assert servers[0].lane is not None
    assert servers[0].lane.recalled
    assert b"X-Total-Count: 1" in after


async def test_the_lane_refuses_nothing_and_serves_no_reserved_path(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    servers = await both(stack, tmp_path)
    paths = ("/@shop", "/@shop/docs", "/@shop/healthz", "/@shop/_larst/plans", "/@a.b/members")
    replies = await is_same(servers, *(request("GET", path) for path in paths))
    mismatch = request("GET", "/@shop/members", session="other")

    (refused,) = await is_same(servers, mismatch)

    assert [REPLY.findall(reply)[0] for reply in replies] == [
        b"200",
        b"200",
        b"404",
        b"404",
        b"400",
    ]
    assert REPLY.findall(refused)[0] == b"400"

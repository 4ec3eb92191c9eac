"""Replies are remembered, and never once their data has changed."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larst.domain import DataState
from larst.http.lane import memory
from larst.http.lane.callers import Caller
from larst.http.lane.memory import Key, RememberedReply, ReplyMemory
from larst.tokens import OPEN_ACCESS
from tests.http.lane.servers import Twins, masked, request

ANN, BEN = b'{"name":"Ann","team_id":1}', b'{"name":"Ben","team_id":2,"score":"1,2"}'

READS = [
    request("GET", path, session="memory")
    for path in (
        "/members",
        "/members/1",
        "/members/2",
        "/members?name=Ann",
        "/members?sort=-name&limit=1",
        "/members?score=1,2",
        "/members?name=eq.Ann",
        "/members?_embed=team",
        "/members/search?name=B*",
        "/members?limit=1&after=1",
        "/members/count",
        "/teams/1/members",
        "/teams?_embed=members",
        "/teams/1",
        "/db",
    )
]
READS += [request("HEAD", "/members/1", session="memory")]

READ = st.sampled_from(READS)

WRITES = [
    request("POST", "/members", ANN, session="memory"),
    request("POST", "/members", BEN, session="memory"),
    request("POST", "/members", b"[%b,%b]" % (ANN, BEN), session="memory"),
    request("PUT", "/members/1", BEN, session="memory"),
    request("PATCH", "/members/2", b'{"name":"Cleo"}', session="memory"),
    request("PATCH", "/members?name=Ann", b'{"age":7}', session="memory"),
    request("DELETE", "/members/1", session="memory"),
    request("DELETE", "/members?name=Ben", session="memory"),
    request("POST", "/teams", b'{"title":"Red"}', session="memory"),
    request("PATCH", "/teams/1", b'{"title":"Blue"}', session="memory"),
    request("DELETE", "/teams/1", session="memory"),
    request("GET", "/members?_page=1&_limit=1", session="memory"),  # teaches a dialect
    request("PUT", "/_larst/sessions/memory/settings", b'{"dialect":"jsonapi"}'),
    request("PUT", "/_larst/sessions/memory/settings", b"{}"),
    request("DELETE", "/_larst/sessions/memory"),
    request("POST", "/_larst/sessions/memory/import?mode=replace", b'{"members":[]}'),
]


async def _send(twins: Twins, data: bytes) -> tuple[bytes, bytes]:
    """Return the replies of both servers."""
    pair = asyncio.gather(twins.on.exchange(data), twins.off.exchange(data))
    with_lane, without = await pair
    return masked(with_lane), masked(without)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.tuples(st.lists(READ, min_size=2, max_size=4), st.sampled_from(WRITES)),
        min_size=3,
        max_size=6,
    )
)
def test_reads_between_writes_are_those_of_a_server_without_memory(
    twins: Twins, steps: list[tuple[list[bytes], bytes]]
) -> None:
    async def run() -> None:
        await _send(twins, request("DELETE", "/_larst/sessions/memory"))
        for reads, write in steps:
            for message in (*reads, *reads, *reads):
                with_lane, without = await _send(twins, message)
                assert with_lane == without
            with_lane, without = await _send(twins, write)
            assert with_lane == without

    asyncio.run(run())


async def test_a_read_is_remembered_until_its_resource_changes(twins: Twins) -> None:
    """A change of another resource does not matter to it."""
    lane = twins.on.lane
    assert lane is not None
    message = request("GET", "/members", session="kept")
    await _send(twins, request("POST", "/members", ANN, session="kept"))
    await _send(twins, request("POST", "/teams", b'{"title":"Red"}', session="kept"))
    recalled: list[int] = []
    for _ in range(3):
        await _send(twins, message)
    for changed, body in (("/teams", b'{"title":"Blue"}'), ("/members", ANN), (None, b"")):
        if changed is not None:
            await _send(twins, request("POST", changed, body, session="kept"))
        before = lane.recalled
        await _send(twins, message)
        recalled.append(lane.recalled - before)

    assert recalled == [1, 0, 1]


async def test_a_remembered_reply_has_ids_of_its_own(twins: Twins) -> None:
    message = request("GET", "/members", session="ids")
    await _send(twins, request("POST", "/members", ANN, session="ids"))
    replies = [await twins.on.exchange(message) for _ in range(4)]

    ids = {line for reply in replies for line in reply.split(b"\r\n") if b"-ID: " in line[:20]}
    traces = {line for reply in replies for line in reply.split(b"\r\n") if b"traceparent" in line}
    assert len(traces) >= 4
    assert len(ids) >= 4


def _remembered(body: bytes, state: DataState) -> RememberedReply:
    return RememberedReply(
        (state,), "one", "one", "", body, "GET", "/members", 200, {}, lambda: None
    )


@pytest.fixture
def key() -> Callable[[str], Key]:
    caller = Caller(
        session_id="one",
        access=OPEN_ACCESS,
        tokens=None,
        client_ip="127.0.0.1",
        address="http://api.test",
        headers={},
        cors={},
        may_change=True,
        wants_page=False,
        wants_events=False,
        request_id=None,
        has_trace=False,
        size_bytes=0,
    )
    return lambda path: (caller, "GET", path)


def test_a_reply_whose_data_changed_is_forgotten(key: Callable[[str], Key]) -> None:
    replies, state = ReplyMemory(), DataState()
    replies.put(key("/members"), _remembered(b"[]", state))

    before = replies.find(key("/members"))
    state.replaced()

    assert before is not None
    assert replies.find(key("/members")) is None


def test_the_memory_has_a_limit_in_bytes(
    key: Callable[[str], Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client can ask for any number of pages."""
    monkeypatch.setattr(memory, "MAX_BYTES", 10_200)
    replies, state = ReplyMemory(), DataState()
    for number in range(20):
        replies.put(key(f"/members?limit={number}"), _remembered(b"x" * 1_000, state))
        replies.find(key("/members?limit=0"))

    found = [replies.find(key(f"/members?limit={number}")) is not None for number in range(20)]
    assert found == [True, *[False] * 15, *[True] * 4]


def test_what_a_caller_sent_counts_too(
    key: Callable[[str], Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its replies keeps its headers in memory."""
    monkeypatch.setattr(memory, "MAX_BYTES", 10_000)
    replies, state = ReplyMemory(), DataState()
    (caller, method, path) = key("/members")
    large = (replace(caller, size_bytes=10_000), method, path)

    replies.put(large, _remembered(b"[]", state))

    assert replies.find(large) is None


def test_a_long_reply_is_not_remembered(key: Callable[[str], Key]) -> None:
    replies, state = ReplyMemory(), DataState()
    replies.put(key("/members"), _remembered(b"x" * (memory.MAX_REPLY_BYTES + 1), state))

    assert replies.find(key("/members")) is None


def test_replies_that_are_outdated_leave_the_memory(key: Callable[[str], Key]) -> None:
    """Few of them are asked for again, and they keep what they were made from in memory."""
    replies, state = ReplyMemory(), DataState()
    for number in range(400):
        state = state.replaced()
        replies.put(key(f"/{number}"), _remembered(b"x", state))

    assert len(replies) < 300


async def test_a_remembered_reply_takes_no_more_memory_than_its_bytes(twins: Twins) -> None:
    """Orjson returns each reply in a block of 4 KB."""
    lane = twins.on.lane
    assert lane is not None
    await _send(twins, request("POST", "/members", ANN, session="exact"))
    for _ in range(3):
        await _send(twins, request("GET", "/members/1", session="exact"))

    tracemalloc.start()
    try:
        for number in range(200):
            await twins.on.exchange(request("GET", f"/members/1?_={number}", session="exact"))
            await twins.on.exchange(request("GET", f"/members/1?_={number}", session="exact"))
        blocks = tracemalloc.take_snapshot().statistics("lineno")
    finally:
        tracemalloc.stop()

    encoders = [
        block for block in blocks if block.traceback[0].filename.endswith("direct/reply.py")
    ]
    assert sum(block.size for block in encoders) < 100 * 1000


async def test_a_record_that_expires_is_not_served_from_memory(twins: Twins) -> None:
    """Time alone changes the reply: neither the lane nor the memory may miss that."""
    server, soon = twins.on, datetime.now(UTC) + timedelta(seconds=0.2)
    settings = request("PUT", "/_larst/sessions/expiring/resources/members", b'{"ttl":"1h"}')
    body = b'{"expiresAt":"%b"}' % soon.isoformat().encode()
    read = request("GET", "/members/1", session="expiring")
    assert b" 200 " in await server.exchange(settings)
    assert b" 201 " in await server.exchange(request("POST", "/members", body, session="expiring"))
    answered = server.answered
    async with asyncio.timeout(20):
        while (await server.exchange(read)).startswith(b"HTTP/1.1 200"):
            pass
    assert server.answered > answered
    assert datetime.now(UTC) >= soon

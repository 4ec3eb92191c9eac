"""Connections with and without the lane: the same bytes arrive, in the same order."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from tests.http.lane.servers import Server, Twins, masked, request

RECORD = b'{"name":"Ann","age":3}'

PLAIN: dict[str, bytes] = {
    "get": request("GET", "/members/1"),
    "get a list": request("GET", "/members?limit=2&sort=-age&age_gte=1"),
    "get a missing record": request("GET", "/members/77"),
    "get with an encoded path": request("GET", "/members/%31"),
    "get with a target in raw utf-8": request("GET", "/members?name=Zoë"),
    "get with a query of text": request("GET", "/members/search?name=A%C3%BC*"),
    "get an unknown field": request("GET", "/members?rolle=1"),
    "head": request("HEAD", "/members/1"),
    "head of a list": request("HEAD", "/members"),
    "head of a missing record": request("HEAD", "/members/77"),
    "not modified": request("GET", "/members/1", headers={"If-None-Match": "*"}),
    "post": request("POST", "/members", RECORD),
    "post unicode": request("POST", "/members", '{"name":"Zoë 🦊"}'.encode()),
    "put": request("PUT", "/members/1", RECORD),
    "patch": request("PATCH", "/members/1", b'{"age":4}'),
    "delete": request("DELETE", "/members/2"),
    "post from a page": request(
        "POST", "/members", RECORD, headers={"Origin": "http://localhost:3000"}
    ),
    "delete from a page": request(
        "DELETE", "/members/3", headers={"Origin": "http://127.0.0.1:3000"}
    ),
    "patch without an answer": request(
        "PATCH", "/members/1", b'{"age":5}', headers={"Prefer": "return=minimal"}
    ),
    "delete many": request("DELETE", "/members?age_gt=100"),
    "form": request(
        "POST",
        "/members",
        b"name=Ann+B&age=3",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "accept csv": request("GET", "/members", headers={"Accept": "text/csv"}),
    "accept nothing": request("GET", "/members", headers={"Accept": "image/png"}),
    "origin": request("GET", "/members/1", headers={"Origin": "https://a.example"}),
    "own ids": request(
        "GET",
        "/members/1",
        headers={"X-Request-ID": "mine", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
    ),
    "json:api": request("GET", "/members", headers={"Accept": "application/vnd.api+json"}),
    "minimal": request("POST", "/members", RECORD, headers={"Prefer": "return=minimal"}),
    "a token": request("GET", "/members/1", headers={"Authorization": "Bearer abc"}),
    "an empty body": request("POST", "/notes", b"", headers={"Content-Type": "text/plain"}),
}
"""Requests that the lane answers once their plans are known."""

OTHER: dict[str, bytes] = {
    "http/1.0": request("GET", "/members/1", version="1.0"),
    "http/1.0 that stays": request(
        "GET", "/members/1", version="1.0", headers={"Connection": "keep-alive"}
    ),
    "close": request("GET", "/members/1", headers={"Connection": "close"}),
    "options": request("OPTIONS", "/members"),
    "preflight": request(
        "OPTIONS",
        "/members",
        headers={"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"},
    ),
    "health": request("GET", "/healthz"),
    "health, encoded": request("GET", "/health%7A"),
    "welcome": request("GET", "/"),
    "reserved": request("GET", "/_larst/nothing"),
    "reserved, encoded": request("GET", "/%5Flarst/nothing"),
    "an unknown method": request("TRACE", "/members"),
    "wrong json": request("POST", "/members", b'{"name":'),
    "no json": request("POST", "/members", b""),
    "a bad session": request("GET", "/members/1", headers={"X-Session-ID": "a b"}),
    "bad paging": request("GET", "/members?limit=ten"),
    "a bad target": request("GET", "/members/%FF"),
    "a fragment": request("GET", "/members/1#top"),
    "an absolute target": request("GET", "http://api.test/members/1"),
    "a taken id": request("POST", "/members", b'{"id":1}'),
    "a condition": request("PATCH", "/members/1", b"{}", headers={"If-Match": '"old"'}),
    "an idempotency key": request(
        "POST", "/members", RECORD, headers={"Idempotency-Key": "a-key"}
    ),
    "expect": request("POST", "/members", RECORD, headers={"Expect": "100-continue"}),
    "chunked": request("POST", "/members", headers={"Transfer-Encoding": "chunked"})
    + b"16\r\n" + RECORD + b"\r\n0\r\n\r\n",
    "gzip": request(
        "POST", "/members", gzip.compress(RECORD, mtime=0), headers={"Content-Encoding": "gzip"}
    ),
    "a long list": request("POST", "/lists", b"[" + b",".join([RECORD] * 4000) + b"]"),
    "an upgrade": request(
        "GET", "/members/1", headers={"Connection": "upgrade", "Upgrade": "websocket"}
    ),
    "no host": b"GET /members/1 HTTP/1.1\r\n\r\n",
    "not http": b"hello\r\n\r\n",
    "a length in letters": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
}  # fmt: skip
"""Requests that take the ordinary way: some need more of the connection, others are refused."""


def in_session(raw: bytes, session: str) -> bytes:
    """Return a request in a session, unless it names one."""
    line, _, fields = raw.partition(b"\r\n")
    if not line.endswith((b"/1.0", b"/1.1")) or b"X-Session-ID" in fields:
        return raw
    return line + b"\r\nX-Session-ID: " + session.encode() + b"\r\n" + fields


async def converse(server: Server, raw: bytes, session: str) -> list[bytes]:
    """Store records, then send a request three times; its plan is known the third time."""
    seed = [request("POST", "/members", RECORD, session=session)] * 3
    raw = in_session(raw, session)
    await server.exchange(*seed)
    return [masked(await server.exchange(raw)) for _ in range(3)]


@pytest.mark.parametrize("name", [*PLAIN, *OTHER])
async def test_the_bytes_are_the_same(twins: Twins, name: str) -> None:
    raw, session = {**PLAIN, **OTHER}[name], "".join(filter(str.isalnum, name))

    expected = await converse(twins.off, raw, session)

    assert await converse(twins.on, raw, session) == expected


@pytest.mark.parametrize("name", PLAIN)
async def test_the_lane_answers_known_requests(twins: Twins, name: str) -> None:
    """Otherwise the comparison is one of the ordinary way with itself."""
    session = f"count-{PLAIN[name][:3].decode()}-{len(PLAIN[name])}"
    await converse(twins.on, PLAIN[name], session)
    before = twins.on.answered

    await twins.on.exchange(in_session(PLAIN[name], session))

    assert twins.on.answered == before + 1


@pytest.mark.parametrize("name", OTHER)
async def test_the_lane_declines_the_others(twins: Twins, name: str) -> None:
    session = f"decline-{list(OTHER).index(name)}"
    await converse(twins.on, OTHER[name], session)
    before = twins.on.answered

    await twins.on.exchange(in_session(OTHER[name], session))

    assert twins.on.answered == before


MIXED = [
    PLAIN["get"],
    PLAIN["post"],
    PLAIN["get a list"],
    OTHER["chunked"],
    PLAIN["head"],
    OTHER["options"],
    PLAIN["delete"],
    PLAIN["get a missing record"],
    OTHER["wrong json"],
    PLAIN["form"],
    PLAIN["get a list"],
]
"""Writes, whose replies wait for the disk, before reads; and both ways in turn."""


async def test_pipelined_requests_keep_their_order(twins: Twins) -> None:
    """A client matches replies to its requests by their order."""
    data = b"".join(in_session(raw, "pipeline") for raw in MIXED)
    await twins.on.exchange(data)
    await twins.off.exchange(data)
    before = twins.on.answered

    replies = masked(await twins.on.exchange(data))

    assert replies == masked(await twins.off.exchange(data))
    assert twins.on.answered > before


@pytest.mark.parametrize("count", [2, 31, 32, 33, 100, 500])
@pytest.mark.parametrize(
    "names", ["get", "post", "get post", "post get options get get", "options", "post post options"]
)
async def test_any_number_of_requests_can_be_pipelined(
    twins: Twins, names: str, count: int
) -> None:
    """The parser stops at 32 that wait; the lane must not stall there."""
    session = "".join(filter(str.isalpha, names)) + str(count)
    requests = [{**PLAIN, **OTHER}[name] for name in names.split()]
    data = b"".join(in_session(requests[i % len(requests)], session) for i in range(count))
    for server in (twins.on, twins.off):
        await server.exchange(*(in_session(raw, session) for raw in requests))

    replies = masked(await twins.on.exchange(data))

    assert replies == masked(await twins.off.exchange(data))
    assert replies.count(b"HTTP/1.1 ") == count + 1


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_requests_may_arrive_in_pieces(twins: Twins, size: int) -> None:
    """A packet ends anywhere."""
    session = f"pieces-{size}"
    data = b"".join(in_session(raw, session) for raw in (PLAIN["get"], PLAIN["post"], PLAIN["put"]))
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    await twins.on.exchange(data)
    await twins.off.exchange(data)

    replies = masked(await twins.on.exchange(*parts, pause=True))

    assert replies == masked(await twins.off.exchange(*parts, pause=True))


async def test_a_client_that_sends_on_each_reply_stays_in_the_lane(twins: Twins) -> None:
    """Also after a request that took the ordinary way, and with many clients at once."""

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", twins.on.port)
        for _ in range(50):
            writer.write(in_session(PLAIN["get"], "busy"))
            await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"}")
        writer.close()

    await twins.on.exchange(in_session(PLAIN["post"], "busy"), in_session(PLAIN["get"], "busy"))
    before = twins.on.answered
    await asyncio.gather(*(client() for _ in range(16)))

    assert twins.on.answered - before > 700


async def test_bodies_of_different_lengths_on_one_connection(twins: Twins) -> None:
    """All headers but the length are the same, and a program sees that of its own request."""
    bodies = [b'{"name":"%b"}' % (b"x" * length) for length in (1, 1, 20, 300, 1)]
    data = b"".join(request("POST", "/members", body, session="lengths") for body in bodies)
    other = request("POST", "/members", b'{"name":"Bo"}', session="lengths-2")
    for server in (twins.on, twins.off):
        await server.exchange(data)

    replies = [masked(await server.exchange(data + other)) for server in (twins.on, twins.off)]

    assert replies[0] == replies[1]
    assert replies[0].count(b"X-Session-ID: lengths-2") == 1

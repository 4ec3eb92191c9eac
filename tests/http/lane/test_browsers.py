"""Browsers and other clients of one connection each get their own form of the same reply."""

from __future__ import annotations

from tests.http.lane.servers import Server, Twins, masked, request

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FETCH = {"Accept": "*/*"}


async def _types(server: Server, session: str, *callers: dict[str, str]) -> tuple[list[str], bytes]:
    """Return the media types of replies on one connection, and all that the server sent."""
    parts = [request("GET", "/posts/1", session=session, headers=caller) for caller in callers]
    reply = await server.exchange(*parts, pause=True)
    lines = reply.decode().split("\r\n")
    types = [line.partition(": ")[2] for line in lines if line.startswith("Content-Type: ")]
    return types[: len(callers)], masked(reply)


async def test_a_remembered_reply_is_never_that_of_the_other_form(twins: Twins) -> None:
    """The reply in JSON is remembered after the second request; the page never is."""
    callers = (FETCH, FETCH, FETCH, BROWSER, FETCH, BROWSER, BROWSER, FETCH)
    replies = []
    for server in (twins.on, twins.off):
        await server.exchange(request("POST", "/posts", b'{"title":"A"}', session="forms"))
        types, reply = await _types(server, "forms", *callers)
        replies.append(reply)
        page, record = "text/html; charset=utf-8", "application/json; charset=utf-8"
        assert types == [page if caller is BROWSER else record for caller in callers]

    assert replies[0] == replies[1]


async def test_the_lane_answers_every_client_but_a_browser_that_reads(twins: Twins) -> None:
    server = twins.on
    await server.exchange(request("POST", "/posts", b'{"title":"A"}', session="counted"))
    await _types(server, "counted", FETCH, FETCH)
    answered = server.answered

    await _types(server, "counted", BROWSER, BROWSER)
    pages = server.answered - answered
    await _types(server, "counted", FETCH, FETCH)
    await server.exchange(
        request("POST", "/posts", b'{"title":"B"}', session="counted", headers=BROWSER)
    )

    assert pages == 0
    assert server.answered - answered == 3

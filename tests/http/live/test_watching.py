"""Live changes over HTTP: what a watcher gets, and how it resumes."""

from __future__ import annotations

import asyncio

import pytest

from larst.http import event_streams
from larst.http.live import LIVE
from larst.session.live import view as view_module
from tests.http.helpers import S1, S2, MakeClient
from tests.http.live.events import EVENTS, Stream, state, watching
from tests.http.tenants import ALL, Start, entry, write

OPEN_1 = {"id": 1, "status": "open"}
SHUT_1 = {"id": 1, "status": "shut"}


async def test_the_state_comes_first_and_then_each_change(make_client: MakeClient) -> None:
    client = await make_client()
    await client.post("/tasks", json={"status": "open"})

    async with watching(client, "/tasks") as stream:
        assert await stream.next() == state(OPEN_1)
        await client.post("/tasks", json={"status": "new"})
        await client.patch("/tasks/1", json={"status": "shut"})
        await client.put("/tasks/2", json={"status": "late"})
        await client.delete("/tasks/1")

        assert await stream.take(4) == [
            ("created", {"id": 2, "status": "new"}),
            ("updated", SHUT_1),
            ("updated", {"id": 2, "status": "late"}),
            ("deleted", SHUT_1),
        ]


async def test_watch_in_the_query_does_what_the_accept_header_does(
    make_client: MakeClient,
) -> None:
    """In the address bar, and with curl, a header is the harder way."""
    client = await make_client()
    async with client.get("/tasks?watch", headers={"Accept": "text/html"}) as reply:
        assert (reply.status, reply.content_type) == (200, "text/event-stream")
        assert await Stream(reply.content).next() == state()


async def test_watch_with_a_value_is_a_filter(make_client: MakeClient) -> None:
    client = await make_client()
    await client.post("/tasks", json={"watch": "x"})

    reply = await client.get("/tasks?watch=x")

    assert (await reply.json())["page"]["total"] == 1


async def test_a_filter_admits_and_releases_records(make_client: MakeClient) -> None:
    client = await make_client()
    await client.post("/tasks", json={"status": "open"})

    async with watching(client, "/tasks?status=open") as stream:
        assert await stream.next() == state(OPEN_1)
        await client.post("/tasks", json={"status": "shut"})
        await client.patch("/tasks/1", json={"status": "shut"})
        await client.patch("/tasks/2", json={"status": "open"})
        await client.delete("/tasks/1")
        await client.delete("/tasks/2")

        assert await stream.take(3) == [
            ("removed", SHUT_1),
            ("added", {"id": 2, "status": "open"}),
            ("deleted", {"id": 2, "status": "open"}),
        ]


async def test_a_filter_may_come_before_the_first_record(make_client: MakeClient) -> None:
    client = await make_client()
    async with watching(client, "/tasks?status=open") as stream:
        assert await stream.next() == state()
        await client.post("/tasks", json=[{"status": "shut"}, {"status": "open"}])
        assert await stream.next() == ("created", {"id": 2, "status": "open"})


async def test_a_record_is_watched_alone(make_client: MakeClient) -> None:
    client = await make_client()
    await client.post("/tasks", json=[{"status": "open"}, {"status": "open"}])

    async with watching(client, "/tasks/1") as stream:
        assert await stream.next() == ("state", OPEN_1)
        await client.patch("/tasks/2", json={"status": "shut"})
        await client.patch("/tasks/1", json={"status": "shut"})
        assert await stream.next() == ("updated", SHUT_1)


async def test_a_collection_below_a_record(make_client: MakeClient) -> None:
    client = await make_client()
    await client.post("/posts", json=[{"title": "a"}, {"title": "b"}])
    await client.post("/posts/1/comments", json={"text": "x"})

    async with watching(client, "/posts/1/comments") as stream:
        (record,) = (await stream.next()).data["items"]
        await client.post("/posts/2/comments", json={"text": "y"})
        await client.post("/posts/1/comments", json={"text": "z"})
        assert (await stream.next()).data == {**record, "id": 3, "text": "z"}
    assert (await client.get("/posts/9/comments", headers=EVENTS)).status == 404


async def test_other_sessions_are_not_seen(make_client: MakeClient) -> None:
    client = await make_client()
    async with watching(client, "/@one/tasks") as stream:
        assert await stream.next() == state()
        await client.post("/tasks", json={"of": "two"}, headers=S2)
        await client.post("/tasks", json={"of": "one"}, headers=S1)
        assert await stream.next() == ("created", {"id": 1, "of": "one"})


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/tasks?limit=2", 400, "pages"),
        ("/tasks?sort=name", 400, "order"),
        ("/tasks/latest", 400, "only a collection"),
        ("/tasks/1", 404, "no record 1"),
        ("/posts/1/cancel", 400, "only a collection"),
        ("/tasks?" + "&".join(f"f{n}_gte=1" for n in range(70)), 400, "at most 64 conditions"),
    ],
)
async def test_what_cannot_be_watched_is_refused(
    make_client: MakeClient, path: str, status: int, word: str
) -> None:
    client = await make_client()
    reply = await client.get(path, headers=EVENTS)
    assert (reply.status, word in await reply.text()) == (status, True)


async def test_head_has_no_stream(make_client: MakeClient) -> None:
    client = await make_client()
    reply = await client.head("/tasks", headers=EVENTS)
    assert (reply.status, reply.content_type) == (200, "text/event-stream")


class TestResuming:
    async def test_only_later_events_follow(self, make_client: MakeClient) -> None:
        client = await make_client()
        async with watching(client, "/tasks") as stream:
            await stream.next()
            await client.post("/tasks", json={"n": 1})
            last_id = (await stream.next()).id
            await client.post("/tasks", json={"n": 2})
            await stream.next()
        await client.post("/tasks", json={"n": 3})

        async with watching(client, "/tasks", last_id) as stream:
            assert [event.data["n"] for event in await stream.take(2)] == [2, 3]

    async def test_within_a_transaction(self, make_client: MakeClient) -> None:
        """A connection may end between two events of one change of many records."""
        client = await make_client()
        async with watching(client, "/tasks") as stream:
            await stream.next()
            await client.post("/tasks", json=[{"n": 1}, {"n": 2}, {"n": 3}])
            last_id = (await stream.next()).id

        async with watching(client, "/tasks", last_id) as stream:
            assert [event.data["n"] for event in await stream.take(2)] == [2, 3]

    async def test_a_record_deleted_meanwhile(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/tasks", json={"status": "open"})
        async with watching(client, "/tasks/1") as stream:
            last_id = (await stream.next()).id
        await client.delete("/tasks/1")

        async with watching(client, "/tasks/1", last_id) as stream:
            assert await stream.next() == ("deleted", OPEN_1)

    async def test_after_a_restart_without_changes_nothing_is_sent_twice(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        async with watching(client, "/tasks") as stream:
            await stream.next()
            await client.post("/tasks", json={"n": 1})
            last_id = (await stream.next()).id
        await client.close()
        client = await make_client()

        async with watching(client, "/tasks", last_id) as stream:
            await client.post("/tasks", json={"n": 2})
            assert await stream.next() == ("created", {"id": 2, "n": 2})

    @pytest.mark.parametrize("last_id", ["00000000-5", "nonsense", "99999999-999999999", ""])
    async def test_from_an_unknown_event_the_state_is_sent(
        self, make_client: MakeClient, last_id: str
    ) -> None:
        """Never a gap in silence: who cannot be given the events gets everything."""
        client = await make_client()
        await client.post("/tasks", json={"status": "open"})
        async with watching(client, "/tasks", last_id) as stream:
            assert await stream.next() == state(OPEN_1)

    async def test_events_that_were_missed_unrecorded_are_replaced_by_the_state(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client()
        await client.post("/tasks", json={"n": 1})
        async with watching(client, "/other") as stream:
            last_id = (await stream.next()).id
        await client.close()
        client = await make_client()
        await client.post("/tasks", json={"n": 2})  # the session is not watched now

        async with watching(client, "/tasks", last_id) as stream:
            assert await stream.next() == state({"id": 1, "n": 1}, {"id": 2, "n": 2})


class TestReplacedData:
    async def test_a_reset_sends_the_state_again(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/tasks", json={"n": 1}, headers=S1)
        saved = await client.put("/_larst/sessions/one/snapshots/start")
        assert saved.status == 200
        async with watching(client, "/@one/tasks") as stream:
            await stream.next()
            await client.post("/tasks", json={"n": 2}, headers=S1)
            await stream.next()
            await client.post("/_larst/sessions/one/snapshots/start/load")
            assert await stream.next() == state({"id": 1, "n": 1})
            await client.post("/tasks", json={"n": 3}, headers=S1)
            assert await stream.next() == ("created", {"id": 2, "n": 3})

    async def test_an_erased_session_is_empty(self, make_client: MakeClient) -> None:
        client = await make_client()
        await client.post("/tasks", json={"n": 1}, headers=S1)
        async with watching(client, "/@one/tasks") as stream:
            await stream.next()
            assert (await client.delete("/_larst/sessions/one")).status == 204
            assert await stream.next() == state()
            await client.post("/tasks", json={"n": 2}, headers=S1)
            assert await stream.next() == ("created", {"id": 1, "n": 2})


async def test_a_session_sleeps_while_it_is_watched(make_client: MakeClient) -> None:
    """A stream costs no session its sleep: nothing changes while it sleeps."""
    client = await make_client(LARS_MAX_SESSIONS_IN_MEMORY=1)
    async with watching(client, "/@one/tasks") as stream:
        await stream.next()
        await client.post("/tasks", json={"n": 0}, headers=S2)  # one has to make room
        await client.post("/tasks", json={"n": 1}, headers=S1)
        assert await stream.next() == ("created", {"id": 1, "n": 1})


class TestEnds:
    async def test_a_slow_reader_is_cut_with_a_reason(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(event_streams, "WRITE_TIMEOUT_S", 0.2)
        monkeypatch.setattr(view_module, "MAX_VIEW_BYTES", 10_000)
        client = await make_client()
        tasks = [{"text": "x" * 50_000}] * 18
        async with watching(client, "/tasks") as stream:
            await stream.next()
            for _ in range(20):  # more than the system buffers for a reader
                await client.post("/tasks", json=tasks)
            names, reason = [], ""
            while reason == "":
                event = await stream.next()
                names.append(event.name)
                reason = event.data.get("reason", "")
            assert (names[-1], reason) == ("closed", "slow")
            with pytest.raises(EOFError):
                await stream.next()

    async def test_a_stop_ends_the_streams_and_says_so(self, make_client: MakeClient) -> None:
        client = await make_client()
        async with watching(client, "/tasks") as stream:
            await stream.next()
            await client.server.close()
            event = await stream.next()
            assert (event.name, event.data["reason"]) == ("closed", "stopping")


async def test_a_crowd_of_watchers_leaves_room_for_requests(make_client: MakeClient) -> None:
    """After a restart all of them connect at once; a mailbox of 20 would refuse the others."""
    client = await make_client(LARS_MAILBOX_SIZE=20)

    async def first_event() -> object:
        async with watching(client, "/tasks") as stream:
            return (await stream.next()).name

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(first_event()) for _ in range(60)]
        reply = await client.post("/tasks", json={"n": 1})

    assert reply.status == 201
    assert [task.result() for task in tasks] == ["state"] * 60


class TestLimits:
    @pytest.mark.parametrize(
        ("variable", "status"),
        [
            ("LARS_MAX_WATCHERS_PER_SESSION", 429),
            ("LARS_MAX_WATCHERS_PER_TENANT", 429),
            ("LARS_MAX_WATCHERS", 503),
        ],
    )
    async def test_one_too_many_is_refused_with_the_figure(
        self, make_client: MakeClient, variable: str, status: int
    ) -> None:
        client = await make_client(**{variable: 1})
        async with watching(client, "/tasks") as stream:
            await stream.next()
            reply = await client.get("/tasks", headers=EVENTS)
            assert reply.status == status
            assert reply.headers["Retry-After"] == "5"
            assert f"1 watchers ({variable})" in (await reply.json())["detail"]
        while client.app[LIVE].hub.count:  # until the service sees that the first has left
            await client.get("/healthz")
        async with watching(client, "/tasks") as stream:
            assert await stream.next() == state()

    async def test_a_state_that_is_too_large_is_refused(self, make_client: MakeClient) -> None:
        client = await make_client(LARS_MAX_RESULT_BYTES=1000)
        await client.post("/tasks", json={"text": "x" * 1000})
        reply = await client.get("/tasks", headers=EVENTS)
        assert (reply.status, "1000 bytes" in await reply.text()) == (400, True)
        async with watching(client, "/tasks?text=y") as stream:
            assert await stream.next() == state()


async def test_a_token_and_its_tenant_are_required_as_for_get(make_client: MakeClient) -> None:
    client = await make_client(LARS_AUTH_TOKEN="secret")
    assert (await client.get("/tasks", headers=EVENTS)).status == 401
    async with watching(client, "/tasks", Authorization="Bearer secret") as stream:
        assert await stream.next() == state()


async def test_a_token_that_is_removed_loses_its_streams(start: Start) -> None:
    """Others connect again by themselves. The file is looked at every second."""
    service = await start(entry("ann", "acme", ALL), entry("eve", "acme", ["read"]))
    await service.send("ann", "POST", "/@v/tasks", json={"status": "open"})
    bearer = {"Authorization": "Bearer eve", "Connection": "close"}
    async with watching(service.client, "/@v/tasks", **bearer) as stream:
        assert await stream.next() == state(OPEN_1)

        write(service.path, entry("ann", "acme", ALL))
        event = await stream.next()

        assert (event.name, event.data["reason"]) == ("closed", "tokens changed")
        with pytest.raises(EOFError):
            await stream.next()
    assert (await service.client.get("/@v/tasks", headers={**EVENTS, **bearer})).status == 401

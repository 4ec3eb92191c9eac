"""Webhooks: each change of a session reaches its receiver, signed, in order, at least once."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from larst.http.components import RUNNING
from larst.http.webhooks import delivery, service
from larst.session.live import recent
from tests.http.helpers import S1, S2, Client, MakeClient
from tests.http.webhooks.receiver import HOOKS, Receiver, becomes, put, shown

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    return await make_client()


async def post(client: Client, count: int, path: str = "/tasks") -> None:
    for _ in range(count):
        reply = await client.post(path, json={"status": "open"}, headers=S1)
        assert reply.status == 201


async def test_changes_arrive_in_order_and_signed(client: Client, receiver: Receiver) -> None:
    webhook = await put(client, receiver.url)
    await post(client, 1)
    await client.patch("/tasks/1", json={"status": "shut"}, headers=S1)
    await client.post("/tasks", json=[{"status": "a"}, {"status": "b"}], headers=S1)
    await client.delete("/tasks/1", headers=S1)
    await client.post("/tasks", json={"of": "two"}, headers=S2)

    assert await receiver.events(5) == [
        ("record.created", {"id": 1, "status": "open"}),
        ("record.updated", {"id": 1, "status": "shut"}),
        ("record.created", {"id": 2, "status": "a"}),
        ("record.created", {"id": 3, "status": "b"}),
        ("record.deleted", {"id": 1, "status": "shut"}),
    ]
    assert all(received.is_signed_with(webhook["secret"]) for received in receiver.received)
    assert len({received.id for received in receiver.received}) == 5
    data = json.loads(receiver.received[0].body)["data"]
    assert (data["session"], data["resource"]) == ("one", "tasks")


async def test_a_secret_is_shown_once_and_kept(client: Client, receiver: Receiver) -> None:
    webhook = await put(client, receiver.url)
    again = await put(client, receiver.url)
    assert webhook["secret"].startswith("whsec_")
    assert "secret" not in again
    assert "secret" not in await shown(client)

    replaced = await put(client, receiver.url, secret=SECRET)
    await post(client, 1)
    (received,) = await receiver.take(1)
    assert "secret" not in replaced
    assert received.is_signed_with(SECRET)


async def test_resources_and_a_filter_choose_the_changes(
    client: Client, receiver: Receiver
) -> None:
    await put(client, receiver.url, resources=["tasks"], filter={"status": "open"})
    await post(client, 1, "/posts")
    await client.post("/tasks", json={"status": "shut"}, headers=S1)
    await post(client, 1)
    await client.patch("/tasks/2", json={"status": "shut"}, headers=S1)
    await client.patch("/tasks/1", json={"status": "open"}, headers=S1)

    assert await receiver.events(3) == [
        ("record.created", {"id": 2, "status": "open"}),
        ("record.removed", {"id": 2, "status": "shut"}),
        ("record.added", {"id": 1, "status": "open"}),
    ]


async def test_a_failed_delivery_is_tried_again_before_the_next(
    client: Client, receiver: Receiver
) -> None:
    """With the same id, by which a receiver knows what it has; a redirect is a failure."""
    receiver.statuses.extend([500, 302, 503])
    await put(client, receiver.url)
    await post(client, 2)

    received = await receiver.take(5)

    ids = [item.id for item in received]
    assert ids == [ids[0]] * 4 + [ids[4]]
    assert received[4].event[1]["id"] == 2
    assert {item.target for item in received} == {"POST /changes"}
    webhook = await becomes(client, delivered=2)
    assert (webhook["state"], webhook["failures"], webhook["reason"]) == ("active", 0, None)


async def test_after_many_failures_it_is_disabled_until_it_is_put_again(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MAX_FAILURES", 3)
    receiver.statuses.extend([500] * 3)
    await put(client, receiver.url)
    await post(client, 1)

    webhook = await becomes(client, state="disabled")
    assert (webhook["failures"], webhook["reason"]) == (3, "the receiver replied with 500")
    await post(client, 1)
    assert len(receiver.received) == 3

    assert (await put(client, receiver.url))["state"] == "active"
    events = await receiver.events(5)
    assert [event[1]["id"] for event in events[3:]] == [1, 2]


async def test_a_receiver_that_is_gone_gets_no_more(client: Client, receiver: Receiver) -> None:
    receiver.statuses.append(410)
    await put(client, receiver.url)
    await post(client, 1)

    webhook = await becomes(client, state="disabled")
    assert webhook["reason"] == "the receiver replied with 410"


async def test_nothing_is_lost_while_the_receiver_is_down(
    client: Client, receiver: Receiver, unused_tcp_port: int
) -> None:
    await put(client, f"http://127.0.0.1:{unused_tcp_port}/")
    await post(client, 2)
    webhook = await becomes(client, state="retrying")
    assert "cannot be reached: Connect" in webhook["reason"]
    assert webhook["next_attempt_at"] is not None

    await put(client, receiver.url)

    assert [event[1]["id"] for event in await receiver.events(2)] == [1, 2]


async def test_a_receiver_too_far_behind_learns_of_the_gap(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "MAX_CHANGES", 2)
    receiver.hold.clear()
    await put(client, receiver.url)
    await post(client, 1)
    await receiver.take(1)
    await post(client, 4)
    receiver.hold.set()

    await post(client, 1)
    events = await receiver.events(3)
    names = [name for name, _ in events]
    assert names[:2] == ["record.created", "gap"]
    assert "read the records again" in events[1][1]["detail"]


async def test_replaced_data_is_a_gap(client: Client, receiver: Receiver) -> None:
    await put(client, receiver.url)
    await post(client, 1)
    assert (await client.post("/_larst/sessions/one/reset")).status == 200
    await post(client, 1)

    names = [name for name, _ in await receiver.events(3)]
    assert names == ["record.created", "gap", "record.created"]


async def test_a_restart_goes_on_where_it_was(
    make_client: MakeClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a gap and without a message twice: the stop was clean."""
    monkeypatch.setattr(service, "SAVE_EVERY_S", 60)
    client = await make_client()
    webhook = await put(client, receiver.url)
    await post(client, 1)
    await receiver.take(1)
    await client.close()

    client = await make_client()
    entry = await shown(client)
    await post(client, 1)

    received = await receiver.take(2)
    assert (entry["state"], entry["url"]) == ("active", receiver.url)
    assert [item.event[1]["id"] for item in received] == [1, 2]
    assert received[1].is_signed_with(webhook["secret"])


async def test_a_stop_delivers_the_rest(
    make_client: MakeClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of the next start have no changes any more."""
    client = await make_client()
    receiver.hold.clear()
    await put(client, receiver.url)
    await post(client, 3)
    finish = delivery.Delivery.finish

    async def release_and_finish(late: delivery.Delivery) -> None:
        receiver.hold.set()
        await finish(late)

    monkeypatch.setattr(delivery.Delivery, "finish", release_and_finish)
    await client.close()

    assert [item.event[1]["id"] for item in receiver.received] == [1, 2, 3]


async def test_what_a_receiver_missed_before_a_kill_is_sent_after_it(
    make_client: MakeClient, receiver: Receiver, tmp_path: Path
) -> None:
    """The session is loaded for that at the start; no request wakes it."""
    client = await make_client()
    receiver.hold.clear()
    await put(client, receiver.url)
    await post(client, 2)
    await receiver.take(1)
    copied = shutil.copytree(tmp_path / "data" / "one", tmp_path / "killed")
    await client.post("/tasks", json={"status": "never"}, headers=S1)
    receiver.hold.set()
    await client.close()
    sent = len(receiver.received)
    shutil.rmtree(tmp_path / "data" / "one")
    copied.rename(tmp_path / "data" / "one")

    client = await make_client()

    received = await receiver.take(sent + 2)
    assert [item.event[1]["id"] for item in received[sent:]] == [1, 2]
    assert received[sent].id == received[0].id


async def test_after_its_deletion_nothing_is_sent(client: Client, receiver: Receiver) -> None:
    receiver.hold.clear()
    await put(client, receiver.url)
    await post(client, 2)
    await receiver.take(1)

    assert (await client.delete(f"{HOOKS}/audit")).status == 204
    receiver.hold.set()
    await put(client, receiver.url, "other")
    await post(client, 1)

    assert [item.event[1]["id"] for item in await receiver.take(2)] == [1, 3]
    assert (await client.delete(f"{HOOKS}/audit")).status == 404


async def test_the_end_of_a_session_ends_its_webhooks(
    make_client: MakeClient, receiver: Receiver, tmp_path: Path
) -> None:
    client = await make_client()
    await put(client, receiver.url)
    await post(client, 1)
    await receiver.take(1)
    assert (await client.delete("/_larst/sessions/one")).status == 204
    await post(client, 1)

    assert (await (await client.get(HOOKS)).json())["items"] == []
    assert not (tmp_path / "data" / "one" / ".webhooks").exists()
    await put(client, receiver.url, "other")
    await post(client, 1)
    assert [item.event[1]["id"] for item in await receiver.take(2)] == [1, 2]


async def test_an_erasure_that_fails_leaves_them(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(client, receiver.url)
    await post(client, 1)
    await receiver.take(1)

    async def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError

    assert client.app is not None
    with monkeypatch.context() as patched:
        patched.setattr(client.app[RUNNING].sessions, "run_on_store", refuse)
        assert (await client.delete("/_larst/sessions/one")).status == 500
    await post(client, 1)

    assert [item.event[1]["id"] for item in await receiver.take(2)] == [1, 2]


async def test_a_sleeping_session_is_not_kept_awake(
    make_client: MakeClient, receiver: Receiver
) -> None:
    client = await make_client(LARS_MAX_SESSIONS_IN_MEMORY=1)
    await put(client, receiver.url)
    await post(client, 1)
    await receiver.take(1)
    await post_to_two(client)
    assert client.app is not None
    async with asyncio.timeout(20):
        while client.app[RUNNING].sessions.is_live("one"):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)

    await post(client, 1)

    assert [item.event[1]["id"] for item in await receiver.take(2)] == [1, 2]


async def post_to_two(client: Client) -> None:
    """Use another session, so that the first has to leave the memory."""
    assert (await client.post("/tasks", json={"of": "two"}, headers=S2)).status == 201


async def test_there_are_bounds(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_OF_SESSION", 1)
    await put(client, receiver.url)
    reply = await client.put(f"{HOOKS}/other", json={"url": receiver.url})
    assert (reply.status, "at most 1 webhooks" in await reply.text()) == (400, True)

    monkeypatch.setattr(service, "MAX_OF_TENANT", 1)
    reply = await client.put("/_larst/sessions/two/webhooks/a", json={"url": receiver.url})
    assert reply.status == 507


async def test_a_file_that_cannot_be_read_stays_and_is_named(
    make_client: MakeClient, receiver: Receiver, tmp_path: Path
) -> None:
    client = await make_client()
    await put(client, receiver.url)
    await client.close()
    (tmp_path / "data" / "one" / ".webhooks").write_bytes(b"{")

    client = await make_client()
    for reply in (
        await client.get(HOOKS),
        await client.put(f"{HOOKS}/audit", json={"url": receiver.url}),
    ):
        assert reply.status == 503
        assert ".webhooks cannot be read" in await reply.text()
    assert (tmp_path / "data" / "one" / ".webhooks").read_bytes() == b"{"
    await post(client, 1)  # the session itself is served


async def test_no_copy_of_a_session_has_its_secrets(client: Client, receiver: Receiver) -> None:
    await put(client, receiver.url, secret=SECRET)
    await post(client, 1)
    await client.put("/_larst/sessions/one/snapshots/start")
    for path in ("export", "pack"):
        reply = await client.get(f"/_larst/sessions/one/{path}")
        assert reply.status == 200
        assert SECRET.encode() not in await reply.read()
    assert (await client.post("/_larst/sessions/one/reset")).status == 200
    assert (await shown(client))["state"] == "active"

"""The feed of a session: every watcher gets each event once, in order, whatever happens between."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from larst.session.live import feed as feed_module
from larst.session.live import frames as frames_module
from larst.session.live import recent as recent_module
from larst.session.live import view as view_module
from larst.session.live.feed import Feed
from larst.session.live.frames import parse_event_id
from larst.session.live.hub import LiveHub, LiveLimits
from larst.session.live.view import Question, View
from larst.session.live.watcher import Cut, Watcher
from larst.store.changes import ChangeRecorder, Position
from larst.store.collection import Change, Collection

QUESTIONS = (
    Question("tasks"),
    Question("tasks", criteria={"status": "open"}),
    Question("tasks", identifier="3"),
)


async def no_pause(seconds: float) -> None:
    del seconds
    await asyncio.sleep(0)


async def at_once(work: Callable[[], Any]) -> Any:
    await asyncio.sleep(0)
    return work()


def keep(view: View, grown_bytes: int) -> None:
    del grown_bytes
    view.trim()


class Session:
    """A collection of tasks whose commits go to a feed, as those of a session do."""

    def __init__(self, feed: Feed) -> None:
        self.tasks = Collection()
        self.feed = feed
        self.recorder = ChangeRecorder(feed)
        self.recorder.reset(Position("aaaaaaaa", 0), ())

    def commit(self, put: Sequence[dict[str, Any]], deleted: Sequence[str] = ()) -> None:
        change = Change(list(put), list(deleted), 1)
        self.recorder.record({"tasks": change}, {"tasks": self.tasks})
        self.tasks.apply(change)

    def flush(self) -> None:
        self.recorder.flushed(Position("aaaaaaaa", self.recorder.number))

    def matching(self, question: Question) -> dict[str, dict[str, Any]]:
        view = View(question, 0)
        return {
            key: record
            for key, record in self.tasks.records.items()
            if question.identifier in (None, key)
            and (view._matches is None or view._matches(record))
        }


class ClientModel:
    """What a client knows from its events."""

    def __init__(self, session: Session, question: Question) -> None:
        self.session, self.question = session, question
        self.watcher = Watcher()
        self.records: dict[str, dict[str, Any]] = {}
        self.last_id: str | None = None
        self.ids: list[str] = []
        self.resumed = 0

    def connect(self) -> None:
        feed, last = self.session.feed, parse_event_id(self.last_id)
        self.watcher = Watcher()
        if feed.open(self.watcher, self.question, last):
            self.resumed += 1
            return
        number = self.session.recorder.number
        feed.join(self.watcher, self.question, number)
        self.records = dict(self.session.matching(self.question))
        self.last_id = f"aaaaaaaa-{number}"
        self.ids.append(self.last_id)

    def read(self) -> None:
        while self.watcher.is_stale or (data := self.watcher.take()):
            if self.watcher.is_stale or isinstance(data, Cut):
                self.session.feed.leave(self.watcher)
                self.connect()
                continue
            for text in data.decode().split("\n\n")[:-1]:
                id, name, record = (line.split(": ", 1)[1] for line in text.split("\n"))
                self._apply(id, name, json.loads(record))

    def _apply(self, id: str, name: str, record: dict[str, Any]) -> None:
        key = str(record["id"])
        assert (name in ("created", "added")) == (key not in self.records)
        self.last_id = id
        self.ids.append(id)
        if name in ("deleted", "removed"):
            del self.records[key]
        else:
            self.records[key] = record


@pytest.fixture
def feed() -> Feed:
    return Feed(lambda: 0.0, no_pause, at_once, keep)


def random_step(session: Session, clients: Sequence[ClientModel], rng: random.Random) -> None:
    kind = rng.choice(["put", "put", "put", "delete", "flush", "flush", "read", "leave", "come"])
    if kind == "put":
        ids = rng.sample(range(1, 8), rng.randint(1, 3))
        status = rng.choice(["open", "shut"])
        session.commit([{"id": id, "status": status, "n": rng.random()} for id in ids])
    elif kind == "delete" and session.tasks.records:
        session.commit([], [rng.choice(list(session.tasks.records))])
    elif kind == "flush":
        session.flush()
    client = rng.choice(clients)
    if kind == "read":
        client.read()
    elif kind == "leave":
        session.feed.leave(client.watcher)
    elif kind == "come":
        session.feed.leave(client.watcher)
        client.connect()


async def settle(turns: int = 20) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


def narrow_limits(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    if seed % 2:
        monkeypatch.setattr(view_module, "MAX_VIEW_BYTES", 600)
        monkeypatch.setattr(recent_module, "MAX_CHANGES", 8)
    if seed % 4 < 2:  # events are made in a thread
        monkeypatch.setattr(feed_module, "_LONG_EFFORT", 0)


@pytest.mark.parametrize("seed", range(40))
async def test_clients_that_come_and_go_know_what_the_session_holds(
    feed: Feed, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event is lost or doubled: an event that does not fit what a client knows would show it."""
    narrow_limits(monkeypatch, seed)
    rng = random.Random(seed)  # noqa: S311 - a seeded test
    session = Session(feed)
    clients = [ClientModel(session, question) for question in QUESTIONS * 2]
    for client in clients:
        client.connect()
    for _ in range(400):
        random_step(session, clients, rng)
        if rng.random() < 0.3:
            await settle()
    session.flush()
    for client in clients:
        feed.leave(client.watcher)
        client.connect()
    await settle(2_000)
    for client in clients:
        client.read()
        assert client.records == session.matching(client.question)
    assert any(client.resumed for client in clients)
    if (task := feed.cancel()) is not None:
        await asyncio.wait({task})


async def test_a_change_is_not_sent_before_it_is_durable(feed: Feed) -> None:
    session = Session(feed)
    client = ClientModel(session, QUESTIONS[0])
    client.connect()
    session.commit([{"id": 1}])
    await settle()
    assert client.watcher.take() == b""
    session.flush()
    await settle()
    assert client.watcher.take()
    feed.leave(client.watcher)


async def test_a_flush_releases_only_the_commits_that_it_wrote(feed: Feed) -> None:
    """Later commits wait for the next flush, which may fail."""
    session = Session(feed)
    client = ClientModel(session, QUESTIONS[0])
    client.connect()
    session.commit([{"id": 1}])
    session.commit([{"id": 2}])
    session.recorder.flushed(Position("aaaaaaaa", 1))
    await settle()
    client.read()
    assert client.records == {"1": {"id": 1}}
    session.flush()
    await settle()
    client.read()
    assert client.ids == ["aaaaaaaa-0", "aaaaaaaa-1", "aaaaaaaa-2"]
    feed.leave(client.watcher)


async def test_a_commit_that_a_failed_write_took_back_is_never_sent(feed: Feed) -> None:
    """Its number is used again, for another change."""
    session = Session(feed)
    client = ClientModel(session, QUESTIONS[0])
    client.connect()
    session.commit([{"id": 1, "n": "lost"}])
    session.tasks = Collection()
    session.recorder.reset(Position("aaaaaaaa", 0), ())
    session.commit([{"id": 1, "n": "kept"}])
    session.flush()
    await settle()
    client.read()
    assert client.records == {"1": {"id": 1, "n": "kept"}}
    assert client.ids == ["aaaaaaaa-0", "aaaaaaaa-1"]
    feed.leave(client.watcher)


async def test_one_encoding_serves_all_watchers_of_a_view(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[object] = []
    encode = frames_module.encode_change

    def counting(*args: Any) -> Any:
        encoded.append(args)
        return encode(*args)

    monkeypatch.setattr(view_module, "encode_change", counting)
    session = Session(feed)
    clients = [ClientModel(session, Question("tasks")) for _ in range(50)]
    for client in clients:
        client.connect()
    session.commit([{"id": 1}])
    session.flush()
    await settle()
    taken = {id(client.watcher.take()) for client in clients}
    assert (len(encoded), len(taken)) == (1, 1)
    for client in clients:
        feed.leave(client.watcher)


async def test_too_many_waiting_changes_become_a_state(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory for changes that wait to be encoded is bounded."""
    monkeypatch.setattr(feed_module, "MAX_PENDING", 10)
    session = Session(feed)
    client = ClientModel(session, QUESTIONS[0])
    client.connect()
    for number in range(30):
        session.commit([{"id": number}])
    session.flush()
    assert client.watcher.is_stale
    client.read()
    assert len(client.records) == 30
    feed.leave(client.watcher)


async def test_the_events_of_a_large_transaction_are_made_in_a_thread() -> None:
    """A bulk write of 10,000 records held the event loop while its events were encoded."""
    efforts = []

    async def in_thread(work: Callable[[], Any]) -> Any:
        efforts.append(work)
        return work()

    feed = Feed(lambda: 0.0, no_pause, in_thread, keep)
    session = Session(feed)
    client = ClientModel(session, QUESTIONS[0])
    client.connect()
    session.commit([{"id": number} for number in range(20)])
    session.flush()
    await settle()
    assert efforts == []
    session.commit([{"id": number} for number in range(2_000)])
    session.flush()
    await settle()
    client.read()
    assert (len(efforts), len(client.records)) == (1, 2_000)
    feed.leave(client.watcher)


async def test_a_view_without_watchers_takes_no_more_room() -> None:
    """Its bytes were counted as held, for good, if its watcher left while its events were made."""
    hub = LiveHub(LiveLimits(9, 9, 9), lambda: 0.0, no_pause, at_once)
    feed = hub.feeds.open("one", Position("aaaaaaaa", 0))
    session = Session(feed)
    stays, leaves = Watcher(), Watcher()
    feed.join(stays, QUESTIONS[0], 0)
    feed.join(leaves, QUESTIONS[1], 0)
    session.commit([{"id": number, "status": "open"} for number in range(2_000)])
    session.flush()
    await asyncio.sleep(0)
    hub.feeds.leave("one", leaves)
    await settle()
    assert feed.views[QUESTIONS[0].key].size_bytes == hub.feeds._bytes
    await hub.close()


async def test_all_views_together_hold_a_bounded_number_of_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("larst.session.live.hub.MAX_BYTES", 2_000)
    hub = LiveHub(LiveLimits(9, 9, 9), lambda: 0.0, no_pause, at_once)
    feed = hub.feeds.open("one", Position("aaaaaaaa", 0))
    session = Session(feed)
    views = [feed.join(Watcher(), question, 0) for question in QUESTIONS]
    for number in range(200):
        session.commit([{"id": number % 5, "status": "open"}])
        session.flush()
        await settle()
    assert sum(view.size_bytes for view in views) <= 2_000
    await hub.close()


async def test_a_session_that_is_not_watched_records_nothing(feed: Feed) -> None:
    session = Session(feed)
    change = Change([{"id": 1}], [], 2)
    assert session.recorder.record({"tasks": change}, {}) is None
    hub = LiveHub(LiveLimits(9, 9, 9), lambda: 0.0, no_pause, at_once)
    observer = hub.observer("one")
    observer.begin(Position("aaaaaaaa", 3), ())
    assert (observer.is_recording, hub.feeds.find("one")) == (False, None)


@pytest.mark.parametrize("text", ["", "x", "aaaaaaaa", "aaaaaaaa-", "AAAAAAAA-1", "1"])
def test_foreign_ids_are_not_events(text: str) -> None:
    assert parse_event_id(text) is None


def test_ids_order_changes_within_a_transaction() -> None:
    ids = ["aaaaaaaa-4.0", "aaaaaaaa-4.1", "aaaaaaaa-4", "aaaaaaaa-5.0"]
    events = [event for id in ids if (event := parse_event_id(id)) is not None]
    assert len(events) == 4
    assert events == sorted(events)

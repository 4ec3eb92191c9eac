"""A follower gets each change once and in order, at its own speed, and learns of every gap."""

from __future__ import annotations

import pytest

from larst.session.live import Follower, LastEvent, Place, Selection, event_id, parse_event_id
from larst.session.live import recent as recent_module
from larst.session.live.feed import Feed
from larst.store.changes import Position
from tests.session.live.test_feed import Session, at_once, keep, no_pause

BEGIN = LastEvent("", Place(0))


@pytest.fixture
def feed() -> Feed:
    return Feed(lambda: 0.0, no_pause, at_once, keep)


def all_of(follower: Follower) -> list[tuple[str, object]]:
    """Take all changes, as a receiver that is never late: their names, and the ids of records."""
    taken: list[tuple[str, object]] = []
    while follower.is_behind:
        if (change := follower.look()) is not None:
            follower.after = change.after
            taken.append((change.name, change.record and change.record["id"]))
    return taken


def test_changes_are_followed_from_before_the_first_write(feed: Feed) -> None:
    follower = Follower(Selection(), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": 1}, {"id": 2}])
    session.commit([{"id": 1, "n": 1}], ["2"])
    assert not follower.is_behind  # nothing is durable
    session.flush()

    assert follower.has_news.is_set()
    assert all_of(follower) == [("created", 1), ("created", 2), ("deleted", 2), ("updated", 1)]
    assert follower.after == LastEvent("aaaaaaaa", Place(2))


def test_a_look_is_repeated_until_its_change_is_taken(feed: Feed) -> None:
    follower = Follower(Selection(), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": 1}])
    session.flush()
    assert follower.look() == follower.look()


def test_it_goes_on_in_the_middle_of_a_large_transaction(feed: Feed) -> None:
    """A restart, or a slow receiver, must not send the first half again."""
    first = Follower(Selection(criteria={"n__gte": 150}), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": n, "n": n} for n in range(300)])
    session.flush()
    while (change := first.look()) is None:
        pass
    first.after = change.after
    assert change.record == {"id": 150, "n": 150}

    after = parse_event_id(event_id(first.after))
    assert after == first.after
    assert after is not None
    follower = Follower(Selection(criteria={"n__gte": 150}), feed, after)
    assert all_of(follower) == [("created", n) for n in range(151, 300)]


def test_other_resources_do_not_keep_it_behind(feed: Feed) -> None:
    follower = Follower(Selection(resources=["posts"]), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": n} for n in range(120)])
    session.flush()
    assert all_of(follower) == []
    assert follower.after == LastEvent("aaaaaaaa", Place(1))


def test_changes_that_are_gone_are_a_gap(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_module, "MAX_CHANGES", 2)
    follower = Follower(Selection(), feed, BEGIN)
    session = Session(feed)
    for n in range(5):
        session.commit([{"id": n}])
    session.flush()
    assert all_of(follower) == [("gap", None)]
    session.commit([{"id": 9}])
    session.flush()
    assert all_of(follower) == [("created", 9)]


@pytest.mark.parametrize(
    "after", [LastEvent("bbbbbbbb", Place(1)), LastEvent("aaaaaaaa", Place(9))]
)
def test_another_history_and_a_later_place_are_gaps(feed: Feed, after: LastEvent) -> None:
    """The session was erased, or restored from an older copy of its files."""
    follower = Follower(Selection(), feed, after)
    session = Session(feed)
    session.commit([{"id": 1}])
    session.flush()
    assert all_of(follower) == [("gap", None)]


def test_a_write_without_a_transaction_drops_nothing(feed: Feed) -> None:
    """Such as a write of the journal that only notes which files are complete."""
    follower = Follower(Selection(), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": 1}])
    session.flush()
    session.flush()
    assert all_of(follower) == [("created", 1)]


def test_a_session_is_recorded_until_it_is_followed_no_more() -> None:
    now_s = 0.0
    feed = Feed(lambda: now_s, no_pause, at_once, keep)
    follower = Follower(Selection(), feed, BEGIN)
    now_s = 10_000.0
    assert feed.is_recording
    follower.leave()
    now_s = 20_000.0
    assert not feed.is_recording


def test_a_reload_without_changes_makes_no_gap(feed: Feed) -> None:
    """A session that slept: the feed has outlived its actor."""
    follower = Follower(Selection(), feed, BEGIN)
    session = Session(feed)
    session.commit([{"id": 1}])
    session.flush()
    feed.begin(Position("aaaaaaaa", 1), ())
    assert all_of(follower) == [("created", 1)]

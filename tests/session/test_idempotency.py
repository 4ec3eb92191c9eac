"""Stored replies: how long and how many, with the change that they report, and which requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from larst.domain import Reply, RequestContext
from larst.errors import BadRequestError, BadResourceNameError, KeyReusedError
from larst.session import Pipeline, idempotency
from larst.session.idempotency import StoredReply, idempotency_key, store_reply, stored_reply
from larst.store import REPLIES, DiskFiles, SessionStore, work
from tests.fakes import request
from tests.session.service import Service, fixed_now

REPLY = StoredReply(
    Reply(201, b'{"id":1}', {"Location": "/orders/1"}), "create", is_by_rules=True, hint=None
)


class _Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = fixed_now()

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: _Clock) -> SessionStore:
    store = SessionStore(tmp_path / "one", files=DiskFiles(), now=clock)
    await store.load()
    return store


async def test_a_reply_is_stored_after_a_change_that_took_long(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store refused to work on the event loop any longer, and the request ended in 500."""
    monkeypatch.setattr(work, "LOOP_S", -1.0)
    (tmp_path / "data").mkdir()
    service = Service(tmp_path / "data", pipeline)

    first = await service.post({"name": "Ann"}, headers={"idempotency-key": "k"})

    assert first == {"id": 1, "name": "Ann"}
    assert await service.post({"name": "Ann"}, headers={"idempotency-key": "k"}) == first
    assert await service.get() == [first]


def _request(key: str, body: bytes = b'{"a":1}', method: str = "POST") -> RequestContext:
    return request(method, "/orders", body, headers={"idempotency-key": key})


def _store(store: SessionStore, key: str, stored: StoredReply = REPLY) -> None:
    transaction = store.commits.begin()
    transaction.resource("orders").insert({"a": 1})
    store_reply(transaction, _request(key), key, stored, store.now())
    store.commits.commit(transaction)


async def test_a_reply_comes_back_as_it_was(store: SessionStore) -> None:
    _store(store, "k")

    assert stored_reply(store, _request("k"), "k") == REPLY
    assert stored_reply(store, _request("other"), "other") is None


async def test_a_reply_without_a_body_stays_without(store: SessionStore) -> None:
    empty = StoredReply(Reply(204), "patch", is_by_rules=False, hint="a hint")
    _store(store, "k", empty)

    assert stored_reply(store, _request("k"), "k") == empty


async def test_the_key_belongs_to_one_request(store: SessionStore) -> None:
    _store(store, "k")

    for other in (_request("k", b'{"a":2}'), _request("k", method="PUT")):
        with pytest.raises(KeyReusedError):
            stored_reply(store, other, "k")


async def test_the_order_of_fields_does_not_matter(store: SessionStore) -> None:
    """Clients that build the body again may write its fields in another order."""
    transaction = store.commits.begin()
    store_reply(transaction, _request("k", b'{"a":1,"b":2}'), "k", REPLY, store.now())
    store.commits.commit(transaction)

    assert stored_reply(store, _request("k", b'{"b":2,"a":1}'), "k") == REPLY


async def test_a_reply_is_stored_for_a_day(store: SessionStore, clock: _Clock) -> None:
    _store(store, "k")

    clock.time += timedelta(hours=23)
    assert stored_reply(store, _request("k"), "k") == REPLY
    clock.time += timedelta(hours=2)
    assert stored_reply(store, _request("k", b'{"a":2}'), "k") is None
    _store(store, "new")
    assert store.data.record(REPLIES, "k") is None


async def test_an_old_key_can_be_used_again(store: SessionStore, clock: _Clock) -> None:
    _store(store, "k")
    clock.time += timedelta(days=2)

    _store(store, "k")

    assert stored_reply(store, _request("k"), "k") == REPLY


async def test_the_oldest_replies_leave_first(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_REPLIES", 3)

    for key in "abcde":
        _store(store, key)

    keys = [key for key in "abcde" if stored_reply(store, _request(key), key) is not None]
    assert keys == ["c", "d", "e"]


async def test_the_size_of_all_replies_is_limited(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_BYTES", 25)
    large = StoredReply(Reply(201, b'"0123456789"'), "create", is_by_rules=True, hint=None)

    for key in "abc":
        _store(store, key, large)

    keys = [key for key in "abc" if stored_reply(store, _request(key), key) is not None]
    assert keys == ["b", "c"]


@pytest.mark.parametrize("checkpoints", [False, True])
async def test_replies_are_durable(
    store: SessionStore, tmp_path: Path, clock: _Clock, *, checkpoints: bool
) -> None:
    """From the journal after a crash, from the files after a clean stop."""
    _store(store, "k")
    await (store.durability.checkpoint() if checkpoints else store.durability.flush())

    loaded = SessionStore(tmp_path / "one", files=DiskFiles(), now=clock)
    await loaded.load()

    assert stored_reply(loaded, _request("k"), "k") == REPLY
    assert loaded.data.names() == ["orders"]


async def test_the_replies_are_hidden(store: SessionStore) -> None:
    _store(store, "k")

    assert store.data.names() == ["orders"]
    assert store.data.counts() == {"orders": 1}
    assert list(store.data.snapshot()) == ["orders"]
    transaction = store.commits.begin()
    assert transaction.names() == ["orders"]
    with pytest.raises(BadResourceNameError):
        transaction.resource(REPLIES)
    transaction.hidden(REPLIES)
    with pytest.raises(BadResourceNameError):
        transaction.resource(REPLIES)


@pytest.mark.parametrize(
    ("header", "key"), [("a-1", "a-1"), ('"a-1"', "a-1"), (" a b ", "a b"), ('"', '"')]
)
def test_the_key_may_be_quoted(header: str, key: str) -> None:
    assert idempotency_key(_request(header)) == key


@pytest.mark.parametrize("header", ["", " ", "é", "x" * 256, "a\tb"])
def test_other_keys_are_refused(header: str) -> None:
    with pytest.raises(BadRequestError, match="Idempotency-Key"):
        idempotency_key(_request(header))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_methods_that_are_idempotent_anyway_ignore_the_key(method: str) -> None:
    assert idempotency_key(_request("k", b"", method)) is None

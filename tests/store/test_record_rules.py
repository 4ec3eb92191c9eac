"""The settings of a resource hold for every write of a transaction, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from larst.errors import FieldRefusedError, ValueTakenError
from larst.session.expiry import Expiry
from larst.store import SessionStore
from larst.store.collection_view import CollectionView
from larst.store.resource_settings import parse_resource_settings
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, insert, now, open_store, records_of

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
NANOID = "V1StGXR8_Z5jdHi6B-myT"


@pytest.fixture
async def store() -> SessionStore:
    return await open_store(MemoryDisk())


async def declare(store: SessionStore, **settings: Any) -> None:
    resources = {"users": parse_resource_settings(settings)}
    await store.settings.put(replace(store.settings.current, resources=resources))


def users(store: SessionStore) -> CollectionView:
    return store.commits.begin().resource("users")


class TestIds:
    @pytest.mark.parametrize(
        ("kind", "right", "wrong"),
        [
            ("integer", [7], ["7", "seven"]),
            ("uuid", [UUID, UUID.upper()], [7, "7", UUID[:-1], f"{UUID}0", NANOID]),
            ("nanoid", [NANOID], [7, "7", NANOID[:-1], f"{NANOID}a", UUID]),
        ],
    )
    async def test_an_id_of_another_kind_is_refused(
        self, store: SessionStore, kind: str, right: list[Any], wrong: list[Any]
    ) -> None:
        await declare(store, id=kind)
        for identifier in right:
            assert users(store).insert({"id": identifier})["id"] == identifier
        for identifier in wrong:
            with pytest.raises(FieldRefusedError, match=f"users: id must be of the kind {kind}"):
                users(store).insert({"id": identifier})


class TestUniqueFields:
    async def test_a_value_that_was_stored_since_the_first_look_is_taken(
        self, store: SessionStore
    ) -> None:
        """The values are collected once, and each commit adds its own."""
        await declare(store, unique=["email"])
        for email in ("a", "b", "c"):
            await insert(store, "users", {"email": email})
        for email in ("a", "b", "c"):
            with pytest.raises(ValueTakenError):
                users(store).insert({"email": email})

    async def test_a_value_given_up_in_the_same_transaction_is_free(
        self, store: SessionStore
    ) -> None:
        await declare(store, unique=["email"])
        view = users(store)
        view.insert({"email": "a"})
        view.update(1, {"email": "b"})
        view.insert({"email": "a"})
        with pytest.raises(ValueTakenError):
            view.insert({"email": "b"})
        view.delete(1)
        view.insert({"email": "b"})

    @pytest.mark.parametrize(
        ("stored", "same", "others"),
        [
            (1, [1, 1.0], ["1", True, 2]),
            (True, [True], [1, "true", False, 0]),
            ("a", ["a"], ["A", "a ", ""]),
            (None, [], [None]),
            ([1], [], [[1]]),
            ({"a": 1}, [], [{"a": 1}]),
        ],
    )
    async def test_values_are_equal_as_numbers_and_texts_are(
        self, store: SessionStore, stored: Any, same: list[Any], others: list[Any]
    ) -> None:
        await declare(store, unique=["n"])
        await insert(store, "users", {"n": stored})
        for value in same:
            with pytest.raises(ValueTakenError):
                users(store).insert({"n": value})
        for value in others:
            users(store).insert({"n": value})
        view = users(store)
        for value in others:
            view.insert({"n": value})  # nor do they count as equal within a transaction


class TestDefaults:
    async def test_a_replaced_record_gets_them_too(self, store: SessionStore) -> None:
        await declare(store, defaults={"role": "user"})
        await insert(store, "users", {"name": "Ann"})
        assert users(store).replace(1, {"name": "Bo"}) == {"id": 1, "name": "Bo", "role": "user"}

    async def test_they_come_last_and_leave_null_alone(self, store: SessionStore) -> None:
        await declare(store, defaults={"role": "user", "tags": []})
        record = users(store).insert({"role": None, "name": "Ann"})
        assert list(record.items()) == [("id", 1), ("role", None), ("name", "Ann"), ("tags", [])]

    async def test_no_two_records_share_one(self, store: SessionStore) -> None:
        await declare(store, defaults={"tags": []})
        view = users(store)
        first, second = view.insert({}), view.insert({})
        stored = store.data.rules.resources["users"].defaults["tags"]
        assert first["tags"] is not second["tags"]
        assert first["tags"] is not stored


class Gate:
    """Counts how often a reply was made to wait for a flush."""

    marks = 0

    def mark(self) -> None:
        self.marks += 1


class TestExpiry:
    async def test_a_replaced_record_keeps_its_time(self, store: SessionStore) -> None:
        await declare(store, ttl="1h")
        await insert(store, "users", {"name": "Ann"})
        at = records_of(store)[0]["expiresAt"]
        replaced = users(store).replace(1, {"name": "Bo"})
        assert replaced == {"id": 1, "name": "Bo", "expiresAt": at}
        never = users(store).replace(1, {"expiresAt": None})
        assert never == {"id": 1, "expiresAt": None}

    async def test_a_time_without_a_zone_is_in_utc(self, store: SessionStore) -> None:
        await declare(store, expiry="until")
        await insert(store, "users", {"until": "2026-11-23T01:00:00"})
        instant = datetime(2026, 11, 23, 1, tzinfo=UTC)
        await store.commits.delete_expired(instant - timedelta(seconds=1))
        assert len(records_of(store)) == 1
        await store.commits.delete_expired(instant)
        assert records_of(store) == []

    async def test_a_record_that_comes_later_may_expire_sooner(self, store: SessionStore) -> None:
        """The store remembers when the next one expires."""
        await declare(store, expiry="until")
        await insert(store, "users", {"until": "2030-01-01T00:00:00Z"})
        assert store.data.rules.is_due(store.data.resources, now())  # it has not looked yet
        await store.commits.delete_expired(now())
        assert not store.data.rules.is_due(store.data.resources, datetime(2028, 1, 1, tzinfo=UTC))
        await insert(store, "users", {"until": "2027-01-01T00:00:00Z"})
        assert store.data.rules.is_due(store.data.resources, datetime(2028, 1, 1, tzinfo=UTC))
        assert not store.data.rules.is_due(store.data.resources, now())

    async def test_a_reply_waits_until_the_deletion_is_durable(self) -> None:
        """Otherwise a crash could bring back a record that a client saw gone."""
        instant = now()
        store = SessionStore(HOME, files=MemoryDisk(), now=lambda: instant)
        await store.load()
        gate = Gate()
        expiry = Expiry(store, gate)  # type: ignore[arg-type]  # it calls nothing but mark
        await declare(store, ttl="1h")
        await insert(store, "users", {"name": "Ann"})
        await expiry.delete_expired()
        assert gate.marks == 0
        instant += timedelta(hours=1)
        await expiry.delete_expired()
        assert (gate.marks, records_of(store)) == (1, [])

    async def test_no_reply_about_records_that_expire_is_remembered(
        self, store: SessionStore
    ) -> None:
        for settings, is_remembered in (({"id": "integer"}, True), ({"ttl": "1h"}, False)):
            await declare(store, **settings)
            store.data.note_reads(is_on=True)
            store.data.record("users", "1")
            assert (store.data.states_read() is not None) == is_remembered

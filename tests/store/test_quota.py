"""What a session may hold."""

from __future__ import annotations

import pytest

from larst.domain import Record
from larst.errors import QuotaFullError
from larst.store import Quota
from larst.store.collection import Change, Collection
from tests.store.disks import MemoryDisk
from tests.store.stores import insert, open_store

STORED = {"users": Collection({"1": {"id": 1}, "2": {"id": 2}})}


def _change(put: list[int], deleted: list[str] | None = None) -> Change:
    return Change([{"id": identifier} for identifier in put], deleted or [], next_id=10)


@pytest.mark.parametrize(
    "change",
    [
        _change([1, 2]),
        _change([3], ["1"]),
        _change([], ["1", "2"]),
        _change([], ["7"]),
    ],
)
def test_what_does_not_grow_is_allowed_when_full(change: Change) -> None:
    Quota(records=2).check(STORED, {"users": change}, size_bytes=0)


@pytest.mark.parametrize("change", [_change([3]), _change([1, 3]), _change([3, 4], ["1"])])
def test_what_grows_is_refused_when_full(change: Change) -> None:
    with pytest.raises(QuotaFullError, match="3 records, and 2 are allowed"):
        Quota(records=2).check(STORED, {"users": change}, size_bytes=0)


def test_deleting_is_allowed_over_every_limit() -> None:
    quota = Quota(records=1, size_bytes=10, resources=0)

    quota.check(STORED, {"users": _change([], ["1"])}, size_bytes=10_000)


@pytest.mark.parametrize(
    "record",
    [
        {"id": 3, "text": "x" * 100},
        {"id": 3, "x" * 100: 1},
        {"id": 3, "deep": [{"a": ["x" * 50, "x" * 50]}]},
        {"id": 3, "many": [1] * 50},
    ],
)
@pytest.mark.parametrize("resource", ["users", ".replies"])
def test_one_change_cannot_exceed_the_bytes_of_a_session(record: Record, resource: str) -> None:
    """A single record of 5 MB was stored in a session of 100 KB."""
    change = Change([record], [], next_id=10)

    with pytest.raises(QuotaFullError, match="LARS_MAX_SESSION_BYTES"):
        Quota(size_bytes=100).check(STORED, {resource: change}, size_bytes=0)
    Quota(size_bytes=400).check(STORED, {resource: change}, size_bytes=0)


def test_an_import_cannot_exceed_the_bytes_of_a_session() -> None:
    quota = Quota(size_bytes=100)

    quota.check_replacement(STORED, size_bytes=100)
    with pytest.raises(QuotaFullError, match="LARS_MAX_SESSION_BYTES"):
        quota.check_replacement(STORED, size_bytes=101)


def test_stored_replies_count_neither_as_resource_nor_as_records() -> None:
    quota = Quota(records=2, resources=1)

    quota.check({**STORED, ".replies": Collection({"k": {"id": "k"}})}, {}, size_bytes=0)
    quota.check(STORED, {".replies": _change([1]), "users": _change([1])}, size_bytes=0)


async def test_a_resource_that_never_held_a_record_has_no_files() -> None:
    """Ten requests made 300,012 files."""
    disk = MemoryDisk()
    store = await open_store(disk)
    transaction = store.commits.begin()
    for number in range(100):
        view = transaction.resource(f"r{number}")
        view.delete(view.insert({})["id"])

    assert store.commits.commit(transaction) is False
    await store.durability.flush()
    await store.close()

    assert (store.data.names(), disk.content) == ([], {})


async def test_an_emptied_resource_gives_no_id_out_again() -> None:
    store = await open_store(MemoryDisk())
    await insert(store, "users", {"name": "Ann"})
    transaction = store.commits.begin()
    transaction.resource("users").delete(1)
    store.commits.commit(transaction)
    transaction = store.commits.begin()
    view = transaction.resource("users")
    view.delete(view.insert({})["id"])
    store.commits.commit(transaction)

    await insert(store, "users", {"name": "Ben"})

    assert [record["id"] for record in store.data.matching("users", {})] == [3]

"""The indexes of all sessions share one memory: the least recently used ones make room."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from larst.store.collection import Collection
from larst.store.collection_view import CollectionView
from larst.store.io_threads import Threads
from larst.store.query import index_memory
from larst.store.query.equality_index import EqualityIndex
from larst.store.query.index_memory import free
from larst.store.query.order_index import OrderIndex
from larst.store.transfer.replacing import free as free_collections
from larst.store.work import Work

RECORDS = 100


@pytest.fixture(autouse=True)
def room_for_three_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EqualityIndex, "entry_bytes", OrderIndex.entry_bytes)
    monkeypatch.setattr(index_memory, "MAX_BYTES", 3 * RECORDS * OrderIndex.entry_bytes)


class Session:
    """A resource of a session whose work shares its threads with other sessions."""

    def __init__(self, threads: Threads) -> None:
        self.work = Work(threads)
        self.collection = Collection(
            {str(n): {"id": n, "name": f"user {n}", "age": n} for n in range(RECORDS)}
        )

    def search(self, field: str) -> int:
        """Search by the index of a field; return how many records match."""
        return CollectionView("users", self.collection, self.work).count({field: "17"})

    def sort(self, order: str) -> None:
        CollectionView("users", self.collection, self.work).list(limit=1, sort=order)

    @property
    def indexes(self) -> list[str]:
        return self.collection.indexes.names()


async def test_the_index_that_any_session_used_least_recently_makes_room() -> None:
    threads = Threads()
    first, second = Session(threads), Session(threads)
    first.search("name")
    first.sort("age")
    second.search("name")
    first.search("name")

    second.search("age")

    assert (first.indexes, second.indexes) == (["name"], ["name", "age"])
    await threads.finished(free)


async def test_a_dropped_index_is_built_again_when_it_is_used() -> None:
    threads = Threads()
    first, second = Session(threads), Session(threads)
    first.search("age")
    for field in ("name", "age", "none"):
        second.search(field)
    assert first.indexes == []
    first.collection.apply_records([{"id": 200, "age": 17}], [])

    assert first.search("age") == 2
    assert first.indexes == ["age"]
    await threads.finished(free)


async def test_the_indexes_of_a_session_that_works_in_a_thread_stay_until_it_has_ended() -> None:
    """The thread may be reading them."""
    threads = Threads()
    busy, other = Session(threads), Session(threads)
    busy.search("name")
    may_end = threading.Event()
    thread = asyncio.create_task(busy.work.off_loop(partial(may_end.wait, 30)))
    await asyncio.sleep(0)

    for field in ("name", "age", "none"):
        other.search(field)
    may_end.set()
    await thread

    assert (busy.indexes, other.indexes) == (["name"], ["age", "none"])
    await threads.finished(free)


async def test_a_thread_that_builds_too_many_makes_room_at_its_end() -> None:
    threads = Threads()
    first, second = Session(threads), Session(threads)
    first.search("name")
    for field in ("name", "age"):
        second.search(field)

    await second.work.off_loop(partial(second.search, "none"))

    assert (first.indexes, second.indexes) == ([], ["name", "age", "none"])
    await threads.finished(free)


async def test_the_indexes_of_a_session_that_sleeps_take_no_room() -> None:
    threads = Threads()
    first, second = Session(threads), Session(threads)
    first.search("name")
    free_collections([first.collection])

    for field in ("name", "age", "none"):
        second.search(field)

    assert second.indexes == ["name", "age", "none"]


def test_an_order_that_is_larger_than_the_memory_of_all_is_sorted_at_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would only make room for itself, again and again."""
    monkeypatch.setattr(index_memory, "MAX_BYTES", RECORDS * OrderIndex.entry_bytes - 1)
    session = Session(Threads())

    session.sort("age")

    assert session.indexes == []

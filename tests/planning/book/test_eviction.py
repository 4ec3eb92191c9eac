"""Eviction: the plan book has a limited size."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.planning.book import PlanBook
from larst.planning.book.files import PlanState
from tests.planning.book.helpers import Calendar, OpenBook, entry, key, names


class TestEviction:
    async def test_the_least_used_plan_is_evicted_and_of_those_the_least_recently_used(
        self, open_book: OpenBook
    ) -> None:
        book = await open_book(3)
        for number, uses in ((1, 2), (2, 1), (3, 1)):
            book.put(entry(number))
            for _ in range(uses):
                book.count_use(key(number), "session-1")

        book.put(entry(4))
        assert {entry.key for entry in book.entries()} == {key(1), key(3), key(4)}

        book.count_use(key(4), "session-1")
        book.put(entry(5))
        assert {entry.key for entry in book.entries()} == {key(1), key(4), key(5)}

    async def test_a_new_plan_replaces_a_frequently_used_one(self, open_book: OpenBook) -> None:
        """Otherwise a full book could never learn again: a new plan is always the least used."""
        book = await open_book(2)
        book.put(entry(1, uses=50))
        book.put(entry(2, uses=60))

        book.put(entry(3))

        assert book.get(key(3)) is not None
        assert book.get(key(1)) is None

    async def test_plans_of_the_rules_leave_before_those_of_models(
        self, open_book: OpenBook
    ) -> None:
        """A flood of odd shapes pushed out plans that had cost a call."""
        book = await open_book(3)
        book.put(entry(1, planner="openai"))
        book.put(entry(2, uses=50))
        book.put(entry(3, uses=60))

        for number in range(4, 20):
            book.put(entry(number))

        assert {entry.key for entry in book.entries()} == {key(1), key(3), key(19)}

    async def test_a_flood_of_unusual_requests_does_not_fill_the_disk(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        book = await open_book(10)
        for number in range(200):
            book.put(entry(number))
        await book.flush()

        assert len(book) == 10
        assert len(names(directory)) == 10

    @pytest.mark.parametrize("state", ["pinned", "rejected"])
    async def test_a_decided_plan_is_not_evicted(
        self, open_book: OpenBook, state: PlanState
    ) -> None:
        """A flood of unusual requests must not bring a rejected program back."""
        book = await open_book(2)
        book.put(entry(1))
        book.set_state(key(1), state)
        for number in range(2, 20):
            book.put(entry(number, uses=9))

        assert book.get(key(1)) is not None
        assert len(book) == 2

    async def test_a_book_full_of_decided_plans_stores_no_others(
        self, open_book: OpenBook, caplog: pytest.LogCaptureFixture
    ) -> None:
        book = await open_book(1)
        book.put(entry(1, state="pinned"))

        book.put(entry(2))

        assert [entry.key for entry in book.entries()] == [key(1)]
        assert "full of pinned" in caplog.text

    async def test_a_smaller_book_evicts_the_least_used_plans_when_it_opens(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        book = await open_book()
        for number in range(5):
            book.put(entry(number, uses=number))
        await book.close()

        smaller = await open_book(2)
        await smaller.flush()

        assert {entry.uses for entry in smaller.entries()} == {3, 4}
        assert len(names(directory)) == 2

    async def test_eviction_is_fast_in_a_large_book(self, open_book: OpenBook) -> None:
        """Requests wait for `put`. It takes far less than the allowed 1 ms with 10,000 plans."""
        book = await open_book(10_000)
        for number in range(10_000):
            book.put(entry(number))
        started_s = time.process_time()
        for number in range(10_000, 11_000):
            book.put(entry(number))
            book.count_use(key(number), "session-1")

        assert time.process_time() - started_s < 1
        for stored in book.entries():  # leave nothing to write, so that close() is fast
            book.remove(stored.key)

    @given(st.lists(st.tuples(st.sampled_from(["put", "used", "remove"]), st.integers(0, 9))))
    @settings(max_examples=60, deadline=None)
    def test_an_evicted_plan_is_one_of_the_least_used(self, actions: list[tuple[str, int]]) -> None:
        """Compared with the definition: no remaining plan has fewer uses than an evicted one."""
        book = PlanBook(Path("nowhere"), size=4, now=Calendar())
        for action, number in actions:
            before = {entry.key: entry.uses for entry in book.entries()}
            match action:
                case "put":
                    book.put(book.get(key(number)) or entry(number))
                case "used":
                    book.count_use(key(number), "session-1")
                case _:
                    book.remove(key(number))
                    continue
            evicted = before.keys() - {entry.key for entry in book.entries()}
            assert len(book) <= 4
            assert all(before[key] == min(before.values()) for key in evicted)

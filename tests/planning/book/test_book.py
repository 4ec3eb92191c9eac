"""The plan book in a real directory."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.domain import Code, Plan
from larst.errors import ConfigError
from larst.planning.book import PlanBook
from larst.planning.book.files import BookEntry, PlanState

OpenBook = Callable[..., Awaitable[PlanBook]]


class Calendar:
    """A clock that advances one second with each call."""

    def __init__(self) -> None:
        self._time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._time += timedelta(seconds=1)
        return self._time


def key(number: int) -> str:
    return f"{number:064x}"


def entry(number: int = 1, *, uses: int = 0, state: PlanState = "learned") -> BookEntry:
    return BookEntry(
        key=key(number),
        shape={"method": "GET", "path": "/members", "query": {"name": ["<text>"]}, "body": "none"},
        facts={},
        planner="rules",
        model=None,
        prompt_version="1",
        plan=Plan(
            action="list",
            resource="members",
            code=Code(block='items, total = store.list()\nREPLY = make_response(200, "né")\n'),
        ),
        made_at="2026-01-01T00:00:00+00:00",
        uses=uses,
        state=state,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / ".plans"


@pytest.fixture
async def open_book(directory: Path) -> AsyncIterator[OpenBook]:
    """Open books in the same directory; all are closed after the test."""
    books: list[PlanBook] = []

    async def open_in_directory(size: int = 100) -> PlanBook:
        book = PlanBook(directory, size=size, now=Calendar())
        await book.open()
        books.append(book)
        return book

    yield open_in_directory
    for book in books:
        await book.close()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def move(path: Path, to: Path) -> None:
    path.rename(to)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class TestStoring:
    async def test_an_entry_is_found_immediately_and_after_a_restart(
        self, open_book: OpenBook
    ) -> None:
        """A plan must not be paid for twice."""
        book = await open_book()
        book.put(entry())
        assert book.get(key(1)) == entry()

        await book.close()

        assert (await open_book()).entries() == [entry()]

    async def test_the_file_is_readable(self, open_book: OpenBook, directory: Path) -> None:
        book = await open_book()
        book.put(entry())
        await book.flush()

        text = (directory / f"{key(1)}.json").read_text(encoding="utf-8")

        assert text.startswith('{\n  "key": "000')
        assert "né" in text
        assert json.loads(text)["plan"]["code"]["block"].startswith("items, total")

    async def test_a_plan_is_written_in_the_background(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        """A kill right after planning may lose usage counts, but not the plan."""
        book = await open_book()
        book.put(entry())

        async with asyncio.timeout(5):
            while names(directory) != [f"{key(1)}.json"]:  # noqa: ASYNC110 - files have no events
                await asyncio.sleep(0)

    async def test_get_does_not_count_as_a_use(self, open_book: OpenBook) -> None:
        book = await open_book()
        book.put(entry())
        book.get(key(1))
        book.count_use(key(1), "session-1")
        book.count_use(key(1), "session-1")
        book.count_use(key(2), "session-1")

        await book.close()

        stored = (await open_book()).get(key(1))
        assert stored is not None
        assert (stored.uses, stored.last_used_at) == (2, "2026-01-01T00:00:02+00:00")

    async def test_a_removed_plan_has_no_file(self, open_book: OpenBook, directory: Path) -> None:
        book = await open_book()
        book.put(entry(1))
        book.put(entry(2))
        await book.flush()
        book.remove(key(1))
        book.remove(key(3))
        await book.flush()

        assert len(book) == 1
        assert book.get(key(1)) is None
        assert names(directory) == [f"{key(2)}.json"]

    async def test_an_entry_removed_before_it_is_written_leaves_no_file(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        book = await open_book()
        book.put(entry())
        book.remove(key(1))
        await book.flush()

        assert names(directory) == []

    async def test_a_decision_survives_a_restart_with_its_reason(self, open_book: OpenBook) -> None:
        book = await open_book()
        book.put(entry())
        book.set_state(key(1), "rejected", "it lists everything")
        assert book.set_state(key(2), "pinned") is None

        await book.close()

        stored = (await open_book()).get(key(1))
        assert stored is not None
        assert (stored.state, stored.reason) == ("rejected", "it lists everything")

    async def test_changes_during_a_write_are_not_lost(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        """The last state is written, regardless of how writer and requests interleave."""
        book = await open_book()
        for number in range(300):
            book.put(entry(number % 7))
            book.remove(key((number + 3) % 7))
            if number % 5 == 0:
                await asyncio.sleep(0)
        await book.flush()

        assert names(directory) == sorted(f"{entry.key}.json" for entry in book.entries())


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


class TestDirectory:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            (f"{key(1)}.json", b""),
            (f"{key(1)}.json", b'{"key": "half'),
            (f"{key(1)}.json", b"\xff\xfe\x00"),
            (f"{key(1)}.json", entry(2).model_dump_json().encode()),
            (f"{key(1)}.json", b"[" * 100_000),
            ("README.md", b"ours"),
        ],
    )
    async def test_a_file_that_is_not_a_plan_is_logged_and_never_changed(
        self,
        open_book: OpenBook,
        directory: Path,
        caplog: pytest.LogCaptureFixture,
        name: str,
        text: bytes,
    ) -> None:
        """A user may have edited it, and wants to fix it rather than lose it."""
        write(directory / name, text)
        book = await open_book()
        assert name in str([record.__dict__["fields"] for record in caplog.records])

        book.put(entry(1))
        await book.flush()
        assert book.get(key(1)) == entry(1)
        book.remove(key(1))
        await book.flush()

        assert (directory / name).read_bytes() == text

    async def test_temporary_files_of_a_killed_process_are_deleted(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        write(directory / f".{key(1)}.7.tmp", b'{"key')
        write(directory / ".gitignore", b"")

        await open_book()

        assert names(directory) == [".gitignore"]

    async def test_a_pipe_in_the_directory_does_not_block_the_start(
        self, open_book: OpenBook, directory: Path
    ) -> None:
        write(directory / ".gitignore", b"")
        os.mkfifo(directory / f"{key(1)}.json")

        async with asyncio.timeout(5):
            assert len(await open_book()) == 0

    async def test_a_failed_write_fails_no_request_and_is_retried(
        self, open_book: OpenBook, directory: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The plan serves from memory, and is written when the disk works again."""
        book = await open_book()
        move(directory, directory.with_name("away"))
        book.put(entry())
        await book.flush()
        assert book.get(key(1)) == entry()
        assert [record.levelno for record in caplog.records][:1] == [logging.ERROR]

        move(directory.with_name("away"), directory)
        await book.flush()

        assert names(directory) == [f"{key(1)}.json"]

    async def test_an_entry_that_cannot_be_encoded_is_logged_and_blocks_no_other(
        self, open_book: OpenBook, directory: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        book = await open_book()
        book.put(entry(1).model_copy(update={"reason": "\ud800"}))
        book.put(entry(2))
        await book.flush()

        assert names(directory) == [f"{key(2)}.json"]
        assert "could not be written" in caplog.text

    async def test_a_directory_that_cannot_be_created_prevents_the_start(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        book = PlanBook(tmp_path / "file" / ".plans", size=10, now=Calendar())

        with pytest.raises(ConfigError, match="plan book"):
            await book.open()

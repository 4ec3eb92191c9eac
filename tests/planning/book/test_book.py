"""The plan book in a real directory."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path

import pytest

from larst.errors import ConfigError
from larst.planning.book import PlanBook
from tests.planning.book.helpers import Calendar, OpenBook, entry, key, move, names, write


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

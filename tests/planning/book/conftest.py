"""Plan books in a temporary directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from larst.planning.book import PlanBook
from tests.planning.book.helpers import Calendar, OpenBook


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

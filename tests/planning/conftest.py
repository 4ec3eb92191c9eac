"""A plan book in a temporary directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.planning.book import PlanBook


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[PlanBook]:
    opened = PlanBook(tmp_path, size=100, now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    await opened.open()
    yield opened
    await opened.close()

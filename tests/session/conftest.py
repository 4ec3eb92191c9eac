"""The stages that the sessions of these tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from larst.config import PlanningSettings
from larst.planning.book import PlanBook
from larst.planning.rules.planner import RulesPlanner
from larst.session import Pipeline
from tests.session.service import FakeSandbox, fixed_now


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    """The built-in rules, an empty plan book and a fake sandbox."""
    book = PlanBook(tmp_path / "plans", size=100, now=fixed_now)
    await book.open()
    pipeline = Pipeline(
        planner=RulesPlanner(),
        book=book,
        sandbox=FakeSandbox(),
        settings=PlanningSettings(),
        now=fixed_now,
        timer=lambda: 0.0,
    )
    yield pipeline
    await pipeline.close()
    await book.close()

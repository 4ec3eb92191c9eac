"""What a planner gets to see of a request and its session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from larst.config import PlanningSettings
from larst.errors import BadPagingError
from larst.planning.book import PlanBook
from larst.session import Pipeline
from tests.fakes import ScriptedPlanner, request
from tests.planning.sessions import session_of, shaped_of
from tests.session.service import FakeSandbox, fixed_now

SESSION = session_of({"orders": [{"total": 5}], "users": [{"name": "Ann"}]})


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    book = PlanBook(tmp_path, size=10, now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    await book.open()
    yield Pipeline(
        planner=ScriptedPlanner({}),
        book=book,
        sandbox=FakeSandbox(),
        settings=PlanningSettings(),
        now=fixed_now,
        timer=lambda: 0.0,
    )
    await book.close()


def test_the_query_of_a_custom_request_is_read_for_the_resource_in_its_path(
    pipeline: Pipeline,
) -> None:
    """A model need not parse query strings: its program gets the same meaning."""
    shaped = shaped_of(request("GET", "/orders/late?total_gte=5&sort=-total"), SESSION)

    asked = pipeline.detach(shaped, SESSION).reading.asked

    assert asked.sort == ("-total",)
    assert asked.where != shaped.reading.asked.where


def test_paging_without_sense_is_refused_before_a_model_is_called(pipeline: Pipeline) -> None:
    shaped = shaped_of(request("GET", "/orders/late?limit=x"), SESSION)

    with pytest.raises(BadPagingError):
        pipeline.detach(shaped, SESSION)


def test_a_planner_sees_the_fields_of_all_resources(pipeline: Pipeline) -> None:
    shaped = shaped_of(request("GET", "/users/1/bill"), SESSION)

    assert list(pipeline.detach(shaped, SESSION).schemas) == ["users", "orders"]

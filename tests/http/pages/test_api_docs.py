"""What is kept of the documents that were made: as long as it holds, and not without end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from larst.config import load_settings
from larst.http.pages import api_docs as api_pages
from larst.http.pages.api_docs import ApiPages
from larst.planning.book import PlanBook
from larst.session.client import SessionClient
from larst.store.collection import learned_with

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class NoSessions(SessionClient):
    """A client without sessions: no test here asks one."""

    def __init__(self) -> None:
        """Do without a supervisor."""


def known(*fields: str) -> dict[str, Any]:
    return {"things": learned_with(None, {"id": 1, **dict.fromkeys(fields, "x")}, NOW)}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions whose documents were made, in order."""
    sessions: list[str] = []
    make = api_pages._made

    def noted(described: Any) -> bytes:
        sessions.append(described.session_id)
        return make(described)

    monkeypatch.setattr(api_pages, "_made", noted)
    return sessions


@pytest.fixture
def pages(tmp_path: Path) -> ApiPages:
    book = PlanBook(tmp_path, size=10, now=lambda: NOW)
    return ApiPages(load_settings({}), NoSessions(), book)


async def test_a_document_is_made_again_only_when_something_was_learned(
    pages: ApiPages, made: list[str]
) -> None:
    one, other = known("a"), known("a", "b")
    first = await pages._document("one", one)

    assert await pages._document("one", dict(one)) is first
    assert made == ["one"]
    assert await pages._document("one", other) != first
    assert made == ["one", "one"]


async def test_what_is_kept_has_a_bound_and_the_latest_used_stay(
    pages: ApiPages, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    things = known("a")
    size = len(await pages._document("one", things))
    monkeypatch.setattr(api_pages, "MAX_KEPT_BYTES", int(2.5 * size))
    for session in ("two", "one", "six", "one", "two"):
        await pages._document(session, things)

    assert made == ["one", "two", "six", "two"]
    assert pages._kept_bytes <= 2.5 * size


async def test_a_document_larger_than_the_bound_is_not_kept(
    pages: ApiPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_pages, "MAX_KEPT_BYTES", 10)

    assert await pages._document("one", known("a"))
    assert (pages._kept_bytes, len(pages._kept)) == (0, 0)


async def test_a_large_one_is_made_once_for_all_who_wait(pages: ApiPages, made: list[str]) -> None:
    things = known(*(f"f{number}" for number in range(api_pages.LARGE_FIELDS + 1)))

    bodies = await asyncio.gather(*(pages._document("one", things) for _ in range(3)))

    assert made == ["one"]
    assert bodies[0] is bodies[1] is bodies[2]

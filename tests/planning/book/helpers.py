"""Entries of the plan book, and operations on its directory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from larst.domain import Code, Plan
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


def entry(
    number: int = 1, *, uses: int = 0, state: PlanState = "learned", planner: str = "rules"
) -> BookEntry:
    return BookEntry(
        key=key(number),
        shape={"method": "GET", "path": "/members", "query": {"name": ["<text>"]}, "body": "none"},
        facts={},
        planner=planner,
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


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def move(path: Path, to: Path) -> None:
    path.rename(to)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())

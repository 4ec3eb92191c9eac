"""The plan book's files: one plan a file, readable, whole or not there.

Must never overwrite or delete a file that it did not understand.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import aiofiles
import aiofiles.os
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, ValidationError

from larst.domain import Json, Plan
from larst.planning.planner import Maker
from larst.planning.reuse.conditions import Condition
from larst.planning.shapes.shape import shape_key

PlanState = Literal["learned", "pinned", "rejected"]
PlanKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

MAX_FILE_BYTES = 1024**2

MAX_SESSIONS = 200
"""Sessions that a plan remembers to have served: their OpenAPI documents tell of it."""

_UNFINISHED = re.compile(r"\.[0-9a-f]{64}\.\d+\.tmp")

_log = logging.getLogger("larst.book")


class BookEntry(BaseModel):
    """One plan with its history, as its file tells it. Times are ISO 8601, in UTC.

    `learned`: made by a planner; `pinned`: a person approved it; `rejected`: a person ruled it
    out, for the `reason` given. `condition` says which requests of the shape it may serve; None:
    all. `attempts`, `tokens`, `cost_usd` are all that planning it took. `sessions` are those that
    it has served, the latest `MAX_SESSIONS`.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    key: PlanKey
    shape: dict[str, Json]
    facts: dict[str, Json]
    planner: str
    model: str | None
    prompt_version: str
    plan: Plan
    condition: Condition | None = None
    made_at: str
    uses: NonNegativeInt = 0
    last_used_at: str | None = None
    state: PlanState = "learned"
    reason: str | None = None
    attempts: NonNegativeInt = 1
    tokens: dict[Literal["input", "output"], NonNegativeInt] | None = None
    cost_usd: NonNegativeFloat | None = None
    sessions: tuple[str, ...] = ()

    @property
    def maker(self) -> Maker:
        """Who made the plan."""
        return Maker(self.planner, self.model, self.prompt_version)

    @property
    def shape_key(self) -> str:
        """Under what the plan is found."""
        return shape_key(self.shape, self.facts)


class EntryFiles:
    """The directory: which files in it are the book's own, and which must be left alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own: set[str] = set()
        self._foreign: set[str] = set()
        self._numbers = count()

    def path(self, key: str) -> Path:
        """Return where the plan's file is."""
        return self._directory / f"{key}.json"

    def has(self, key: str) -> bool:
        """Tell whether the plan has a file of the book's own."""
        return key in self._own

    def read_all(self) -> list[BookEntry]:
        """Return the entries that can be read; blocks."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = []
        for path in self._directory.iterdir():
            if _UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)
            elif not path.name.startswith("."):
                try:
                    found.append(_read(path))
                except (OSError, ValueError) as error:
                    self._foreign.add(path.name)
                    report("not a plan of this book, left as it is", path, error)
        self._own = {entry.key for entry in found}
        return found

    async def write(self, entry: BookEntry) -> None:
        """Write the plan's file, whole or not at all.

        Raises:
            OSError: the disk refused.
            ValueError: the entry cannot be said in JSON, and never will be.
        """
        path = self.path(entry.key)
        if path.name in self._foreign:
            return
        text = entry.model_dump_json(indent=2).encode()
        unfinished = self._directory / f".{entry.key}.{next(self._numbers)}.tmp"
        self._own.add(entry.key)
        try:
            async with aiofiles.open(unfinished, "wb") as file:
                await file.write(text)
                await file.flush()
                # Renamed before its bytes are on disk, it can be empty after a power cut.
                await asyncio.to_thread(os.fsync, file.fileno())
            await aiofiles.os.replace(unfinished, path)
        except OSError:
            with suppress(OSError):
                await aiofiles.os.remove(unfinished)
            raise

    async def delete(self, key: str) -> None:
        """Delete the plan's file, if it is the book's own."""
        if self.has(key):
            with suppress(FileNotFoundError):
                await aiofiles.os.remove(self.path(key))
            self._own.discard(key)


def _read(path: Path) -> BookEntry:
    if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("not a file of a plan's size")
    entry = BookEntry.model_validate_json(path.read_bytes())
    if path.name != f"{entry.key}.json":
        raise ValueError(f"its key is {entry.key}")
    return entry


def report(what: str, path: Path, error: Exception) -> None:
    """Tell the log what is wrong with a file, and why."""
    reason = str(error) or type(error).__name__
    if isinstance(error, ValidationError):
        wrong = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    fields = {"path": str(path), "reason": reason}
    _log.error("%s: %s", what, reason, extra={"fields": fields})

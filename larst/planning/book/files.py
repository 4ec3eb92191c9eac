"""The files of the plan book: one readable JSON file for each plan, written atomically.

Must never overwrite or delete a file that it could not read as a plan.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import aiofiles.os
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, ValidationError

from larst.domain import Json, Plan
from larst.planning.book.cases import PlanCase
from larst.planning.planner import Maker
from larst.planning.reuse.conditions import Condition
from larst.planning.shapes.shape import shape_key

PlanState = Literal["tried", "learned", "pinned", "rejected", "refused"]
NOT_SERVING: tuple[PlanState, ...] = ("rejected", "refused")
"""The states of plans that serve no request."""

PlanKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

MAX_FILE_BYTES = 1024**2

MAX_SESSIONS = 200
"""How many sessions a plan remembers serving: their OpenAPI documents list it."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would block
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_UNFINISHED = re.compile(r"\.[0-9a-f]{64}\.\d+\.tmp")

_log = logging.getLogger("larst.book")


class BookEntry(BaseModel):
    """One plan with its history: the content of its file. Times are ISO 8601, in UTC.

    State `learned`: made by a planner; `pinned`: approved by a user; `rejected`: ruled out by a
    user, for `reason`; `refused`: it changed what its request does not name, as `reason` says.
    `condition` restricts the requests of the shape that the plan may serve;
    None: all. `attempts`, `tokens` and `cost_usd` are the cost of planning, all attempts together.
    `sessions` are the last `MAX_SESSIONS` sessions that it served. `intent`: the meaning of the
    request in a user's words, from which the plan was made. `cases` must get the same replies from
    another program.
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
    intent: str | None = None
    cases: tuple[PlanCase, ...] = ()

    @cached_property
    def maker(self) -> Maker:
        """The planner, model and version that made the plan."""
        return Maker(self.planner, self.model, self.prompt_version)

    @property
    def shape_key(self) -> str:
        """The key of all plans of its shape."""
        return shape_key(self.shape, self.facts)


class EntryFiles:
    """The directory of the plan book. It may contain files that do not belong to the book."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own: set[str] = set()
        self._foreign: set[str] = set()
        self._numbers = count()

    def path(self, key: str) -> Path:
        """Return the path of the plan's file."""
        return self._directory / f"{key}.json"

    def has(self, key: str) -> bool:
        """Return whether the book has written or read a file for the plan."""
        return key in self._own

    def read_all(self) -> list[BookEntry]:
        """Return all readable entries. Blocking."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = []
        with self._opened() as folder:
            os.fchmod(folder, 0o700)
            for name in os.listdir(folder):  # noqa: PTH208 - a descriptor has no path
                if _UNFINISHED.fullmatch(name):
                    os.unlink(name, dir_fd=folder)
                elif not name.startswith("."):
                    try:
                        entries.append(_read(name, folder))
                    except (OSError, ValueError) as error:
                        self._foreign.add(name)
                        path = self._directory / name
                        log_file_error("not a plan of this book, file ignored", path, error)
        self._own = {entry.key for entry in entries}
        return entries

    async def write(self, entry: BookEntry) -> None:
        """Write the plan's file atomically.

        Raises:
            OSError: the disk refused the write.
            ValueError: the entry cannot be encoded as JSON; a retry would not help.
        """
        path = self.path(entry.key)
        if path.name in self._foreign:
            return
        text = entry.model_dump_json(indent=2).encode()
        unfinished = self._directory / f".{entry.key}.{next(self._numbers)}.tmp"
        self._own.add(entry.key)
        try:
            await asyncio.to_thread(self._write, unfinished.name, path.name, text)
        except OSError:
            with suppress(OSError):
                await aiofiles.os.remove(unfinished)
            raise

    def _write(self, unfinished: str, name: str, text: bytes) -> None:
        with self._opened() as folder:
            descriptor = os.open(unfinished, _CREATE, 0o600, dir_fd=folder)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)  # whatever the umask
                file.write(text)
                file.flush()
                # Without fsync, the renamed file can be empty after a power failure.
                os.fsync(descriptor)
            os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the directory; a link in its place would lead out of the data root.

        Raises:
            OSError: it is a link, or cannot be opened.
        """
        folder = os.open(self._directory, _FOLDER)
        try:
            yield folder
        finally:
            os.close(folder)

    async def delete(self, key: str) -> None:
        """Delete the plan's file, unless it does not belong to the book."""
        if self.has(key):
            with suppress(FileNotFoundError):
                await aiofiles.os.remove(self.path(key))
            self._own.discard(key)


def _read(name: str, folder: int) -> BookEntry:
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            raise ValueError("not a regular file, or too large for a plan")
        if status.st_mode & 0o077:
            with suppress(OSError):
                os.fchmod(file.fileno(), 0o600)
        entry = BookEntry.model_validate_json(file.read(MAX_FILE_BYTES + 1))
    if name != f"{entry.key}.json":
        raise ValueError(f"its key does not match its name: {entry.key}")
    return entry


def log_file_error(message: str, path: Path, error: Exception) -> None:
    """Log an error about a file, with its reason."""
    reason = str(error) or type(error).__name__
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    fields = {"path": str(path), "reason": reason}
    _log.error("%s: %s", message, reason, extra={"fields": fields})

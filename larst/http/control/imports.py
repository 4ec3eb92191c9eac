"""Imports on their way in: reading the body, limiting concurrency, and parsing into resources.

Must never touch a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from larst.errors import BodyTooLargeError, DeadlineError
from larst.http.bodies import WINDOW_S, BodyRules, BodyShare, read_body
from larst.runtime import paused_collector
from larst.seeds import as_db_json, kind_of, refuse_yaml
from larst.store import Threads
from larst.store.transfer.db_json import ImportReport
from larst.store.transfer.importing import import_resources
from larst.store.transfer.replacing import Replacement, prepare_replacements

LARGE_IMPORT_BYTES = 4 * 1024**2
"""From this size on, the garbage collector is paused while an import is parsed (larst/runtime)."""


class Imports:
    """Reads imports, and prepares one at a time."""

    def __init__(
        self, threads: Threads, *, timeout_s: float, max_bytes: int, min_bytes_per_s: int = 0
    ) -> None:
        self._threads = threads
        self._timeout_s = timeout_s
        self._rules = BodyRules(
            max_bytes=max_bytes,
            too_large=lambda: BodyTooLargeError(
                f"the import exceeds {max_bytes} bytes (LARS_MAX_IMPORT_BYTES)"
            ),
            min_rate=max(1, min_bytes_per_s),
            timeout_s=None,
            window_s=min(WINDOW_S, timeout_s),
        )
        self._slot = asyncio.Semaphore(1)

    async def read(self, request: web.Request, share: BodyShare) -> bytearray:
        """Return the body, which has a higher limit and more time than that of other requests.

        Raises:
            BodyTooLargeError: it exceeds LARS_MAX_IMPORT_BYTES; raised as early as possible.
            BodyTooSlowError: it stopped arriving, or nearly so.
            BodiesFullError: all requests together hold too many bytes.
            BadRequestError: it does not match its Content-Encoding or Transfer-Encoding.
        """
        return await read_body(request, self._rules, share)

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Run the body of the `with` statement alone: imports need much memory and time.

        Raises:
            DeadlineError: other imports took too long.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._slot.acquire()
        except TimeoutError as error:
            raise DeadlineError(
                "other imports are in progress; nothing was done, try again"
            ) from error
        try:
            yield
        finally:
            self._slot.release()

    async def prepare(
        self, raw: bytearray, report: ImportReport | None = None
    ) -> dict[str, Replacement]:
        """Return the resources of an import, ready to be put in place.

        `report` says whether to be lenient, and receives its changes.

        Raises:
            BadRequestError: it is not a complete export and not a db.json.
            BodyTooLargeError: it is too large for one transaction.
        """
        return await self._threads.run(partial(_prepare, raw, report), is_long=True)


def _prepare(raw: bytearray, report: ImportReport | None) -> dict[str, Replacement]:
    is_large = len(raw) > LARGE_IMPORT_BYTES
    with paused_collector() if is_large else nullcontext():
        refuse_yaml(raw)
        kind = kind_of(raw)
        source = raw if kind is None else as_db_json(raw, kind, report := report or ImportReport())
        return prepare_replacements(import_resources(source, datetime.now(UTC), report))

"""What comes in as an import: its body, its turn, and the resources that it becomes.

Must never touch a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from larst.errors import BadRequestError, BodyTooLargeError, BodyTooSlowError, DeadlineError
from larst.runtime import paused_collector
from larst.store import Threads
from larst.store.transfer.importing import import_resources
from larst.store.transfer.replacing import Replacement, prepare_replacements

LARGE_IMPORT_BYTES = 4 * 1024**2
"""Imports from here on would have Python's collector stop all threads while they are parsed."""


class Imports:
    """FieldAccess imports, and makes them ready one at a time."""

    def __init__(self, threads: Threads, *, timeout_s: float, max_bytes: int) -> None:
        self._threads = threads
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._one_at_a_time = asyncio.Semaphore(1)

    async def read(self, request: web.Request) -> bytearray:
        """Read the body, which may be longer than a request's, and take longer.

        Raises:
            BodyTooLargeError, BodyTooSlowError: told as soon as it is known.
            BadRequestError: it is not encoded as its headers say.
        """
        raw = bytearray()
        self._refuse_over_limit(request.content_length or 0)
        try:
            while True:
                async with asyncio.timeout(self._timeout_s):
                    chunk = await request.content.readany()
                if not chunk:
                    return raw
                raw += chunk
                self._refuse_over_limit(len(raw))
        except TimeoutError as error:
            raise BodyTooSlowError(
                f"nothing more of the import arrived for {self._timeout_s:g} s"
                " (LARS_REQUEST_TIMEOUT_S); nothing was done"
            ) from error
        except (web.RequestPayloadError, HttpProcessingError) as error:
            raise BadRequestError(
                "the body cannot be read as its Content-Encoding and Transfer-Encoding say"
            ) from error

    def _refuse_over_limit(self, body_bytes: int) -> None:
        if body_bytes > self._max_bytes:
            raise BodyTooLargeError(
                f"the import is over {self._max_bytes} bytes (LARS_MAX_IMPORT_BYTES)"
            )

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn: what an import takes of memory and time is taken once at a time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._one_at_a_time.acquire()
        except TimeoutError as error:
            raise DeadlineError(
                "other imports are under way; nothing was done, try again"
            ) from error
        try:
            yield
        finally:
            self._one_at_a_time.release()

    async def ready(self, raw: bytearray) -> dict[str, Replacement]:
        """Return what is imported, ready to be put in place.

        Raises:
            BadRequestError, BodyTooLargeError: it cannot be taken in.
        """
        return await self._threads.run(partial(_ready, raw), is_long=True)


def _ready(raw: bytearray) -> dict[str, Replacement]:
    """Return what is imported, ready to be put in place."""
    is_large = len(raw) > LARGE_IMPORT_BYTES
    with paused_collector() if is_large else nullcontext():
        return prepare_replacements(import_resources(raw, datetime.now(UTC)))

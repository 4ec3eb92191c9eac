"""Reading of bodies: how large one may be, how slow, and how many bytes all may have together.

Must never interpret a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from larst.errors import BadRequestError, BodiesFullError, BodyTooSlowError, LarstError

WINDOW_S = 10.0
"""The time in which a client must keep the least rate, on average."""


class BodiesInFlight:
    """The bytes of all bodies that requests hold at the same time, and their limit."""

    def __init__(self, max_bytes: int) -> None:
        self.size_bytes = 0
        self._max_bytes = max_bytes

    @contextmanager
    def share(self) -> Iterator[BodyShare]:
        """Give one request its share, which ends with the `with` statement."""
        share = BodyShare(self)
        try:
            yield share
        finally:
            self.size_bytes -= share.size_bytes

    def check(self, others_bytes: int) -> None:
        """Refuse more bytes over the limit; one body alone may be as large as its own limit.

        Raises:
            BodiesFullError: there are other bodies, and too many bytes.
        """
        if others_bytes and self.size_bytes > self._max_bytes:
            raise BodiesFullError(
                f"the bodies of all requests together exceed {self._max_bytes} bytes"
                " (LARS_MAX_BODY_BYTES_IN_FLIGHT); nothing was done, try again shortly"
            )


@dataclass(slots=True)
class BodyShare:
    """The bytes that one request holds."""

    bodies: BodiesInFlight
    size_bytes: int = 0

    def add(self, size_bytes: int) -> None:
        """Count bytes that have arrived.

        Raises:
            BodiesFullError: all requests together hold too many.
        """
        self.size_bytes += size_bytes
        self.bodies.size_bytes += size_bytes
        self.bodies.check(self.bodies.size_bytes - self.size_bytes)


@dataclass(frozen=True, slots=True)
class BodyRules:
    """How a body must arrive: at most `max_bytes`, at least `min_rate` bytes a second.

    `timeout_s` is for the whole body, None for one that may take as long as it keeps the rate.
    """

    max_bytes: int
    too_large: Callable[[], LarstError]
    min_rate: int
    timeout_s: float | None
    timeout_name: str = " (LARS_REQUEST_TIMEOUT_S)"
    window_s: float = WINDOW_S


async def read_body(request: web.Request, rules: BodyRules, share: BodyShare) -> bytearray:
    """Return a body.

    Raises:
        LarstError: `rules.too_large`; raised as early as possible.
        BodiesFullError: all requests together hold too many bytes.
        BodyTooSlowError: it did not arrive in time, or too few bytes a second did.
        BadRequestError: it does not match its Content-Encoding or Transfer-Encoding.
    """
    if (request.content_length or 0) > rules.max_bytes:
        raise rules.too_large()
    late = f"the body did not arrive within {rules.timeout_s or 0:g} s{rules.timeout_name}"
    try:
        async with asyncio.timeout(rules.timeout_s):
            return await _read(request, rules, share)
    except TimeoutError as error:
        raise BodyTooSlowError(f"{late}; nothing was done") from error
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise BadRequestError(
            "the body does not match its Content-Encoding or Transfer-Encoding"
        ) from error


async def _read(request: web.Request, rules: BodyRules, share: BodyShare) -> bytearray:
    """Read window by window; each must bring enough bytes."""
    raw = bytearray()
    while True:
        before = len(raw)
        try:
            async with asyncio.timeout(rules.window_s):
                while chunk := await request.content.readany():
                    if len(raw) + len(chunk) > rules.max_bytes:
                        raise rules.too_large()
                    share.add(len(chunk))
                    raw += chunk
                return raw
        except TimeoutError as error:
            if len(raw) - before < rules.min_rate * rules.window_s:
                raise BodyTooSlowError(
                    f"the body arrived with less than {rules.min_rate} bytes a second"
                    " (LARS_MIN_BYTES_PER_S); nothing was done"
                ) from error

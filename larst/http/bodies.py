"""Errors of reading a body, in the terms of LARST. Must never read a body itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from larst.errors import BadRequestError, BodyTooSlowError


@contextmanager
def translated_errors(too_slow: str) -> Iterator[None]:
    """Raise errors of LARST for those of aiohttp; `too_slow` is the detail of a timeout.

    Raises:
        BadRequestError: the body does not match its Content-Encoding or Transfer-Encoding.
        BodyTooSlowError: the body did not arrive in time.
    """
    try:
        yield
    except TimeoutError as error:
        raise BodyTooSlowError(too_slow) from error
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise BadRequestError(
            "the body does not match its Content-Encoding or Transfer-Encoding"
        ) from error

"""Checks that every control route shares: the page's origin, and numbers in the query."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from larst.errors import BadRequestError, ForbiddenError


def refuse_other_origins(request: web.Request) -> None:
    """Return if the request comes from no page, or from one of this very service.

    A page anywhere can have a visitor's browser send requests to an address that the visitor can
    reach; browsers say so in `Origin` and `Sec-Fetch-Site` (Fetch Metadata, section 2.3).

    Raises:
        ForbiddenError: it comes from a page of another origin.
    """
    origin = request.headers.get("Origin")
    is_other = origin is not None and urlsplit(origin).netloc != request.host
    if is_other or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise ForbiddenError("pages of other origins may not use the control API")


def number_in_query(request: web.Request, name: str, *, default: int, highest: int) -> int:
    """Return a whole number of the query.

    Raises:
        BadRequestError: it is none, or too high.
    """
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= highest):
        raise BadRequestError(f"{name} must be a whole number from 0 to {highest}")
    return int(text)

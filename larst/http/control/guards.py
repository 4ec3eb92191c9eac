"""Shared by control routes: the check of a page's origin, and the parsing of input."""

from __future__ import annotations

from aiohttp import web

from larst.domain import Json
from larst.errors import BadRequestError, BodyTooLargeError, ForbiddenError
from larst.http.bodies import BodyRules, read_body
from larst.http.cors import is_origin_of
from larst.http.formats import read_json
from larst.http.ingress import INGRESS
from larst.openapi import ControlParameter

BODY_TIMEOUT_S = 10.0
MAX_BODY_BYTES = 64 * 1024


def refuse_other_origins(request: web.Request) -> None:
    """Refuse requests from pages of other origins.

    Any page can make a visitor's browser send requests to addresses that only the visitor can
    reach. Browsers name the page's origin in `Origin`, and its relation to this one in
    `Sec-Fetch-Site` (Fetch Metadata, section 2.3).

    Raises:
        ForbiddenError: the request comes from a page of another origin.
    """
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and not is_origin_of(origin, request.host)
    if is_foreign or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise ForbiddenError("pages of other origins cannot use the control API")


def number_in_query(request: web.Request, parameter: ControlParameter) -> int:
    """Return a whole number from the query, or the default of the parameter.

    Raises:
        BadRequestError: the value is not a whole number in the documented range.
    """
    name, maximum = parameter.name, parameter.schema["maximum"]
    text = request.query.get(name, str(parameter.schema.get("default", "")))
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= maximum):
        raise BadRequestError(f"{name} must be a whole number from 0 to {maximum}")
    return int(text)


def choice_in_query(request: web.Request, parameter: ControlParameter) -> str | None:
    """Return a value from the query, or None if it is absent.

    Raises:
        BadRequestError: the value is not among the documented ones.
    """
    value, choices = request.query.get(parameter.name), parameter.schema["enum"]
    if value is not None and value not in choices:
        raise BadRequestError(f"{parameter.name} must be one of {', '.join(choices)}")
    return value


def flag_in_query(request: web.Request, parameter: ControlParameter) -> bool:
    """Return whether the query sets a flag: `true`, `1` or `yes`."""
    return request.query.get(parameter.name, "").lower() in ("true", "1", "yes")


async def json_body(request: web.Request) -> Json:
    """Return the JSON of the body; `{}` if it is empty.

    Raises:
        BadRequestError: it is not JSON, or does not match its Content-Encoding.
        BodyTooLargeError: no request of the control API but an import is so large.
        BodyTooSlowError: it did not arrive in time.
    """
    with request.app[INGRESS].bodies.share() as share:
        return read_json(bytes(await read_body(request, _BODY_RULES, share)) or b"{}")


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(f"the body exceeds {MAX_BODY_BYTES} bytes")


_BODY_RULES = BodyRules(
    MAX_BODY_BYTES, _too_large, min_rate=1, timeout_s=BODY_TIMEOUT_S, timeout_name=""
)

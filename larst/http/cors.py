"""CORS: which pages of other origins can use the service (Fetch standard, CORS protocol).

All can by default, since LARST often serves as a mock backend; LARS_CORS_ORIGINS restricts them.
"""

from __future__ import annotations

from aiohttp import web

from larst.domain import METHODS
from larst.http.keys import WithHeaders

EXPOSED_HEADERS = ", ".join(
    "X-Request-ID X-Session-ID X-LARST-Hint X-LARST-Schema-Drift X-LARST-Dialect X-LARST-Reading"
    " Location Link X-Total-Count Content-Range Content-Disposition Preference-Applied"
    " Idempotency-Replayed ETag Server-Timing".split()
)
PREFLIGHT_MAX_AGE_S = 600


def cors_headers(request: WithHeaders, origins: tuple[str, ...]) -> dict[str, str]:
    """Return the CORS headers of a reply; an origin that is not allowed gets only `Vary`."""
    if origins == ("*",):
        allowed = {"Access-Control-Allow-Origin": "*"}
    elif (origin := request.headers.get("Origin")) in origins:
        allowed = {"Access-Control-Allow-Origin": str(origin), "Vary": "Origin"}
    else:
        return {"Vary": "Origin"}
    return {**allowed, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def preflight(request: web.Request, origins: tuple[str, ...]) -> web.Response:
    """Return the reply to a CORS preflight: it allows every method and every requested header."""
    headers = cors_headers(request, origins)
    if "Access-Control-Allow-Origin" in headers:
        headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
        headers["Access-Control-Allow-Headers"] = request.headers.get(
            "Access-Control-Request-Headers", "*"
        )
        headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
    return web.Response(status=204, headers={**headers, "Allow": ", ".join(METHODS)})


def is_preflight(request: web.Request) -> bool:
    """Return whether a request is a CORS preflight (Fetch standard, CORS-preflight request)."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )

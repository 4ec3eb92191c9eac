"""CORS: which pages of other origins can use the service (Fetch standard, CORS protocol).

By default those that developers have: pages of a loopback address, and of the host that was asked,
on any port. Where a token is needed, no page can do anything without it, so all may.
LARS_CORS_ORIGINS lists others. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from larst.config import HttpSettings
from larst.domain import METHODS
from larst.errors import ForbiddenError
from larst.http.hosts import host_name, is_loopback
from larst.http.keys import WithHeaders

EXPOSED_HEADERS = ", ".join(
    "X-Request-ID X-Session-ID X-LARST-Hint X-LARST-Schema-Drift X-LARST-Dialect X-LARST-Reading"
    " X-LARST-Plan X-LARST-Contract"
    " Location Link X-Total-Count Content-Range Content-Disposition Preference-Applied"
    " Idempotency-Replayed ETag Server-Timing Retry-After".split()
)
PREFLIGHT_MAX_AGE_S = 600

_ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]{0,30}://(\[[0-9a-f:.]{2,45}\]|[a-z0-9._~-]{1,255})(:\d{1,5})?"
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class AllowedOrigins:
    """The origins whose pages may use the service, and the headers that tell their browsers so."""

    def __init__(self, listed: tuple[str, ...], *, has_token: bool) -> None:
        self._listed = frozenset(listed)
        self._allows_all = "*" in listed or (has_token and not listed)

    @classmethod
    def of(cls, settings: HttpSettings) -> AllowedOrigins:
        """Return the origins that the settings name, or the default ones."""
        has_token = settings.auth_token is not None or settings.tokens_file is not None
        return cls(settings.cors_origins, has_token=has_token)

    def allows(self, origin: str, host: str) -> bool:
        """Return whether the pages of an origin may use the service that is asked as `host`."""
        origin = origin.lower()
        if self._allows_all or origin in self._listed or is_origin_of(origin, host):
            return True
        if self._listed or (match := _ORIGIN.fullmatch(origin)) is None:
            return False
        name = match[1].strip("[]")
        return is_loopback(name) or name == host_name(host)

    def may_change(self, request: WithHeaders) -> bool:
        """Return whether a request may change something: its page, if any, may use the service.

        A browser sends some changes without asking first: a form, or a `fetch` with a text.
        """
        origin = request.headers.get("Origin")
        # The browser's own word, for a proxy that changes Host (Fetch Metadata, section 2.3).
        if origin is None or request.headers.get("Sec-Fetch-Site") == "same-origin":
            return True
        return self.allows(origin, request.headers.get("Host", ""))

    def refuse_changes(self, request: WithHeaders, method: str) -> None:
        """Refuse a change by a page that could not read the reply.

        Raises:
            ForbiddenError: the page has an origin that is not allowed.
        """
        if method not in SAFE_METHODS and not self.may_change(request):
            origin = request.headers["Origin"]
            raise ForbiddenError(
                f"pages of {origin[:100]} may not use this service; the setting LARS_CORS_ORIGINS"
                " lists the origins that may (larst serve --cors '*' allows all)"
            )

    def headers(self, request: WithHeaders) -> dict[str, str]:
        """Return the CORS headers of a reply; an origin that is not allowed gets only `Vary`."""
        if self._allows_all:
            return dict(_ALL)
        origin = request.headers.get("Origin")
        if origin is None or not self.allows(origin, request.headers.get("Host", "")):
            return {"Vary": "Origin"}
        headers = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            "Vary": "Origin",
        }
        if self._listed:
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers

    def preflight_headers(self, request: WithHeaders) -> dict[str, str]:
        """Return the headers of the reply to a preflight: every method, every requested header."""
        headers = {**self.headers(request), "Allow": ", ".join(METHODS)}
        if "Access-Control-Allow-Origin" not in headers:
            return headers
        asked = request.headers
        headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
        headers["Access-Control-Allow-Headers"] = asked.get("Access-Control-Request-Headers", "*")
        headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
        # A page from the internet that calls this machine (Private Network Access, section 3.2).
        if asked.get("Access-Control-Request-Private-Network", "").lower() == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return headers


def beside(headers: Mapping[str, str], added: Mapping[str, str]) -> Mapping[str, str]:
    """Return CORS headers to add to the headers of a reply, whose own `Vary` stays."""
    if (vary := headers.get("Vary")) is None or "Vary" not in added:
        return added
    return {**added, "Vary": f"{vary}, {added['Vary']}"}


def is_origin_of(origin: str, host: str) -> bool:
    """Return whether an origin is that of the host that a request names."""
    return bool(host) and origin.lower().partition("://")[2] == host.lower()


def is_preflight(request: WithHeaders, method: str) -> bool:
    """Return whether a request is a CORS preflight (Fetch standard, CORS-preflight request)."""
    return (
        method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


_ALL: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": EXPOSED_HEADERS,
}

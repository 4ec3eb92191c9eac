"""The logins of the console: a cookie in place of a token, for its own requests only.

Must never accept a cookie that a page of another origin caused to be sent, nor outlive the token.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from larst.http.cors import is_origin_of
from larst.http.keys import WithHeaders

COOKIE = "larst-console"
MARK = "Larst-Console"
"""The header of the console's requests. A page of another origin can send it only after a CORS
preflight; and `Origin` and `Sec-Fetch-Site` are checked, too, since preflights may be answered."""

LIFETIME_S = 12 * 3600.0
MAX_LOGINS = 1000


class Logins:
    """The token of each login, by a random id. `now` is a monotonic clock in s."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._logins: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def open(self, token: str) -> str:
        """Return the id of a new login; the oldest makes room if there are too many."""
        id = secrets.token_urlsafe(32)
        self._logins[id] = (token, self._now() + LIFETIME_S)
        while len(self._logins) > MAX_LOGINS:
            self._logins.popitem(last=False)
        return id

    def token_of(self, request: WithHeaders) -> str | None:
        """Return the token of a request of the console; None if it has no login."""
        id = self._id_of(request)
        token, end_s = self._logins.get(id or "", (None, 0.0))
        return token if token is not None and self._now() < end_s else None

    def close(self, request: WithHeaders) -> None:
        """End the login of a request, if it has one."""
        self._logins.pop(self._id_of(request) or "", None)

    def _id_of(self, request: WithHeaders) -> str | None:
        headers = request.headers
        if MARK not in headers or headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return None
        origin = headers.get("Origin")
        if origin is not None and not is_origin_of(origin, headers.get("Host", "")):
            return None
        try:
            morsel = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return None if morsel is None else morsel.value

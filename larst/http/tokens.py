"""The token of a request: what its sender may do, and the session of its own.

Must never let a token out: neither into a session id, nor into an error.
"""

from __future__ import annotations

import hashlib
import hmac

from larst.domain import DEFAULT_SESSION
from larst.errors import UnauthorizedError
from larst.http.keys import WithHeaders
from larst.http.logins import Logins
from larst.tokens import OPEN_ACCESS, Access, TokenTable

_OWN_DIGITS = 32
"""Hex digits of a derived session id: 128 bits, which cannot be guessed."""


def access_of(
    request: WithHeaders, table: TokenTable | None, logins: Logins | None = None
) -> Access:
    """Return what the sender of a request may do; `table` None: no tokens are configured.

    The console's requests may have a login in place of a token, if `logins` is given. Where no
    tokens are configured, a bearer token changes nothing.

    Raises:
        UnauthorizedError: tokens are configured, and the client sent a wrong one or none.
    """
    if table is None:
        return OPEN_ACCESS
    header = request.headers.get("Authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else None
    if not header and logins is not None:
        token = logins.token_of(request)
    access = table.find(token) if token else None
    if access is None:
        raise UnauthorizedError("send the header Authorization: Bearer <token>")
    return access


def own_session_id(access: Access, key: bytes) -> str:
    """Return the session of requests that name none: the token's own, if tokens are configured.

    `key` is the key of the data root. Without it, neither can the session of a known token be
    found, nor can a guess of a token be tested by its session.
    """
    if access.identity is None:
        return DEFAULT_SESSION
    digest = hmac.new(key, access.identity.encode(), hashlib.sha256).hexdigest()
    return f"token-{digest[:_OWN_DIGITS]}"

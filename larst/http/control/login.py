"""The login of the console, below `/_larst/login`: a token in, a cookie out.

Must never put the token itself into the cookie: browsers send it to all ports of a host.
"""

from __future__ import annotations

from aiohttp import web

from larst.errors import BadRequestError, UnauthorizedError
from larst.http.control.guards import json_body, refuse_other_origins
from larst.http.ingress import INGRESS
from larst.http.logins import COOKIE, LIFETIME_S, Logins
from larst.http.responses import json_response
from larst.tokens import OPEN_ACCESS, SCOPES, Access, TokenSource


class LoginControl:
    """Handles the requests below `/_larst/login` and `/_larst/logout`."""

    def __init__(self, logins: Logins, tokens: TokenSource) -> None:
        self._logins = logins
        self._tokens = tokens

    async def show(self, request: web.Request) -> web.Response:
        """Return whether the sender is logged in, whether a token is required, and the scopes."""
        token, table = self._logins.token_of(request), self._tokens.table
        if table is None:
            return _state(OPEN_ACCESS, has_login=False, requires_token=False)
        access = None if token is None else table.find(token)
        return _state(access, has_login=access is not None)

    async def open(self, request: web.Request) -> web.Response:
        """Log in with a token; the reply sets the cookie.

        Raises:
            ForbiddenError: the request comes from a page of another origin.
            BadRequestError: the body has no token.
            UnauthorizedError: the token is wrong.
        """
        refuse_other_origins(request)
        body = await json_body(request)
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            raise BadRequestError('send the token as {"token": "..."}')
        if (table := self._tokens.table) is None:
            return _state(OPEN_ACCESS, has_login=False, requires_token=False)
        if (access := table.find(token.strip())) is None:
            raise UnauthorizedError("this is not a token of the service")
        self._logins.close(request)
        response = _state(access, has_login=True)
        ingress = request.app[INGRESS]
        response.set_cookie(
            COOKIE,
            self._logins.open(token.strip()),
            max_age=int(LIFETIME_S),
            httponly=True,
            samesite="Strict",
            secure=ingress.address(request).startswith("https:"),
        )
        return response

    async def close(self, request: web.Request) -> web.Response:
        """Log out: the cookie is worth nothing from now on.

        Raises:
            ForbiddenError: the request comes from a page of another origin.
        """
        refuse_other_origins(request)
        self._logins.close(request)
        response = _state(None, has_login=False)
        response.del_cookie(COOKIE, httponly=True, samesite="Strict")
        return response


def _state(access: Access | None, *, has_login: bool, requires_token: bool = True) -> web.Response:
    scopes = [scope for scope in SCOPES if access is not None and scope in access.scopes]
    response = json_response(
        {"has_login": has_login, "requires_token": requires_token, "scopes": [*scopes]}
    )
    response.headers["Cache-Control"] = "no-store"
    return response
